//! What is made from the registry: the tables in the code and the catalogue in the documents.

use std::fmt::Write as _;

use super::read::{Group, Registry};

/// The source of `src/registry/table.rs`.
pub(super) fn tables(registry: &Registry) -> String {
    let mut text = String::from(
        "//! Made from telemetry/registry by `cargo nextest run -p telemetry registry`; not to be edited.\n\n\
         use super::{Event, Metric, Span};\n\npub(super) static SPANS: &[Span] = &[\n",
    );
    for span in registry.spans() {
        let names = list(span.names().iter().map(String::as_str));
        let (required, optional) = (list(span.required()), list(span.optional().map(|it| it.0)));
        let (id, kind) = (span.span_id(), span.span_kind());
        line(
            &mut text,
            &format!(
                "Span {{ id: {id:?}, kind: {kind:?}, names: {names}, required: {required}, optional: {optional} }}"
            ),
        );
    }
    text.push_str("];\n\npub(super) static METRICS: &[Metric] = &[\n");
    for metric in registry.metrics() {
        let (name, instrument, unit) = (metric.metric_name(), &metric.instrument, &metric.unit);
        let (brief, attributes) = (&metric.brief, list(metric.references()));
        line(
            &mut text,
            &format!(
                "Metric {{ name: {name:?}, instrument: {instrument:?}, unit: {unit:?}, brief: {brief:?}, attributes: {attributes} }}"
            ),
        );
    }
    text.push_str("];\n\npub(super) static IMPORTED_METRICS: &[&str] = &[\n");
    registry.imported_metrics().for_each(|name| line(&mut text, &format!("{name:?}")));
    text.push_str("];\n\npub(super) static EVENTS: &[Event] = &[\n");
    for event in registry.events() {
        let (name, level, attributes) = (event.event_name(), event.level(), list(event.references()));
        line(&mut text, &format!("Event {{ name: {name:?}, level: {level:?}, attributes: {attributes} }}"));
    }
    text.push_str("];\n\npub(super) static ATTRIBUTES: &[&str] = &[\n");
    registry.attributes().for_each(|attribute| line(&mut text, &format!("{:?}", attribute.id)));
    text.push_str("];\n");
    text
}

fn line(text: &mut String, entry: &str) {
    let _ = writeln!(text, "    {entry},");
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    format!("&[{}]", items.map(|item| format!("{item:?}")).collect::<Vec<_>>().join(", "))
}

/// The generated part of docs/TELEMETRY.md.
pub(super) fn catalogue(registry: &Registry) -> String {
    let mut text = String::from(
        "## Spans\n\n| name | kind | what it is | always says | may say |\n|---|---|---|---|---|\n",
    );
    for span in registry.spans() {
        let names = codes(span.names().iter().map(String::as_str), "<br>");
        let optional = span.optional().map(|(key, condition)| match condition {
            Some(condition) => format!("`{key}` ({condition})"),
            None => format!("`{key}`"),
        });
        let optional = optional.collect::<Vec<_>>().join(", ");
        let (kind, brief) = (span.span_kind().to_uppercase(), span.brief.trim());
        let _ =
            writeln!(text, "| {names} | {kind} | {brief} | {} | {optional} |", codes(span.required(), ", "));
    }
    metrics(&mut text, registry);
    text.push_str("\n## Events\n\n| name | level | what happened | says |\n|---|---|---|---|\n");
    for event in registry.events() {
        let (name, level, brief) = (event.event_name(), event.level().to_uppercase(), &event.brief);
        let _ = writeln!(text, "| `{name}` | {level} | {brief} | {} |", codes(event.references(), ", "));
    }
    for entity in registry.entities() {
        let _ = writeln!(text, "\n## Resource\n\n{} {}.", entity.brief, codes(entity.references(), ", "));
    }
    text.push_str("\n## Attributes\n\nOurs; the others are as the semantic conventions define them.\n");
    registry.attribute_groups().for_each(|group| attributes(&mut text, group));
    text
}

fn metrics(text: &mut String, registry: &Registry) {
    text.push_str("\n## Metrics\n\n| name | type | unit | what it tells | labels |\n|---|---|---|---|---|\n");
    for metric in registry.metrics() {
        let (name, brief) = (metric.metric_name(), &metric.brief);
        let (instrument, unit) = (&metric.instrument, &metric.unit);
        let labels = codes(metric.references(), ", ");
        let _ = writeln!(text, "| `{name}` | {instrument} | `{unit}` | {brief} | {labels} |");
    }
    text.push_str("\nAs the semantic conventions define them:\n\n");
    registry.imported_metrics().for_each(|name| {
        let _ = writeln!(text, "- `{name}`");
    });
}

fn attributes(text: &mut String, group: &Group) {
    let (name, brief) = (&group.display_name, &group.brief);
    let _ = writeln!(text, "\n### {name}\n\n{brief}\n\n| key | values | meaning |\n|---|---|---|");
    for attribute in group.definitions() {
        let (key, values, brief) = (&attribute.id, attribute.values(), &attribute.brief);
        let _ = writeln!(text, "| `{key}` | {values} | {brief} |");
    }
}

fn codes<'a>(items: impl Iterator<Item = &'a str>, between: &str) -> String {
    items.map(|item| format!("`{item}`")).collect::<Vec<_>>().join(between)
}
