//! The service map: who calls whom, drawn from left to right.

use std::{cmp::Reverse, collections::HashMap};

use look::Service;
use maud::{Markup, html};

use super::{
    format::{self, count, percent, shortened},
    query::href,
};
use crate::store::ServiceSummary;

// Units of the drawing.
const BOX_WIDTH: usize = 244;
const BOX_HEIGHT: usize = 60;
const COLUMN_GAP: usize = 104;
const ROW_GAP: usize = 20;
const MARGIN: usize = 4;
/// A box has room for so much of a name.
const NAME_LETTERS: usize = 25;
/// How far below a line the foot of its number stands.
const LABEL_BELOW: usize = 15;

/// Where a service's box stands.
#[derive(Clone, Copy)]
struct Place {
    column: usize,
    row: usize,
}

impl Place {
    fn x(self) -> usize {
        MARGIN + self.column * (BOX_WIDTH + COLUMN_GAP)
    }

    fn y(self) -> usize {
        MARGIN + self.row * (BOX_HEIGHT + ROW_GAP)
    }
}

/// The drawing; calls are `(from, to, times)`.
pub(crate) fn draw(services: &[ServiceSummary], calls: &[(String, String, i64)]) -> Markup {
    let places = place(services, calls);
    let last = |of: fn(&Place) -> usize| places.values().map(of).max().unwrap_or_default();
    let width = Place { column: last(|place| place.column), row: 0 }.x() + BOX_WIDTH + MARGIN;
    let height = Place { column: 0, row: last(|place| place.row) }.y() + BOX_HEIGHT + MARGIN;
    html! {
        div .map tabindex="0" role="group" aria-label="Service map" {
            svg width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } {
                defs {
                    marker #arrow viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto" {
                        path .map-head d="M0 0 L8 4 L0 8 z" {}
                    }
                }
                @for (from, to, times) in calls {
                    @if let (Some(from), Some(to)) = (places.get(&**from), places.get(&**to)) { (arrow(*from, *to, *times)) }
                }
                @for service in services {
                    @if let Some(place) = places.get(&*service.service) { (boxed(service, *place)) }
                }
            }
        }
    }
}

/// A service stands to the right of those who call it. Of two that call each other the busier call counts.
fn place<'a>(services: &'a [ServiceSummary], calls: &'a [(String, String, i64)]) -> HashMap<&'a str, Place> {
    let mut columns: HashMap<&str, usize> = services.iter().map(|service| (&*service.service, 0)).collect();
    let forward = without_circles(calls);
    for _ in services {
        for (from, to) in &forward {
            let Some(from) = columns.get(from).copied() else { continue };
            columns.entry(to).and_modify(|column| *column = (*column).max(from + 1));
        }
    }
    let mut rows = HashMap::new();
    let place = |service: &'a ServiceSummary| {
        let column = columns[&*service.service];
        let row = rows.entry(column).and_modify(|row| *row += 1).or_insert(0);
        (&*service.service, Place { column, row: *row })
    };
    services.iter().map(place).collect()
}

/// The calls, busiest first, but those that would close a circle.
fn without_circles(calls: &[(String, String, i64)]) -> Vec<(&str, &str)> {
    let mut busiest: Vec<_> = calls.iter().collect();
    busiest.sort_by_key(|(_, _, times)| Reverse(*times));
    let mut kept: Vec<(&str, &str)> = Vec::new();
    for (from, to, _) in busiest {
        if !reaches(&kept, to, from) {
            kept.push((from, to));
        }
    }
    kept
}

fn reaches(calls: &[(&str, &str)], from: &str, to: &str) -> bool {
    from == to || calls.iter().any(|(caller, callee)| *caller == from && reaches(calls, callee, to))
}

fn boxed(of: &ServiceSummary, place: Place) -> Markup {
    let service = Service::named(&of.service);
    let (x, y) = (place.x(), place.y());
    let shown = shortened(&of.service, NAME_LETTERS);
    html! {
        a href=(href("/observatory/traces", &[("service", &of.service)])) {
            g class={ "map-box " (service.class()) } {
                rect .map-ground x=(x) y=(y) width=(BOX_WIDTH) height=(BOX_HEIGHT) rx="6" {}
                rect .svc-fill x=(x) y=(y) width="6" height=(BOX_HEIGHT) rx="3" {}
                text .map-name x=(x + 18) y=(y + 25) { (service.tag()) " " (shown) }
                @if shown != of.service { title { (of.service) } }
                text .map-facts x=(x + 18) y=(y + 46) {
                    (count(of.entries.unsigned_abs())) "×, p99 " (format::duration(of.p99_ns))
                    @if of.errors > 0 { ", " tspan .map-errors { (percent(of.errors, of.entries)) " errors" } }
                }
            }
        }
    }
}

/// As thick as the traffic: a hairline once, four units for thousands. Calls back to the left run below.
fn arrow(from: Place, to: Place, times: i64) -> Markup {
    let thickness = 1.0 + f64::from(times.unsigned_abs().max(1).ilog10());
    let is_back = from.column >= to.column;
    let (from_x, to_x) =
        if is_back { (from.x(), to.x() + BOX_WIDTH) } else { (from.x() + BOX_WIDTH, to.x()) };
    let drop = if is_back { BOX_HEIGHT * 3 / 4 } else { BOX_HEIGHT / 3 };
    let (from_y, to_y) = (from.y() + drop, to.y() + drop);
    let middle_x = usize::midpoint(from_x, to_x);
    // What goes past a column runs behind its boxes: the number stands before them, under the line.
    let (label_x, label_y) = match (to.column.abs_diff(from.column), is_back) {
        (0 | 1, _) => (middle_x, usize::midpoint(from_y, to_y).saturating_sub(6)),
        (_, false) => (from_x + COLUMN_GAP / 2, from_y + LABEL_BELOW),
        (_, true) => (from_x.saturating_sub(COLUMN_GAP / 2), from_y + LABEL_BELOW),
    };
    html! {
        path .map-arrow stroke-width=(thickness) marker-end="url(#arrow)"
            d={ "M" (from_x) " " (from_y) " C" (middle_x) " " (from_y) " " (middle_x) " " (to_y) " " (to_x) " " (to_y) } {
            title { (count(times.unsigned_abs())) " calls" }
        }
        text .map-times x=(label_x) y=(label_y) text-anchor="middle" { (count(times.unsigned_abs())) "×" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(calls: &[(&str, &str, i64)]) -> Vec<(String, usize)> {
        let calls: Vec<_> =
            calls.iter().map(|(from, to, times)| ((*from).into(), (*to).into(), *times)).collect();
        let named =
            |name: &str| ServiceSummary { service: name.into(), entries: 1, errors: 0, p50_ns: 1, p99_ns: 1 };
        let services = ["api", "bot", "daemon"].map(named);
        let mut places: Vec<_> = place(&services, &calls)
            .into_iter()
            .map(|(name, place)| (name.to_owned(), place.column))
            .collect();
        places.sort();
        places
    }

    #[test]
    fn callers_stand_left_of_whom_they_call_even_in_circles() {
        let at = |api, bot, daemon| vec![("api".into(), api), ("bot".into(), bot), ("daemon".into(), daemon)];
        assert_eq!(columns(&[]), at(0, 0, 0));
        assert_eq!(columns(&[("api", "bot", 5), ("daemon", "bot", 1)]), at(0, 1, 0));
        assert_eq!(columns(&[("api", "bot", 1), ("bot", "api", 60), ("daemon", "bot", 1)]), at(2, 1, 0));
    }
}
