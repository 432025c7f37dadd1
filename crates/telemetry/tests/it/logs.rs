//! Log records in the context of their spans.

use std::fmt;

use std::collections::BTreeMap;

use telemetry::{HttpClient, ServiceName, Telemetry, Verb};

use crate::receiver::{Receiver, config, work};

/// Ids as they travel: hexadecimal.
fn hex(id: &[u8]) -> String {
    id.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

#[tokio::test]
async fn logs_include_trace_id() {
    let receiver = Receiver::listen();
    let telemetry = Telemetry::init(ServiceName::Api, &config(receiver.url())).expect("telemetry starts");

    work(&telemetry, "games.create");
    tracing::dispatcher::with_default(&telemetry.log_dispatch(), || {
        tracing::warn!(name: "test.outside", target: "test", "Nothing is going on.");
    });
    telemetry.force_flush().await.expect("the receiver answers");

    let arrived = receiver.arrived();
    let by_name: BTreeMap<&str, (usize, usize)> = arrived
        .logs
        .iter()
        .map(|(_, record)| (record.event_name.as_str(), (record.trace_id.len(), record.span_id.len())))
        .collect();
    assert_eq!(by_name, BTreeMap::from([("test.event", (16, 8)), ("test.outside", (0, 0))]));
}

#[tokio::test]
async fn trace_id_matches_span() {
    let receiver = Receiver::listen();
    let telemetry = Telemetry::init(ServiceName::Api, &config(receiver.url())).expect("telemetry starts");

    for verb in ["games.create", "games.join", "games.leave"] {
        work(&telemetry, verb);
    }
    telemetry.shutdown(std::time::Duration::from_secs(5)).await.expect("the receiver answers");

    let arrived = receiver.arrived();
    let mut spans: Vec<_> =
        arrived.spans.iter().map(|(_, span)| (hex(&span.trace_id), hex(&span.span_id))).collect();
    let mut records: Vec<_> =
        arrived.logs.iter().map(|(_, record)| (hex(&record.trace_id), hex(&record.span_id))).collect();
    spans.sort();
    records.sort();
    assert_eq!((spans.len(), &records), (3, &spans), "each line was said in one of the spans");
}

#[derive(Debug)]
struct Outer(std::io::Error);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the game could not be saved")
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn a_line_inside_a_span_carries_its_ids() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);

    tracing::dispatcher::with_default(&telemetry.log_dispatch(), || {
        let verb = telemetry.verb(Verb { name: "games.create" });
        verb.in_scope(
            || tracing::info!(name: "games.created", target: "actions", seats = 4, "A game was created."),
        );
        tracing::info!(target: "hyper::proto", "A library's line.");
        tracing::info!(target: "actions", "Outside.");
    });

    let (spans, logs) = (captured.spans(), captured.logs());
    assert_eq!(logs.len(), 2, "libraries are left out: {logs:?}");
    assert_eq!(logs[0].name.as_deref(), Some("games.created"));
    assert_eq!(logs[0].trace_id.as_ref(), Some(&spans[0].trace_id));
    assert_eq!(logs[0].span_id.as_ref(), Some(&spans[0].span_id));
    assert_eq!(logs[0].attributes["seats"], "4");
    assert_eq!(logs[1].trace_id, None);
}

#[test]
fn a_failure_is_one_exception_record_before_all_else() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);

    tracing::dispatcher::with_default(&telemetry.log_dispatch(), || {
        let verb = telemetry.verb(Verb { name: "games.create" });
        let error = Outer(std::io::Error::other("disk full at https://db.test/secret?token=canary"));
        verb.fail("storage", &error);
        verb.fail("again", &error);
        verb.in_scope(|| tracing::info!(target: "actions", "The handler goes on."));
    });

    let (spans, logs) = (captured.spans(), captured.logs());
    assert_eq!(logs.len(), 2, "{logs:?}");
    assert_eq!(logs[0].name.as_deref(), Some("games.create.exception"));
    assert_eq!(logs[0].span_id.as_ref(), Some(&spans[0].span_id));
    insta::assert_debug_snapshot!((&logs[0].attributes, &spans[0].status, &spans[0].attributes), @r#"
    (
        {
            "exception.message": "the game could not be saved",
            "exception.stacktrace": "the game could not be saved\ncaused by: disk full at https://db.test",
            "exception.type": "storage",
        },
        Error {
            description: "the game could not be saved",
        },
        {
            "error.type": "storage",
            "muster.action": "games.create",
        },
    )
    "#);
}

#[test]
fn an_answer_that_is_an_error_is_one_record_of_the_same_type() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Bot);
    let call = HttpClient {
        method: "POST",
        template: "/channels/{id}/messages",
        server: "discord.test",
        port: 443,
        url: "https://discord.test/channels/1/messages",
    };
    let lost = std::io::Error::other("the body was cut");

    telemetry.http_client(call).response(204);
    telemetry.http_client(call).response(429);
    telemetry.http_client(call).response(503);
    telemetry.http_client(call).refused(403, &Outer(std::io::Error::other("missing access")));
    let torn = telemetry.http_client(call);
    torn.refused(500, &lost);
    torn.fail("connection", &lost);
    drop(torn);
    let broken = telemetry.http_client(call);
    broken.fail("500", &lost);
    broken.response(500);
    drop(broken);

    let spans = captured.spans();
    let told: Vec<String> = captured
        .logs()
        .iter()
        .map(|log| {
            let span = spans.iter().find(|span| Some(&span.span_id) == log.span_id.as_ref());
            let span = span.expect("a record is of a span");
            let status = &span.attributes["http.response.status_code"];
            let severity = log.severity.as_deref().unwrap_or_default();
            format!("{status} {severity} {} {:?}", log.attributes["exception.type"], span.status)
        })
        .collect();
    let well = spans.iter().filter(|span| format!("{:?}", span.status) == "Unset").count();
    assert_eq!((spans.len(), well), (6, 2));
    insta::assert_snapshot!(told.join("\n"), @r#"
    503 WARN 503 Error { description: "the answer was 503" }
    403 WARN 403 Error { description: "the game could not be saved" }
    500 WARN 500 Error { description: "the body was cut" }
    500 ERROR 500 Error { description: "the body was cut" }
    "#);
}

#[tokio::test]
async fn the_client_of_the_broker_is_not_heard() {
    let receiver = Receiver::listen();
    let telemetry = Telemetry::init(ServiceName::Api, &config(receiver.url())).expect("telemetry starts");
    tracing::dispatcher::with_default(&telemetry.log_dispatch(), || {
        assert!(tracing::enabled!(target: "bus::rabbit", tracing::Level::WARN));
        assert!(!tracing::enabled!(target: "lapin::channel", tracing::Level::ERROR), "it tells bodies");
    });
}
