//! What the telemetry contract asks of every span, by its kind.

use crate::shape::said;
use practice::cast;
use serde_json::Value;

const HTTP_SERVER: &[&str] =
    &["http.request.method", "url.path", "url.scheme", "http.route", "http.response.status_code"];
const HTTP_CLIENT: &[&str] = &[
    "http.request.method",
    "server.address",
    "server.port",
    "url.full",
    "url.template",
    "http.response.status_code",
];
const DATABASE: &[&str] = &["db.system.name", "db.query.text", "db.query.summary", "db.operation.name"];
const MESSAGING: &[&str] = &[
    "messaging.system",
    "messaging.operation.name",
    "messaging.operation.type",
    "messaging.destination.name",
];
const ROUTED: &[&str] = &["messaging.rabbitmq.destination.routing_key", "messaging.message.id"];
const NOTIFICATION: &[&str] = &[
    "muster.notification.id",
    "muster.notification.kind",
    "muster.notification.scheduled_time",
    "muster.game.id",
];
const TRANSITION: &[&str] = &[
    "muster.game.id",
    "muster.transition.old_status",
    "muster.transition.new_status",
    "muster.transition.time",
];
const DELIVERY: &[&str] = &["muster.delivery.id", "muster.delivery.attempt", "muster.game.id"];
const CYCLE: &[&str] = &["muster.cycle.due", "muster.cycle.claimed"];

/// Fails unless a span is of a kind that the contract knows and has what it asks for.
pub(crate) fn check(span: &Value) {
    let attributes = span["attributes"].as_object().unwrap();
    for key in required(span).concat() {
        let filled = attributes.get(key).is_some_and(|value| *value != "");
        assert!(filled, "{key} is missing on {span:#}");
    }
    if attributes.contains_key("db.system.name") {
        assert_eq!(attributes["db.query.summary"], span["name"]);
    }
    if let Some(template) = attributes.get("url.template") {
        let method = said(&span["attributes"], "http.request.method");
        assert_eq!(said(span, "name"), format!("{method} {}", template.as_str().unwrap()));
        check_address(said(&span["attributes"], "url.full"), template.as_str().unwrap());
    }
    assert_eq!(said(span, "status"), "unset", "nothing went wrong: {span:#}");
    assert_eq!(span["resource"]["service.namespace"], "muster");
    assert_eq!(span["resource"]["service.name"], span["service"]);
}

fn required(span: &Value) -> Vec<&'static [&'static str]> {
    let (name, kind) = (said(span, "name"), said(span, "kind"));
    let word = name.split(' ').next().unwrap_or_default();
    match (kind, word) {
        ("server", "discord.interaction") => vec![&["discord.interaction.type"]],
        ("server", _) => vec![HTTP_SERVER],
        ("consumer", "discord.gateway") => vec![&["discord.gateway.event"]],
        ("consumer", "notification.dispatch") => vec![NOTIFICATION],
        ("consumer", "status_transition.apply") => vec![TRANSITION],
        ("consumer", "process") | ("producer", "publish") => vec![MESSAGING, ROUTED],
        ("client", "ack") => vec![MESSAGING, &["messaging.rabbitmq.message.delivery_tag"]],
        ("client", _) if span["attributes"]["db.system.name"].is_string() => vec![DATABASE],
        ("client", _) => vec![HTTP_CLIENT],
        ("internal", "delivery.send") => vec![DELIVERY],
        ("internal", "notification.cycle" | "status_transition.cycle") => vec![CYCLE],
        ("internal", verb) if verb.contains('.') => vec![&["muster.action"]],
        _ => panic!("the contract knows no such span: {span:#}"),
    }
}

/// A recorded address has no query, and where its template has a token it says that there was one.
fn check_address(address: &str, template: &str) {
    assert!(!address.contains(['?', '#']), "{address}");
    let redacted = address.matches("REDACTED").count();
    assert_eq!(redacted, template.matches("token}").count(), "{address} of {template}");
}

/// Whether a text has the name of one of the people in it, as a word.
pub(crate) fn names_somebody(text: &str) -> Option<&str> {
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    words.find(|word| cast::people().iter().any(|person| person.global_name == *word))
}
