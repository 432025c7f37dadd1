//! Traces as text that stays the same from run to run, for snapshots.

use std::fmt::Write as _;

use crate::CapturedSpan;

/// Renders traces as indented trees, a span a line: `name KIND [attribute keys] links=n`.
///
/// Ids, times and values are left out; children are ordered by start, then name. When the spans come from
/// several services, each line begins with its service.
pub fn shape(spans: &[CapturedSpan]) -> String {
    let mut spans: Vec<&CapturedSpan> = spans.iter().collect();
    spans.sort_by(|a, b| a.started.cmp(&b.started).then_with(|| a.name.cmp(&b.name)));
    let mixed = spans.windows(2).any(|pair| pair[0].service != pair[1].service);
    let mut text = String::new();
    for root in spans.iter().filter(|span| !has_parent_among(span, &spans)) {
        write_tree(&mut text, root, &spans, (0, mixed));
    }
    text
}

fn has_parent_among(span: &CapturedSpan, spans: &[&CapturedSpan]) -> bool {
    spans.iter().any(|other| is_child(span, other))
}

fn is_child(span: &CapturedSpan, parent: &CapturedSpan) -> bool {
    span.trace_id == parent.trace_id && span.parent_span_id.as_ref() == Some(&parent.span_id)
}

fn write_tree(
    text: &mut String,
    span: &CapturedSpan,
    spans: &[&CapturedSpan],
    (depth, mixed): (usize, bool),
) {
    let service = if mixed { format!("{}: ", span.service) } else { String::new() };
    let kind = format!("{:?}", span.kind).to_uppercase();
    let keys: Vec<&str> = span.attributes.keys().map(String::as_str).collect();
    let _ = writeln!(
        text,
        "{:indent$}{service}{} {kind} [{}] links={}",
        "",
        span.name,
        keys.join(", "),
        span.links.len(),
        indent = depth * 2
    );
    for child in spans.iter().filter(|other| is_child(other, span)) {
        write_tree(text, child, spans, (depth + 1, mixed));
    }
}
