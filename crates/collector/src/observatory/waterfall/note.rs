//! The one thing to say beside a span's bar: its SQL, its routing key, the answer it got.

use serde_json::{Map, Value};

use super::super::format;
use crate::store::{StoredSpan, json};

/// What stands beside the bar; an error says what went wrong, whatever else there is.
pub(super) fn of(span: &StoredSpan) -> Option<String> {
    let attributes = json::object(&span.span.attributes);
    let said = answer(&attributes)
        .or_else(|| text(&attributes, "db.query.text"))
        .or_else(|| text(&attributes, "messaging.rabbitmq.destination.routing_key"))
        .or_else(|| transition(&attributes))
        .or_else(|| lateness(&attributes))
        .or_else(|| outcome(&attributes));
    match failure(span, &attributes) {
        None => said,
        Some(failure) => Some(said.map_or(failure.clone(), |said| format!("{said} · {failure}"))),
    }
}

/// "200 · bucket 4f1", "403 · code 50007", "201 /api/v1/games".
fn answer(attributes: &Map<String, Value>) -> Option<String> {
    let mut answer = text(attributes, "http.response.status_code")?;
    if let Some(route) = text(attributes, "http.route") {
        answer = format!("{answer} {route}");
    }
    for (key, label) in [("discord.error.code", "code"), ("discord.rate_limit.bucket", "bucket")] {
        if let Some(value) = text(attributes, key) {
            answer = format!("{answer} · {label} {value}");
        }
    }
    Some(answer)
}

fn transition(attributes: &Map<String, Value>) -> Option<String> {
    let [old, new] =
        ["muster.transition.old_status", "muster.transition.new_status"].map(|key| text(attributes, key));
    Some(format!("{} → {}", old?, new?))
}

fn lateness(attributes: &Map<String, Value>) -> Option<String> {
    let late_ms: i64 = text(attributes, "muster.notification.lateness_ms")?.parse().ok()?;
    Some(format!("{} late", format::duration(late_ms.saturating_mul(1_000_000))))
}

fn outcome(attributes: &Map<String, Value>) -> Option<String> {
    ["outcome", "muster.outcome", "muster.delivery.outcome"].into_iter().find_map(|key| text(attributes, key))
}

fn failure(span: &StoredSpan, attributes: &Map<String, Value>) -> Option<String> {
    if span.status() != "error" {
        return None;
    }
    let message =
        span.span.status.as_ref().map(|status| status.message.clone()).filter(|text| !text.is_empty());
    Some(message.or_else(|| text(attributes, "error.type")).unwrap_or_else(|| "error".into()))
}

fn text(attributes: &Map<String, Value>, key: &str) -> Option<String> {
    attributes.get(key).map(json::plain)
}
