//! A small line chart, drawn as SVG.

use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::{
    format::{self, in_unit, ratio},
    samples::Line,
};
use crate::store::Exemplar;

// Units of the drawing.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 132.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 22.0;

/// What a chart is drawn from.
pub(crate) struct Chart<'a> {
    pub(crate) label: &'a str,
    pub(crate) unit: &'a str,
    pub(crate) lines: &'a [Line],
    /// Single measurements: a dot each, which leads to its trace.
    pub(crate) exemplars: &'a [Exemplar],
    /// Unix nanoseconds at the left and the right edge.
    pub(crate) from_ns: i64,
    pub(crate) until_ns: i64,
    pub(crate) zone: &'a TimeZone,
}

impl Chart<'_> {
    fn values(&self) -> impl Iterator<Item = f64> {
        let measured = self.exemplars.iter().map(|exemplar| exemplar.value);
        self.lines.iter().flat_map(|line| line.values.iter().map(|(_, value)| *value)).chain(measured)
    }

    /// The lowest and the highest value of the scale: zero is always within it, the top is a round number.
    fn range(&self) -> (f64, f64) {
        let highest = round_up(self.values().fold(0.0, f64::max));
        let lowest = -round_up(-self.values().fold(0.0, f64::min));
        if highest > lowest { (lowest, highest) } else { (0.0, 1.0) }
    }

    fn x(&self, unix_ns: i64) -> f64 {
        let along = ratio(unix_ns - self.from_ns, self.until_ns - self.from_ns).clamp(0.0, 1.0);
        along.mul_add(WIDTH - LEFT - RIGHT, LEFT)
    }
}

/// The drawing.
pub(crate) fn draw(chart: &Chart<'_>) -> Markup {
    let (lowest, highest) = chart.range();
    let y = |value: f64| ((highest - value) / (highest - lowest)).mul_add(HEIGHT - TOP - BOTTOM, TOP);
    let middle = f64::midpoint(lowest, highest);
    html! {
        svg .chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(chart.label) {
            @for value in [lowest, middle, highest] {
                line .chart-grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(tenth(y(value))) y2=(tenth(y(value))) {}
                text .chart-tick x=(LEFT - 6.0) y=(tenth(y(value) + 4.0)) text-anchor="end" { (in_unit(value, chart.unit)) }
            }
            (times(chart))
            @for (nth, line) in chart.lines.iter().enumerate() {
                g class={ "chart-line chart-line-" (nth % 3) } {
                    polyline points=(points(chart, line, &y)) {}
                    @for (time, value) in &line.values {
                        circle cx=(tenth(chart.x(*time))) cy=(tenth(y(*value))) r="2" {
                            title { (line.label) " " (in_unit(*value, chart.unit)) }
                        }
                    }
                }
            }
            @for exemplar in chart.exemplars { (dot(chart, exemplar, &y)) }
        }
    }
}

/// One measurement, and the way to the trace in which it was made.
fn dot(chart: &Chart<'_>, exemplar: &Exemplar, y: &impl Fn(f64) -> f64) -> Markup {
    let Exemplar { time_ns, value, trace_id, span_id } = exemplar;
    html! {
        a .exemplar href={ "/observatory/traces/" (trace_id) "#span-" (span_id) } {
            circle cx=(tenth(chart.x(*time_ns))) cy=(tenth(y(*value))) r="4" {
                title { (in_unit(*value, chart.unit)) ", trace " (trace_id) }
            }
        }
    }
}

fn times(chart: &Chart<'_>) -> Markup {
    let say = |unix_ns| format::timestamp(unix_ns).to_zoned(chart.zone.clone()).strftime("%H:%M").to_string();
    html! {
        text .chart-tick x=(LEFT) y=(HEIGHT - 6.0) { (say(chart.from_ns)) }
        text .chart-tick x=(WIDTH - RIGHT) y=(HEIGHT - 6.0) text-anchor="end" { (say(chart.until_ns)) }
    }
}

fn points(chart: &Chart<'_>, line: &Line, y: &impl Fn(f64) -> f64) -> String {
    let point = |(time, value): &(i64, f64)| format!("{},{}", tenth(chart.x(*time)), tenth(y(*value)));
    line.values.iter().map(point).collect::<Vec<_>>().join(" ")
}

/// A tenth of a unit is as fine as anybody sees.
fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// The next of 1, 2, 5 times a power of ten.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * power).find(|round| *round >= value).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::round_up;

    #[test]
    fn scales_end_at_round_numbers() {
        let ends = [0.0, 0.7, 1.0, 3.0, 42.0, 501.0].map(|value| round_up(value).to_string());
        assert_eq!(ends, ["0", "1", "1", "5", "50", "1000"]);
    }
}
