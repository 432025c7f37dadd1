//! Log records: one line each.

use axum::{extract::State, response::Response};
use look::{Choice, Service, Style};
use maud::{Markup, html};

use super::{
    Observatory,
    failure::ReadError,
    filters, format,
    query::{Filters, LogQuery},
    shell::{Sheet, Shell},
    waterfall::sentence,
};
use crate::store::{StoredLog, json};

const HERE: &str = "/observatory/logs";

const LEVELS: [Choice<'static>; 6] = [
    Choice { value: "", label: "All levels" },
    Choice { value: "debug", label: "Debug and above" },
    Choice { value: "info", label: "Info and above" },
    Choice { value: "warn", label: "Warnings and above" },
    Choice { value: "error", label: "Errors and above" },
    Choice { value: "fatal", label: "Fatal" },
];

/// `GET /observatory/logs`.
pub(crate) async fn page(
    State(observatory): State<Observatory>,
    shell: Shell,
    Filters(query): Filters<LogQuery>,
) -> Response {
    shell.answer(sheet(&observatory, &shell, &query).await)
}

async fn sheet(observatory: &Observatory, shell: &Shell, query: &LogQuery) -> Result<Sheet, ReadError> {
    let filter = query.filter()?;
    let logs = observatory.reader.find_logs(&filter).await?;
    let services = observatory.reader.services().await?;
    let is_filtered = !query.pairs().is_empty();
    let older = logs.last().filter(|_| logs.len() == usize::from(filter.limit));
    let older = older.map(|last| query.before(last.time_ns).href(HERE));
    let body = html! {
        (look::heading(None, "Logs", None, None))
        (filters::form(HERE, "Filter logs", &fields(query, &services), is_filtered.then_some(HERE)))
        @if logs.is_empty() { (empty(is_filtered)) } @else {
            ol .log-lines.card.card-flush.plain { @for log in &logs { (line(log, shell)) } }
            @if let Some(older) = older { p .observe-more { a .button href=(older) { "Older records" } } }
        }
    };
    Ok(Sheet { title: "Logs".into(), tab: HERE, body, ..Sheet::default() })
}

fn fields(query: &LogQuery, services: &[String]) -> Markup {
    html! {
        (filters::line("q", "Words", &query.q, "search"))
        (filters::services(services, &query.service))
        (filters::choice("severity", "Level", &query.severity, &LEVELS))
        (filters::line("trace_id", "Trace id", &query.trace_id, "search"))
        (filters::line("from", "From (UTC)", &query.from, "datetime-local"))
        (filters::line("to", "To (UTC)", &query.to, "datetime-local"))
    }
}

fn empty(is_filtered: bool) -> Markup {
    if is_filtered {
        let clear = look::link_button(Style::Plain, HERE, "Clear the filters");
        let what = "Every word must occur in the sentence, the event's name or a field; the last may be the beginning of one.";
        return look::empty_state("No log record matches", what, Some(clear));
    }
    let what = "What the services say about themselves, each line beside the trace it was said in. Nothing has arrived yet.";
    look::empty_state("No logs yet", what, None)
}

fn line(log: &StoredLog, shell: &Shell) -> Markup {
    let service = Service::named(&log.service);
    let fields = json::object(&log.record.attributes);
    html! {
        li .log-line {
            (format::moment(log.time_ns, &shell.zone(), shell.now))
            span class={ "service " (service.class()) } title=(log.service) { b { (service.tag()) } span .hidden { (log.service) } }
            span class={ "level level-" (log.severity()) } { (log.severity()) }
            div .log-text {
                span .log-sentence { (sentence(log)) }
                @if !fields.is_empty() {
                    span .log-fields { @for (key, value) in &fields { span { (key) "=" b { (json::plain(value)) } } } }
                }
            }
            @if let Some(trace_id) = log.trace_id {
                a .nowrap href=(trace_href(trace_id, log)) { "Trace" span .hidden { " " (trace_id) } }
            }
        }
    }
}

fn trace_href(trace_id: crate::ids::TraceId, log: &StoredLog) -> String {
    let span = log.span_id.map(|span| format!("#span-{span}")).unwrap_or_default();
    format!("/observatory/traces/{trace_id}{span}")
}
