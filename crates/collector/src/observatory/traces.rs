//! The list of traces.

use axum::{extract::State, response::Response};
use look::{Column, Tone};
use maud::{Markup, html};

use super::{
    Observatory,
    failure::ReadError,
    filters,
    format::{self, ratio},
    query::{Filters, TraceQuery},
    shell::{Sheet, Shell},
};
use crate::store::{Found, TraceSummary};

const HERE: &str = "/observatory/traces";

/// `GET /observatory/traces`.
pub(crate) async fn page(
    State(observatory): State<Observatory>,
    shell: Shell,
    Filters(query): Filters<TraceQuery>,
) -> Response {
    shell.answer(sheet(&observatory, &shell, &query).await)
}

async fn sheet(observatory: &Observatory, shell: &Shell, query: &TraceQuery) -> Result<Sheet, ReadError> {
    let filter = query.filter()?;
    let Found { traces, looked_back_to_ns } = observatory.reader.find_traces(&filter).await?;
    let services = observatory.reader.services().await?;
    let is_filtered = !query.pairs().is_empty();
    let older = traces
        .last()
        .filter(|_| traces.len() == filter.limit)
        .map(|last| query.before(last.start_unix_nano).href(HERE));
    let body = html! {
        (look::heading(None, "Traces", None, None))
        (filters::form(HERE, "Filter traces", &fields(query, &services), is_filtered.then_some(HERE)))
        @if traces.is_empty() && looked_back_to_ns.is_none() { (empty(is_filtered)) } @else if !traces.is_empty() {
            div .card.card-flush { (list(&traces, shell)) }
            @if let Some(older) = older { p .observe-more { a .button href=(older) { "Older traces" } } }
        }
        @if let Some(until_ns) = looked_back_to_ns { (further(query, until_ns, shell)) }
    };
    Ok(Sheet { title: "Traces".into(), tab: HERE, body, ..Sheet::default() })
}

fn fields(query: &TraceQuery, services: &[String]) -> Markup {
    html! {
        (filters::services(services, &query.service))
        (filters::line("name", "Name contains", &query.name, "search"))
        (filters::line("min_ms", "At least (ms)", &query.min_ms, "number"))
        (filters::line("game", "Game id", &query.game, "search"))
        (filters::hinted("attribute", "Attribute", &query.attribute, "key=value"))
        (filters::line("from", "From (UTC)", &query.from, "datetime-local"))
        (filters::line("to", "To (UTC)", &query.to, "datetime-local"))
        label .check { input type="checkbox" name="error" value="true" checked[query.wants_errors()]; "Errors only" }
    }
}

/// How far the search came in the time that a page may take.
fn further(query: &TraceQuery, until_ns: i64, shell: &Shell) -> Markup {
    html! {
        p .observe-more {
            "Looked back to " (format::moment(until_ns, &shell.zone(), shell.now)) ". "
            a .button href=(query.before(until_ns).href(HERE)) { "Look further back" }
        }
    }
}

fn empty(is_filtered: bool) -> Markup {
    if is_filtered {
        let clear = look::link_button(look::Style::Plain, HERE, "Clear the filters");
        let what = "A trace is listed when one of its spans matches every filter. Loosen one, or look at a longer time.";
        return look::empty_state("No trace matches", what, Some(clear));
    }
    let what = "A trace is everything that one click, one button or one due moment set in motion, over all services. \
                They appear here as soon as a service sends its first spans.";
    let next = html! { a href="/observatory/health" { "See where this collector listens" } };
    look::empty_state("No traces yet", what, Some(next))
}

/// A table of traces; also shown on the overview.
pub(crate) fn list(traces: &[TraceSummary], shell: &Shell) -> Markup {
    let zone = shell.zone();
    let time = format!("Time ({})", format::zone_name(&zone));
    let columns = [
        Column::text(&time),
        Column::text("Trace"),
        Column::text("Services"),
        Column::number("Spans"),
        Column::text("Duration"),
    ];
    let longest_ns = traces.iter().map(|trace| trace.duration_ns).max().unwrap_or_default();
    let row = |trace: &TraceSummary| {
        vec![
            format::moment(trace.start_unix_nano, &zone, shell.now),
            name(trace),
            html! { span .tags { @for (service, spans) in &trace.services { (tag(service, *spans)) } } },
            html! { (format::count(trace.spans as u64)) @if trace.partial { "+" } },
            duration(trace, longest_ns),
        ]
    };
    look::table("", &columns, &traces.iter().map(row).collect::<Vec<_>>())
}

fn name(trace: &TraceSummary) -> Markup {
    html! {
        div .trace-name {
            a href={ (HERE) "/" (trace.trace_id) } { (trace.name) }
            @if trace.errors > 0 { (look::badge(Tone::Bad, &errors(trace.errors))) }
            @if trace.pending { (look::quiet_badge(Tone::Warn, "root pending")) }
        }
    }
}

pub(crate) fn errors(number: usize) -> String {
    if number == 1 { "1 error".into() } else { format!("{} errors", format::count(number as u64)) }
}

/// A service's two letters in its colour, its name on hover.
fn tag(name: &str, spans: usize) -> Markup {
    let service = look::Service::named(name);
    let title = format!("{name}: {spans} {}", if spans == 1 { "span" } else { "spans" });
    html! {
        span class={ "service " (service.class()) } title=(title) {
            b aria-hidden="true" { (service.tag()) }
            span .hidden { (title) }
        }
    }
}

fn duration(trace: &TraceSummary, longest_ns: i64) -> Markup {
    let width = format!("{:.2}%", (ratio(trace.duration_ns, longest_ns) * 100.0).max(1.0));
    html! {
        div .trace-duration {
            span .nowrap { (format::duration(trace.duration_ns)) }
            svg .meter aria-hidden="true" height="6" width="100%" {
                rect .meter-track width="100%" height="6" rx="3" {}
                rect .meter-fill width=(width) height="6" rx="3" {}
            }
        }
    }
}
