//! The metrics that spans leave behind, and our own.

use std::time::Duration;

use telemetry::{
    Captured, Database, DbSystem, HttpServer, MessagingSystem, Process, Publish, ServiceName, Statement,
    Telemetry, TraceContext,
};

const COMMIT: Statement =
    Statement { summary: "COMMIT", operation: "COMMIT", collection: None, text: "COMMIT" };

/// Each series as `name{attributes} count`, durations left out.
fn series(captured: &Captured) -> String {
    let mut lines: Vec<String> = captured
        .metrics()
        .iter()
        .flat_map(|metric| {
            metric.points.iter().map(|point| {
                let attributes: Vec<String> =
                    point.attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
                format!("{} [{}] {{{}}} {}", metric.name, metric.unit, attributes.join(", "), point.count)
            })
        })
        .collect();
    lines.sort();
    lines.join("\n")
}

#[test]
fn a_span_leaves_its_duration_with_its_attributes_and_no_ids() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
    let nowhere = TraceContext::default();

    let request = HttpServer {
        method: "GET",
        route: Some("/games/{id}"),
        path: "/games/7",
        scheme: "http",
        link: None,
    };
    telemetry.http_server(request).response(500);
    let call = Database { system: DbSystem::PostgreSql, namespace: "muster", statement: &COMMIT };
    telemetry.database(call).returned_rows(3);
    telemetry.database(call).fail("40001", &std::io::Error::other("serialisation"));
    let message = Publish {
        system: MessagingSystem::InProcess,
        exchange: "muster.events",
        routing_key: "game.created",
        message_id: "m1",
        body_bytes: 2,
    };
    drop(telemetry.publish(message, &nowhere));
    let handled = Process {
        system: MessagingSystem::InProcess,
        queue: "muster.bot",
        routing_key: "game.created",
        message_id: "m1",
        delivery_tag: 1,
    };
    drop(telemetry.process(handled, &nowhere));

    insta::assert_snapshot!(series(&captured), @r"
    db.client.operation.duration [s] {db.namespace=muster, db.operation.name=COMMIT, db.query.summary=COMMIT, db.system.name=postgresql, error.type=40001} 1
    db.client.operation.duration [s] {db.namespace=muster, db.operation.name=COMMIT, db.query.summary=COMMIT, db.system.name=postgresql} 1
    db.client.response.returned_rows [{row}] {db.namespace=muster, db.operation.name=COMMIT, db.query.summary=COMMIT, db.system.name=postgresql} 1
    http.server.active_requests [{request}] {http.request.method=GET, url.scheme=http} 1
    http.server.request.duration [s] {error.type=500, http.request.method=GET, http.response.status_code=500, http.route=/games/{id}, url.scheme=http} 1
    messaging.client.consumed.messages [{message}] {messaging.destination.name=muster.bot, messaging.operation.name=process, messaging.operation.type=process, messaging.system=muster} 1
    messaging.client.operation.duration [s] {messaging.destination.name=muster.events, messaging.operation.name=publish, messaging.operation.type=send, messaging.system=muster} 1
    messaging.client.sent.messages [{message}] {messaging.destination.name=muster.events, messaging.operation.name=publish, messaging.operation.type=send, messaging.system=muster} 1
    messaging.process.duration [s] {messaging.destination.name=muster.bot, messaging.operation.name=process, messaging.operation.type=process, messaging.system=muster} 1
    ");
}

#[test]
fn a_request_is_active_until_its_span_ends() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
    let active = || captured.metric("http.server.active_requests").map(|metric| metric.points[0].value);

    let request = HttpServer { method: "GET", route: None, path: "/", scheme: "http", link: None };
    let span = telemetry.http_server(request);
    let during = active();
    drop(span);

    assert_eq!((during, active()), (Some(1.0), Some(0.0)));
}

/// Records once each metric that no span leaves behind.
pub(crate) fn record_all_of_ours(telemetry: &Telemetry) {
    let metrics = telemetry.metrics();
    metrics.game_changed("created", "api");
    metrics.participant_changed("joined", "discord");
    metrics.lead_time(Duration::from_hours(2));
    metrics.fill(0.5);
    metrics.ack("component", Duration::from_millis(40));
    metrics.schedule_lateness("reminder", Duration::from_millis(300));
    metrics.schedule_backlog("reminder", Duration::ZERO, 4);
    metrics.delivery("reminder", "sent", Duration::from_secs(1));
    metrics.outbox_backlog(Duration::from_secs(2), 1);
    metrics.discord_request("POST /channels/{id}/messages", 200);
    metrics.rate_limit_wait("POST /channels/{id}/messages");
    metrics.invalid_request("POST /channels/{id}/messages");
    metrics.card_edit("edited");
    metrics.gateway_connected(0, true);
    metrics.gateway_reconnected(0);
    metrics.gateway_heartbeat(0, Duration::from_millis(60));
    metrics.cache_request("member", "hit");
    metrics.loop_turned("relay");
}

#[test]
fn our_own_metrics_are_counted() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Bot);

    record_all_of_ours(&telemetry);

    insta::assert_snapshot!(series(&captured), @r"
    muster.cache.requests [{request}] {cache=member, result=hit} 1
    muster.delivery.lateness [s] {kind=reminder} 1
    muster.delivery.outcomes [{delivery}] {kind=reminder, outcome=sent} 1
    muster.discord.card_edits [{edit}] {result=edited} 1
    muster.discord.gateway.connected [1] {shard=0} 1
    muster.discord.gateway.heartbeat.latency [s] {shard=0} 1
    muster.discord.gateway.reconnects [{reconnect}] {shard=0} 1
    muster.discord.invalid_requests [{request}] {route=POST /channels/{id}/messages} 1
    muster.discord.rate_limit.waits [{wait}] {route=POST /channels/{id}/messages} 1
    muster.discord.requests [{request}] {route=POST /channels/{id}/messages, status=200} 1
    muster.games.changes [{change}] {action=created, door=api} 1
    muster.games.fill [1] {} 1
    muster.games.lead_time [s] {} 1
    muster.interaction.ack.duration [s] {kind=component} 1
    muster.loop.last_turn.age [s] {loop=relay} 1
    muster.outbox.oldest.age [s] {} 1
    muster.outbox.pending [{row}] {} 1
    muster.participants.changes [{change}] {action=joined, door=discord} 1
    muster.schedule.lateness [s] {kind=reminder} 1
    muster.schedule.oldest_due.age [s] {kind=reminder} 1
    muster.schedule.pending [{row}] {kind=reminder} 1
    ");
}
