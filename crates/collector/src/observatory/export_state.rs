//! How the telemetry of each service does, by what its own SDK tells (`otel.sdk.*`).

use std::collections::BTreeMap;

use look::Column;
use maud::{Markup, html};

use super::format::count;
use crate::store::{Latest, json};

/// What the SDK of a service says of one signal.
#[derive(Debug, Default, PartialEq)]
struct State {
    /// What went through the queue; data points have none.
    processed: Option<u64>,
    exported: u64,
    queued: Option<u64>,
    capacity: u64,
    /// Items that were lost, by reason.
    lost: BTreeMap<String, u64>,
}

/// A table of services and signals; nothing when none tells.
pub(super) fn draw(latest: &[Latest]) -> Markup {
    let states = states(latest);
    let columns = [
        Column::text("Service"),
        Column::text("Signal"),
        Column::number("Processed"),
        Column::number("Exported"),
        Column::number("Queued"),
        Column::text("Lost"),
    ];
    let row = |((service, signal), state): (&(String, String), &State)| {
        vec![
            look::service(service),
            html! { (items(signal)) },
            html! { (told(state.processed)) },
            html! { (count(state.exported)) },
            html! { (told(state.queued)) @if state.capacity > 0 { " of " (count(state.capacity)) } },
            html! {
                @if state.lost.is_empty() { span .muted { "nothing" } }
                @for (reason, items) in &state.lost { span .noticed { (count(*items)) " " (reason.replace('_', " ")) " " } }
            },
        ]
    };
    let rows: Vec<_> = states.iter().map(row).collect();
    html! {
        @if !rows.is_empty() {
            section .card.card-flush.health-signals aria-label="Export of each service" {
                (look::table("What each service says of its own export, once a minute", &columns, &rows))
            }
        }
    }
}

/// What a signal consists of, as people say it.
fn items(signal: &str) -> String {
    match signal {
        "span" => "spans".into(),
        "log" => "log records".into(),
        "metric_data_point" => "data points".into(),
        other => other.replace('_', " "),
    }
}

fn told(number: Option<u64>) -> Markup {
    html! { @match number { Some(number) => { (count(number)) } None => { span .muted { "–" } } } }
}

/// `otel.sdk.{processor|exporter}.{signal}.{what}`, newest values.
fn states(latest: &[Latest]) -> BTreeMap<(String, String), State> {
    let mut states: BTreeMap<(String, String), State> = BTreeMap::new();
    for point in latest {
        let parts: Vec<_> = point.name.split('.').skip(2).collect();
        let (signal, what) = match *parts.as_slice() {
            ["processor", signal, "processed"] => (signal, "processed"),
            ["processor", signal, "queue", "size"] => (signal, "size"),
            ["processor", signal, "queue", "capacity"] => (signal, "capacity"),
            ["exporter", signal, "exported"] => (signal, "exported"),
            _ => continue,
        };
        let state = states.entry((point.service.clone(), signal.to_owned())).or_default();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are whole")]
        let value = point.value.max(0.0) as u64;
        match (what, point.attributes.get("error.type")) {
            ("processed" | "exported", Some(reason)) if value > 0 => {
                *state.lost.entry(json::plain(reason)).or_default() += value;
            }
            ("processed", None) => *state.processed.get_or_insert_default() += value,
            ("exported", None) => state.exported += value,
            ("size", _) => *state.queued.get_or_insert_default() += value,
            ("capacity", _) => state.capacity += value,
            _ => (),
        }
    }
    states
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn point(name: &str, attributes: &serde_json::Value, value: f64) -> Latest {
        let attributes = attributes.as_object().unwrap().clone();
        Latest { name: format!("otel.sdk.{name}"), service: "api-service".into(), attributes, value }
    }

    #[test]
    fn what_was_lost_stands_beside_what_was_exported() {
        let states = states(&[
            point("processor.span.processed", &json!({}), 100.0),
            point("processor.span.processed", &json!({"error.type": "queue_full"}), 3.0),
            point("exporter.span.exported", &json!({"error.type": "timeout"}), 7.0),
            point("exporter.span.exported", &json!({}), 90.0),
            point("processor.span.queue.size", &json!({}), 2.0),
            point("exporter.operation.duration", &json!({}), 1.0),
        ]);
        let lost = [("queue_full".to_owned(), 3), ("timeout".to_owned(), 7)].into();
        let state = State { processed: Some(100), exported: 90, queued: Some(2), capacity: 0, lost };
        assert_eq!(states, [(("api-service".to_owned(), "span".to_owned()), state)].into());
    }
}
