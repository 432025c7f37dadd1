//! Metrics: the list of names, and one metric as small charts, one for each set of attributes.

use axum::{extract::State, response::Response};
use look::{Column, Tone};
use maud::{Markup, html};

use super::{
    Observatory,
    chart::{self, Chart},
    failure::ReadError,
    format::{self, in_unit},
    query::{Filters, MetricQuery, href},
    samples::{self, Line},
    shell::{Sheet, Shell},
};
use crate::{
    options::KnownNames,
    store::{Exemplar, MetricName, Series, SeriesKind, json},
};

const HERE: &str = "/observatory/metrics";
/// More charts than this make a page that nobody reads.
const MAX_CHARTS: usize = 24;
/// A chart shows so many exemplars, the newest.
const MAX_DOTS: usize = 60;
/// How far back one may look, in minutes.
const WINDOWS: [(&str, &str); 5] =
    [("15", "15 min"), ("60", "1 h"), ("360", "6 h"), ("1440", "24 h"), ("10080", "7 days")];
/// Beginnings of names that the collector gives itself.
const TOLD_HERE: [&str; 4] = ["otelcol.", "postgresql.", "redis.", "rabbitmq."];
const MINUTE_NS: i64 = 60_000_000_000;

/// `GET /observatory/metrics`.
pub(crate) async fn page(
    State(observatory): State<Observatory>,
    shell: Shell,
    Filters(query): Filters<MetricQuery>,
) -> Response {
    let sheet = match query.name.trim() {
        "" => names(&observatory).await,
        name => one(&observatory, &shell, name, &query).await,
    };
    shell.answer(sheet)
}

async fn names(observatory: &Observatory) -> Result<Sheet, ReadError> {
    let names = observatory.reader.metric_names().await?;
    let body = html! {
        (look::heading(None, "Metrics", None, None))
        @if names.is_empty() {
            (look::empty_state("No metrics yet", "Counts, durations and levels that services report once a minute. Nothing has arrived yet.", None))
        } @else {
            div .card.card-flush { (name_table(&names, observatory.about.known.as_ref())) }
        }
    };
    Ok(Sheet { title: "Metrics".into(), tab: HERE, body, ..Sheet::default() })
}

fn name_table(names: &[MetricName], known: Option<&KnownNames>) -> Markup {
    let columns = [
        Column::text("Metric"),
        Column::text("Kind"),
        Column::text("Unit"),
        Column::text("Services"),
        Column::number("Series"),
    ];
    let row = |metric: &MetricName| {
        vec![
            html! {
                a href=(href(HERE, &[("name", &metric.name)])) { (look::breakable(&metric.name)) }
                @if known.is_some_and(|known| is_unlisted(known, &metric.name)) { " " (look::quiet_badge(Tone::Warn, "not listed")) }
                @if !metric.description.is_empty() { div .muted { (metric.description) } }
            },
            html! { span .metric-kind { (metric.kind) } },
            html! { code .metric-kind { (metric.unit) } },
            html! { span .tags { @for name in metric.services.split(',') { (look::service(name)) } } },
            html! { (metric.series) },
        ]
    };
    look::table("", &columns, &names.iter().map(row).collect::<Vec<_>>())
}

/// What the collector itself counts and asks for is not of the senders' list.
fn is_unlisted(known: &KnownNames, name: &str) -> bool {
    let is_told_here = name == "up" || TOLD_HERE.iter().any(|prefix| name.starts_with(prefix));
    !is_told_here && !known.metrics.contains(name)
}

async fn one(
    observatory: &Observatory,
    shell: &Shell,
    name: &str,
    query: &MetricQuery,
) -> Result<Sheet, ReadError> {
    let minutes = query.minutes()?;
    let from_ns = shell.now_ns() - i64::from(minutes) * MINUTE_NS;
    let series = observatory.reader.series(name, from_ns).await?;
    let about = observatory.reader.metric_names().await?.into_iter().find(|metric| metric.name == name);
    let crumb = html! { a href=(HERE) { "Metrics" } };
    let under = html! {
        @if let Some(about) = about.as_ref().filter(|about| !about.description.is_empty()) { span .muted { (about.description) } }
        @if let Some(first) = series.first() { span .badge.badge-plain { (kind(first.kind)) } }
    };
    let body = html! {
        (look::heading(Some(crumb), name, Some(under), Some(windows(name, &minutes.to_string()))))
        @if series.is_empty() {
            (look::empty_state("Nothing in this time", "No point of this metric arrived. Look at a longer time, or check that its service is running.", None))
        } @else {
            div .charts { @for group in groups(&series).iter().take(MAX_CHARTS) { (small(group, from_ns, shell)) } }
            @if groups(&series).len() > MAX_CHARTS { p .muted { "Further sets of attributes are left out." } }
        }
    };
    Ok(Sheet { title: name.to_owned(), tab: HERE, body, ..Sheet::default() })
}

fn kind(kind: SeriesKind) -> &'static str {
    match kind {
        SeriesKind::Gauge => "values",
        SeriesKind::Counter => "rate per second",
        SeriesKind::Histogram => "p50, p95 and p99",
    }
}

fn windows(name: &str, current: &str) -> Markup {
    html! {
        nav .windows aria-label="Time" {
            @for (minutes, label) in WINDOWS {
                a .button.button-s href=(href(HERE, &[("name", name), ("minutes", minutes)])) aria-current=[(minutes == current).then_some("true")] { (label) }
            }
        }
    }
}

/// Series that differ only in the process that sent them: one chart.
fn groups(series: &[Series]) -> Vec<&[Series]> {
    series.chunk_by(|a, b| a.service == b.service && a.attributes == b.attributes).collect()
}

fn small(group: &[Series], from_ns: i64, shell: &Shell) -> Markup {
    let Some(first) = group.first() else { return Markup::default() };
    let lines: Vec<Line> =
        group.iter().flat_map(samples::lines).filter(|line| !line.values.is_empty()).collect();
    let zone = shell.zone();
    let title = title(first);
    let chart = Chart {
        label: &title,
        unit: &first.unit,
        lines: &lines,
        exemplars: &exemplars(group, from_ns),
        from_ns,
        until_ns: shell.now_ns(),
        zone: &zone,
    };
    html! {
        figure .card.small-chart {
            figcaption { (look::service(&first.service)) @if !first.attributes.is_empty() { span .log-fields { @for (key, value) in &first.attributes { span { (key) "=" b { (json::plain(value)) } } } } } }
            @if lines.is_empty() { p .muted.small { "One point so far; a rate needs two." } } @else {
                (chart::draw(&chart))
                (legend(&lines, &first.unit))
                (look::disclosure(&format!("table-{title}"), "Table", &table(&lines, &first.unit, shell)))
            }
        }
    }
}

/// The newest measurements that lead to a trace. Those of counters have no place on a rate's scale.
fn exemplars(group: &[Series], from_ns: i64) -> Vec<Exemplar> {
    let series = group.iter().filter(|series| series.kind != SeriesKind::Counter);
    let mut exemplars: Vec<Exemplar> = series
        .flat_map(|series| series.points.iter().flat_map(|point| &point.exemplars))
        .filter(|exemplar| exemplar.time_ns >= from_ns)
        .copied()
        .collect();
    exemplars.sort_by_key(|exemplar| (exemplar.time_ns, exemplar.span_id));
    exemplars.dedup_by_key(|exemplar| exemplar.span_id);
    exemplars.split_off(exemplars.len().saturating_sub(MAX_DOTS))
}

fn title(series: &Series) -> String {
    let attributes = series.attributes.iter().map(|(key, value)| format!("{key}={}", json::plain(value)));
    std::iter::once(series.service.clone()).chain(attributes).collect::<Vec<_>>().join(" ")
}

fn legend(lines: &[Line], unit: &str) -> Markup {
    html! {
        p .legend {
            @for (nth, line) in lines.iter().enumerate() {
                span class={ "chart-key chart-key-" (nth % 3) } {
                    (line.label)
                    @if let Some((_, value)) = line.values.last() { " " b { (in_unit(*value, unit)) } }
                }
            }
        }
    }
}

fn table(lines: &[Line], unit: &str, shell: &Shell) -> Markup {
    let columns: Vec<_> = std::iter::once(Column::text("Time"))
        .chain(lines.iter().map(|line| Column::number(line.label)))
        .collect();
    let mut times: Vec<i64> =
        lines.iter().flat_map(|line| line.values.iter().map(|(time, _)| *time)).collect();
    times.sort_unstable();
    times.dedup();
    let cell = |line: &Line, time: i64| {
        let value = line.values.iter().find(|(at, _)| *at == time).map(|(_, value)| in_unit(*value, unit));
        html! { (value.unwrap_or_default()) }
    };
    let row = |time: &i64| {
        let time_cell = format::moment(*time, &shell.zone(), shell.now);
        std::iter::once(time_cell).chain(lines.iter().map(|line| cell(line, *time))).collect()
    };
    look::table("", &columns, &times.iter().rev().map(row).collect::<Vec<_>>())
}
