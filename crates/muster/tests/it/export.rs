//! What was exported in all: spans, log records and metrics that belong together, and nothing secret.

use crate::contract;
use crate::observatory::{Observatory, Trace};
use crate::program::{Home, eventually};
use serde_json::{Value, json};

const SERVICES: [&str; 4] = ["api-service", "bot-service", "notification-daemon", "status-transition-daemon"];

/// Every span is what the contract says, every log record leads to its span; gives everything as text.
pub(crate) async fn keep_the_contract(observatory: &Observatory) -> String {
    let mut logs = Vec::new();
    for service in SERVICES {
        logs.extend(observatory.logs(service).await);
    }
    assert!(logs.iter().all(|log| log["severity"] == "info"), "nothing to worry about: {logs:#?}");
    let traces = eventually("the span of every log record", async || {
        let traces = observatory.everything().await;
        logs.iter().all(|log| leads_to_its_span(log, &traces)).then_some(traces)
    })
    .await;
    for name in ["http.request", "scheduler.cycle"] {
        let mut records = logs.iter().filter(|log| log["event_name"] == name).peekable();
        assert!(records.peek().is_some() && records.all(|log| log["trace_id"].is_string()), "{name}");
    }
    let spans: Vec<_> = traces.iter().flat_map(|trace| &trace.spans).collect();
    spans.iter().copied().for_each(contract::check);
    for service in SERVICES {
        assert!(spans.iter().any(|span| span["service"] == service), "{service} tells of itself");
    }
    let mut metrics = Vec::new();
    for name in observatory.metric_names().await {
        metrics.extend(observatory.series(&name).await);
    }
    json!([spans, logs, metrics]).to_string()
}

/// A record without a trace was written outside of any.
fn leads_to_its_span(log: &Value, traces: &[Trace]) -> bool {
    let is_its_own = |trace: &Trace| log["trace_id"] == trace.id && trace.holds(&log["span_id"]);
    log["trace_id"].is_null() || traces.iter().any(is_its_own)
}

/// The metrics count what has happened.
pub(crate) async fn count(observatory: &Observatory) {
    let route = json!({ "http.route": "/api/v1/games", "http.request.method": "POST" });
    // Three games, one of them asked for twice.
    until_counted(observatory, ("http.server.request.duration", &route), "count", 4.0).await;
    let outcome = json!({ "kind": "reminder", "outcome": "sent" });
    // Two to each of three people, and the later one to the host.
    until_counted(observatory, ("muster.delivery.outcomes", &outcome), "value", 7.0).await;
    let change = json!({ "action": "joined", "door": "button" });
    until_counted(observatory, ("muster.participants.changes", &change), "value", 3.0).await;
}

/// Waits until the newest point of the series with these attributes is that number.
async fn until_counted(observatory: &Observatory, (name, having): (&str, &Value), field: &str, wanted: f64) {
    let having = having.as_object().unwrap();
    eventually(&format!("{wanted} of {name} with {having:?}"), async || {
        let all = observatory.series(name).await;
        let fits = |series: &&Value| having.iter().all(|(key, value)| series["attributes"][key] == *value);
        let newest = all.iter().find(fits)?["points"].as_array()?.last()?[field].as_f64()?;
        ((newest - wanted).abs() < 0.5).then_some(())
    })
    .await;
}

/// The pages show the waterfall with its services and statements, the logs beside it, and a chart.
pub(crate) async fn look(observatory: &Observatory, made: &Trace) {
    let waterfall = observatory.page(&format!("/traces/{}", made.id)).await;
    for shown in
        ["api-service", "bot-service", "INSERT INTO games", "game.created", "http.response.status_code"]
    {
        assert!(waterfall.contains(shown), "{shown} is missing in\n{waterfall}");
    }
    assert!(waterfall.contains("Answered a request."), "the log records are beside it");
    let chart = observatory.page("/metrics?name=http.server.request.duration").await;
    assert!(chart.contains("<svg") && chart.contains("/api/v1/games"), "{chart}");
}

/// Nobody's name, no secret and no text of a message is in what was exported, logged or stored.
pub(crate) fn keep_secrets(home: &Home, mut secrets: Vec<String>, told: &str) {
    assert_eq!(contract::names_somebody(told), None);
    let practice: Value = serde_json::from_slice(&home.read("practice.json")).unwrap();
    let interactions = practice["interactions"].as_object().unwrap().values();
    let tokens: Vec<_> = interactions.map(|it| it["token"].as_str().unwrap().to_owned()).collect();
    assert!(!tokens.is_empty(), "buttons were pressed");
    secrets.extend(tokens);
    let stored = home.read("telemetry.db");
    for secret in secrets {
        assert!(!told.contains(&secret), "{secret} was told");
        assert!(!stored.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()), "{secret} is stored");
    }
}
