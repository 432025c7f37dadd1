//! Traces as text that stays the same from run to run.

use crate::observatory::Trace;
use serde_json::Value;
use std::fmt::Write as _;

/// Draws a trace as a tree, a span a line: `service name KIND [n] links=n`, where `[n]` is a set of attribute keys
/// that is written out below the tree.
///
/// What a span does itself comes in its order. What it sets going elsewhere (a message, a delivery) runs beside it
/// and beside each other: that comes last, by its text.
pub(crate) fn shape(trace: &Trace) -> String {
    let mut drawing = Drawing { trace, legend: Vec::new() };
    let mut text = drawing.span(trace.root(), 0);
    for (keys, number) in drawing.legend.iter().zip(1..) {
        let _ = writeln!(text, "[{number}] {keys}");
    }
    text
}

struct Drawing<'a> {
    trace: &'a Trace,
    legend: Vec<String>,
}

impl Drawing<'_> {
    fn span(&mut self, span: &Value, depth: usize) -> String {
        let mut text = self.line(span, depth);
        let children = self.trace.spans.iter().filter(|child| child["parent_span_id"] == span["span_id"]);
        let (mut beside, mut own): (Vec<_>, Vec<_>) = children.partition(|child| runs_beside(child));
        own.sort_by_key(|child| said(child, "start_unix_nano").parse::<u64>().unwrap());
        beside.sort_by_key(|child| Drawing { trace: self.trace, legend: Vec::new() }.span(child, 0));
        for child in own.into_iter().chain(beside) {
            text.push_str(&self.span(child, depth + 1));
        }
        text
    }

    fn line(&mut self, span: &Value, depth: usize) -> String {
        let keys = self.number(span);
        let links = match span["links"].as_array().map_or(0, Vec::len) {
            0 => String::new(),
            links => format!(" links={links}"),
        };
        let kind = said(span, "kind").to_uppercase();
        let (indent, service, name) = ("  ".repeat(depth), said(span, "service"), said(span, "name"));
        format!("{indent}{service} {name} {kind} [{keys}]{links}\n")
    }

    fn number(&mut self, span: &Value) -> usize {
        let mut keys: Vec<_> = span["attributes"].as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        let keys = keys.join(" ");
        let known = self.legend.iter().position(|known| *known == keys);
        let at = known.unwrap_or(self.legend.len());
        if known.is_none() {
            self.legend.push(keys);
        }
        at + 1
    }
}

fn runs_beside(span: &Value) -> bool {
    matches!(said(span, "kind"), "producer" | "consumer") || said(span, "name").starts_with("delivery.send ")
}

/// A text of a span; empty when there is none.
pub(crate) fn said<'a>(span: &'a Value, name: &str) -> &'a str {
    span[name].as_str().unwrap_or_default()
}
