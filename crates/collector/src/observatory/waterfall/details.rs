//! What unfolds under a span: everything it carries.

use look::Tone;
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::super::{api::resource_of, format, games, shell::Shell};
use crate::{
    options::KnownNames,
    store::{StoredSpan, Trace, json},
};

/// Attributes, events, links, resource.
pub(super) fn of(trace: &Trace, span: &StoredSpan, (shell, known): (&Shell, Option<&KnownNames>)) -> Markup {
    let scope =
        trace.origins.get(&span.origin_id).and_then(|origin| origin.scope_spans.first()?.scope.as_ref());
    html! {
        // The anchor is inside, so that a browser unfolds the span that a link leads to.
        div .span-details id={ "span-" (span.id) } {
            (facts(span, shell))
            @if !span.span.attributes.is_empty() {
                section {
                    h3 { "Attributes" }
                    (list(&json::object(&span.span.attributes), known))
                }
            }
            (events(span))
            (links(span))
            (resource(&resource_of(trace, span)))
            @if let Some(scope) = scope { p .small.muted { "Scope " (scope.name) " " (scope.version) } }
        }
    }
}

fn facts(span: &StoredSpan, shell: &Shell) -> Markup {
    html! {
        dl .span-facts {
            div { dt { "Span" } dd { code .copy { (span.id) } } }
            @if let Some(parent) = span.parent { div { dt { "Parent" } dd { a href={ "#span-" (parent) } { code { (parent) } } } } }
            div { dt { "Service" } dd { (span.service) } }
            div { dt { "Kind" } dd { (span.kind()) } }
            div { dt { "Status" } dd { (span.status()) } }
            div { dt { "Start" } dd { (format::moment(span.start_ns(), &shell.zone(), shell.now)) } }
            div { dt { "Duration" } dd { (format::duration(span.duration_ns())) } }
        }
    }
}

fn values(title: &str, values: &Map<String, Value>) -> Markup {
    html! {
        @if !values.is_empty() {
            section {
                h3 { (title) }
                (list(values, None))
            }
        }
    }
}

/// Names and values; a name that nobody lists is marked, a game leads to its story.
fn list(values: &Map<String, Value>, known: Option<&KnownNames>) -> Markup {
    let is_unlisted = |key: &String| known.is_some_and(|known| !known.attributes.contains(key));
    html! {
        dl .values {
            @for (key, value) in values {
                div {
                    dt { (key) @if is_unlisted(key) { " " (look::quiet_badge(Tone::Warn, "not listed")) } }
                    dd {
                        @if key == "muster.game.id" { a href=(games::href(&json::plain(value))) { code { (json::plain(value)) } } }
                        @else { code { (json::plain(value)) } }
                    }
                }
            }
        }
    }
}

/// The same for every span of a service, so it is folded away.
fn resource(values: &Map<String, Value>) -> Markup {
    html! { @if !values.is_empty() { details .resource { summary { "Resource" } (list(values, None)) } } }
}

fn events(span: &StoredSpan) -> Markup {
    let after = |time: u64| i64::try_from(time).unwrap_or(i64::MAX) - span.start_ns();
    html! {
        @if !span.span.events.is_empty() {
            section {
                h3 { "Events" }
                @for event in &span.span.events {
                    (values(&format!("{}, after {}", event.name, format::duration(after(event.time_unix_nano))), &json::object(&event.attributes)))
                    @if event.attributes.is_empty() {
                        p { (event.name) " " span .muted { "after " (format::duration(after(event.time_unix_nano))) } }
                    }
                }
            }
        }
    }
}

fn links(span: &StoredSpan) -> Markup {
    html! {
        @if span.links().next().is_some() {
            section {
                h3 { "Links" }
                ul .plain {
                    @for (trace_id, span_id, _) in span.links() {
                        li { a href={ "/observatory/traces/" (trace_id) "#span-" (span_id) } { "span " code { (span_id) } " of trace " code { (trace_id) } } }
                    }
                }
            }
        }
    }
}
