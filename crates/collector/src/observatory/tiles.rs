//! The few numbers that say whether all is well: objectives of service, and infrastructure.

use std::cmp::Ordering;

use look::{Service, Tone};
use maud::{Markup, html};

use super::{
    Observatory,
    failure::ReadError,
    format::{in_unit, percent},
    query::href,
    samples::{self, Newest},
};
use crate::store::{Latest, Series, ServiceSummary};

/// Objectives for the slowest hundredth: `(metric, what it is called, seconds)`.
const OBJECTIVES: [(&str, &str, f64); 2] = [
    ("muster.interaction.ack.duration", "Answers to Discord", 0.5),
    ("muster.delivery.lateness", "Notices late by", 60.0),
];
/// Of a thousand requests so many may fail.
const MAX_ERRORS_PER_THOUSAND: i64 = 1;
/// What is told of each kind of server: `(server, metric, what it is called)`.
const INFRASTRUCTURE: [(&str, &str, &str); 3] = [
    ("postgresql", "postgresql.backends", "connections"),
    ("redis", "redis.memory.used", "memory"),
    ("rabbitmq", "rabbitmq.message.current", "messages in queues"),
];
/// The units of these.
const UNITS: [(&str, &str); 1] = [("redis.memory.used", "By")];

struct Tile {
    label: String,
    value: String,
    target: String,
    is_good: bool,
    href: String,
}

/// The tiles; nothing when nothing is known yet.
pub(super) async fn draw(
    observatory: &Observatory,
    services: &[ServiceSummary],
    since_ns: i64,
) -> Result<Markup, ReadError> {
    let mut tiles: Vec<Tile> = availability(services).into_iter().collect();
    for (metric, label, seconds) in OBJECTIVES {
        let series = observatory.reader.series(metric, since_ns).await?;
        tiles.extend(objective((metric, label, seconds), &series));
    }
    let ups = observatory.reader.latest("up", since_ns).await?;
    for up in ups.iter().filter(|up| up.name == "up") {
        tiles.push(server(observatory, up, since_ns).await?);
    }
    Ok(html! {
        @if !tiles.is_empty() {
            section .tiles aria-label="Objectives and infrastructure" { @for tile in &tiles { (one(tile)) } }
        }
    })
}

fn one(tile: &Tile) -> Markup {
    let tone = if tile.is_good { Tone::Good } else { Tone::Bad };
    html! {
        a .card.tile href=(tile.href) {
            span .label { (tile.label) }
            span .figure { (tile.value) }
            (look::badge(tone, &tile.target))
        }
    }
}

/// Requests of the API that did not fail by our fault.
fn availability(services: &[ServiceSummary]) -> Option<Tile> {
    let api = services.iter().find(|of| Service::named(&of.service) == Service::Api && of.entries > 0)?;
    Some(Tile {
        label: "Requests answered".into(),
        value: percent(api.entries - api.errors, api.entries),
        target: "objective 99.9 %".into(),
        is_good: api.errors * 1_000 <= api.entries * MAX_ERRORS_PER_THOUSAND,
        href: href("/observatory/traces", &[("service", &api.service), ("error", "true")]),
    })
}

/// The worst of the newest 99th percentiles of a histogram.
fn objective((metric, label, seconds): (&str, &str, f64), series: &[Series]) -> Option<Tile> {
    let newest: Vec<_> = series.iter().filter_map(|series| samples::newest(series, seconds)).collect();
    let worst = *newest
        .iter()
        .max_by(|a, b| (a.p99, a.is_more).partial_cmp(&(b.p99, b.is_more)).unwrap_or(Ordering::Equal))?;
    let keeps = |of: &Newest| of.p99 <= seconds && of.above * 100 <= of.all;
    Some(Tile {
        label: format!("{label}, p99"),
        value: format!("{}{}", if worst.is_more { "over " } else { "" }, in_unit(worst.p99, "s")),
        target: format!("objective {}", in_unit(seconds, "s")),
        is_good: newest.iter().all(keeps),
        href: href("/observatory/metrics", &[("name", metric)]),
    })
}

async fn server(observatory: &Observatory, up: &Latest, since_ns: i64) -> Result<Tile, ReadError> {
    let is_good = up.value > 0.5;
    let told = INFRASTRUCTURE.iter().find(|(server, ..)| *server == up.service);
    let mut value = if is_good { "up".to_owned() } else { "down".to_owned() };
    if let Some((_, metric, words)) = told.filter(|_| is_good) {
        let latest = observatory.reader.latest(metric, since_ns).await?;
        let of_metric = latest.iter().filter(|latest| latest.name == *metric);
        let sum: f64 = of_metric.map(|latest| latest.value).sum();
        let unit = UNITS.iter().find(|(name, _)| name == metric).map_or("", |(_, unit)| unit);
        value = format!("{} {words}", in_unit(sum, unit));
    }
    let metric = told.map_or("up", |(_, metric, _)| metric);
    Ok(Tile {
        label: up.service.clone(),
        value,
        target: if is_good { "answers".into() } else { "does not answer".into() },
        is_good,
        href: href("/observatory/metrics", &[("name", metric)]),
    })
}
