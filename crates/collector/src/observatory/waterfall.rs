//! A trace over time: one line a span, its bar, what it says beside it, its logs under it.

use std::collections::HashMap;

use look::Service;
use maud::{Markup, html};

use super::{
    format::{self, ratio},
    shell::Shell,
    tree::{Node, What},
};
use crate::{
    ids::SpanId,
    options::KnownNames,
    store::{StoredLog, StoredSpan, Trace, json},
};

mod details;
mod note;

/// More lines than this make a page that nobody reads; the export has them all.
const MAX_LINES: usize = 1_000;
/// Deeper spans are drawn at this depth.
const MAX_DEPTH: usize = 24;
/// A span shows so many of its log records without being asked.
const LOGS_PER_SPAN: usize = 8;
/// The scale has marks at these quarters of the whole.
const MARKS: [i64; 5] = [0, 1, 2, 3, 4];

/// The time that the drawing spans.
#[derive(Clone, Copy)]
struct Scale {
    start_ns: i64,
    length_ns: i64,
}

impl Scale {
    fn of(trace: &Trace) -> Self {
        let start_ns = trace.spans.first().map_or(0, StoredSpan::start_ns);
        let end_ns = trace.spans.iter().map(StoredSpan::end_ns).max().unwrap_or(start_ns);
        Self { start_ns, length_ns: (end_ns - start_ns).max(1) }
    }

    /// Where a moment lies, in percent of the width.
    fn at(&self, unix_ns: i64) -> f64 {
        (ratio(unix_ns - self.start_ns, self.length_ns) * 100.0).clamp(0.0, 100.0)
    }
}

/// The drawing.
pub(crate) fn waterfall(
    trace: &Trace,
    nodes: &[Node<'_>],
    (shell, known): (&Shell, Option<&KnownNames>),
) -> Markup {
    let scale = Scale::of(trace);
    let mut logs: HashMap<SpanId, Vec<&StoredLog>> = HashMap::new();
    for log in &trace.logs {
        if let Some(span) = log.span_id {
            logs.entry(span).or_default().push(log);
        }
    }
    html! {
        h2 #spans .hidden { "Spans" }
        section .waterfall aria-labelledby="spans" {
            (ruler(&scale))
            @for node in nodes.iter().take(MAX_LINES) {
                @match node.what {
                    What::Pending(id) => { (pending(id)) }
                    What::Span(span) => {
                        (line(trace, (span, node.depth), &scale, (shell, known)))
                        (inline_logs(logs.get(&span.id), node.depth, &scale))
                    }
                }
            }
            @if nodes.len() > MAX_LINES {
                p .waterfall-rest { "The other " (format::count((nodes.len() - MAX_LINES) as u64)) " spans are in the export." }
            }
            @if trace.partial { p .waterfall-rest { "The trace has more spans than are read at once: these are some of them." } }
        }
    }
}

fn ruler(scale: &Scale) -> Markup {
    html! {
        div .span-line.span-ruler aria-hidden="true" {
            span { "Span" }
            svg .span-bar width="100%" height="20" {
                @for mark in MARKS {
                    (ruler_mark(mark, scale))
                }
            }
            span .span-note { "Detail" }
        }
    }
}

fn ruler_mark(mark: i64, scale: &Scale) -> Markup {
    let x = format!("{}%", mark * 25);
    let anchor = match mark {
        0 => "start",
        4 => "end",
        _ => "middle",
    };
    html! { text x=(x) y="14" text-anchor=(anchor) { (format::duration(scale.length_ns * mark / 4)) } }
}

fn pending(id: SpanId) -> Markup {
    html! {
        div .span-line.span-pending {
            span .span-name { span .span-what { "Pending span " code { (id) } } }
            span .muted { "has not arrived: it has not ended yet, or is not sent here" }
        }
    }
}

fn line(
    trace: &Trace,
    (span, depth): (&StoredSpan, usize),
    scale: &Scale,
    frame: (&Shell, Option<&KnownNames>),
) -> Markup {
    let service = Service::named(&span.service);
    let note = note::of(span);
    let classes =
        format!("span {} {}", service.class(), if span.status() == "error" { "span-failed" } else { "" });
    html! {
        details class=(classes.trim_end()) {
            summary .span-line {
                span class={ "span-name depth-" (depth.min(MAX_DEPTH)) } {
                    span .service title=(span.service) { b { (service.tag()) } span .hidden { (span.service) } }
                    span .span-what title=(span.span.name) { (span.span.name) }
                    @if !matches!(span.kind(), "internal" | "unspecified") { span .span-kind { (span.kind()) } }
                }
                (bar(span, scale))
                span .span-note title=[note.as_deref()] { @if let Some(note) = &note { (note) } }
            }
            (details::of(trace, span, frame))
        }
    }
}

/// The bar with its duration at its end; before it where the end is too near the edge.
fn bar(span: &StoredSpan, scale: &Scale) -> Markup {
    let (from, until) = (scale.at(span.start_ns()), scale.at(span.end_ns()));
    let percent = |value: f64| format!("{value:.2}%");
    let (x, anchor, shift) = match (from, until) {
        (_, ..=78.0) => (until, "start", "6"),
        (22.0.., _) => (from, "end", "-6"),
        _ => (until, "end", "-6"),
    };
    let inside = anchor == "end" && from < 22.0;
    html! {
        svg .span-bar width="100%" height="20" role="img" aria-label={ "starts after " (format::duration(span.start_ns() - scale.start_ns)) ", takes " (format::duration(span.duration_ns())) } {
            rect .svc-fill x=(percent(from)) y="4" width=(percent(until - from)) height="12" rx="2" {}
            rect .svc-fill x=(percent(from)) y="4" width="2" height="12" {}
            @for event in &span.span.events {
                circle .span-event cx=(percent(scale.at(i64::try_from(event.time_unix_nano).unwrap_or(i64::MAX)))) cy="10" r="3.5" { title { (event.name) } }
            }
            text .span-took .span-inside[inside] x=(percent(x)) dx=(shift) y="14" text-anchor=(anchor) { (format::duration(span.duration_ns())) }
        }
    }
}

fn inline_logs(logs: Option<&Vec<&StoredLog>>, depth: usize, scale: &Scale) -> Markup {
    let logs = logs.map_or(&[][..], Vec::as_slice);
    html! {
        @for log in logs.iter().take(LOGS_PER_SPAN) { (log_line(log, depth, Some(scale.start_ns))) }
        @if logs.len() > LOGS_PER_SPAN {
            p class={ "span-log depth-" ((depth + 1).min(MAX_DEPTH)) } {
                span .muted { (logs.len() - LOGS_PER_SPAN) " more log records, on the Logs page" }
            }
        }
    }
}

/// One log record, with its distance from the start of the trace.
fn log_line(log: &StoredLog, depth: usize, start_ns: Option<i64>) -> Markup {
    html! {
        p class={ "span-log depth-" ((depth + 1).min(MAX_DEPTH)) } {
            span class={ "level level-" (log.severity()) } { (log.severity()) }
            span .span-log-text { (sentence(log)) }
            @if let Some(start_ns) = start_ns { span .muted.nowrap { "+" (format::duration(log.time_ns - start_ns)) } }
        }
    }
}

/// What a log record says, as text.
pub(crate) fn sentence(log: &StoredLog) -> String {
    match json::value_of(log.record.body.as_ref()) {
        serde_json::Value::String(text) => text,
        serde_json::Value::Null => log.record.event_name.clone(),
        other => other.to_string(),
    }
}

/// The log records of the trace that belong to no span of it.
pub(crate) fn stray_logs(trace: &Trace) -> Markup {
    let known = |log: &&StoredLog| log.span_id.is_some_and(|id| trace.spans.iter().any(|span| span.id == id));
    let stray: Vec<_> = trace.logs.iter().filter(|log| !known(log)).take(LOGS_PER_SPAN * 10).collect();
    let start_ns = trace.spans.first().map(StoredSpan::start_ns);
    html! {
        @if !stray.is_empty() {
            section .card { h2 { "Logs beside the spans" } @for log in stray { (log_line(log, 0, start_ns)) } }
        }
    }
}
