//! What the builders and instruments emit is listed, and what is listed for them is emitted.

use std::time::Duration;

use telemetry::registry::{Emitted, compare};
use telemetry::{
    CacheCall, CacheSystem, Cycle, Daemon, Database, DbSystem, Delivery, Dispatch, GatewayEvent, HttpClient,
    HttpServer, Interaction, MessagingSystem, Pool, PoolState, Process, Publish, ServiceName, Settle,
    Settlement, Statement, Telemetry, TraceContext, Transition, Verb, attr,
};

use crate::metrics::record_all_of_ours;

const SELECT: Statement =
    Statement { summary: "SELECT games", operation: "SELECT", collection: Some("games"), text: "SELECT 1" };

fn http(telemetry: &Telemetry) {
    let odd = HttpServer { method: "BREW", route: None, path: "/", scheme: "http", link: None };
    drop(telemetry.http_server(odd));
    let route = Some("/games/{id}");
    let request = HttpServer { method: "GET", route, path: "/games/1", scheme: "http", link: None };
    let server = telemetry.http_server(request);
    server.set(attr::user_id(1));
    server.set(attr::guild_id(2));
    server.set(attr::game_id(&3));
    server.set(attr::client_address(&"127.0.0.1"));
    server.set(attr::server_address("muster.test"));
    server.set(attr::server_port(443));
    server.set(attr::user_agent("curl"));
    server.set(attr::protocol_version("1.1"));
    server.fail("500", &std::io::Error::other("broken"));
    server.response(500);
    let call = HttpClient {
        method: "POST",
        template: "/channels/{id}/messages",
        server: "discord.test",
        port: 443,
        url: "https://discord.test/channels/1/messages",
    };
    let client = telemetry.http_client(call);
    client.set(attr::resend_count(1));
    client.set(attr::rate_limit_bucket("abcd"));
    client.set(attr::discord_error_code(50_007));
    client.response(404);
}

fn storage(telemetry: &Telemetry) {
    let call = Database { system: DbSystem::Sqlite, namespace: "muster", statement: &SELECT };
    let database = telemetry.database(call);
    database.returned_rows(1);
    database.set(attr::db_status_code("23505"));
    database.fail("23505", &std::io::Error::other("it is there"));
    for system in [CacheSystem::Redis, CacheSystem::Memory] {
        telemetry.cache(CacheCall { system, operation: "GET", prefix: "member" }).set(attr::cache_hit(true));
    }
    let pool = telemetry.connection_pool(Pool { name: "writer", max: 1 }, PoolState::default);
    pool.created(Duration::ZERO);
}

fn messaging(telemetry: &Telemetry) {
    let (system, nowhere) = (MessagingSystem::InProcess, TraceContext::default());
    let (routing_key, message_id) = ("game.created", "m1");
    let publish = Publish { system, exchange: "muster.events", routing_key, message_id, body_bytes: 1 };
    telemetry.publish(publish, &nowhere).set(attr::game_id(&1));
    let process = Process { system, queue: "muster.bot", routing_key, message_id, delivery_tag: 1 };
    telemetry.process(process, &nowhere).set(attr::event_type("game.created"));
    let operation = Settlement::Ack;
    drop(telemetry.settle(Settle { system, queue: "muster.bot", operation, delivery_tag: 1 }));
}

fn discord(telemetry: &Telemetry) {
    let interaction = telemetry.interaction(Interaction { kind: "command", name: "game", id: 1 });
    interaction.set(attr::channel_id(1));
    interaction.set(attr::command_name("game"));
    interaction.set(attr::ack_ms(40));
    drop(telemetry.gateway_event(GatewayEvent { event: "GUILD_CREATE", shard: 0 }));
}

fn daemons(telemetry: &Telemetry) {
    let nowhere = TraceContext::default();
    for daemon in [Daemon::Notification, Daemon::StatusTransition] {
        let cycle = Cycle { daemon, due: 1, claimed: 1, wake_reason: "due" };
        telemetry.cycle(cycle).set(attr::oldest_lateness_ms(1));
    }
    let at = "2026-11-22T18:00:00Z";
    let dispatch = Dispatch { notification: "n1", kind: "reminder", scheduled: at, game: "g1" };
    telemetry.dispatch(dispatch, &nowhere).set(attr::notification_lateness_ms(1));
    let transition = Transition { game: "g1", old: "scheduled", new: "running", time: at };
    telemetry.transition(transition, &nowhere).set(attr::transition_lateness_ms(1));
    let delivery = Delivery { kind: "reminder", delivery: "d1", attempt: 1, game: "g1" };
    telemetry.delivery(delivery, &nowhere).set(attr::message_id(1));
    let verb = telemetry.verb(Verb { name: "games.create" });
    verb.set(attr::template_id(&1));
    verb.set(attr::outcome("ok"));
}

#[tokio::test]
async fn what_this_crate_emits_is_what_the_registry_lists() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
    let probe = telemetry.observe_runtime(&tokio::runtime::Handle::current());
    for tell in [http, storage, messaging, discord, daemons, record_all_of_ours] {
        tell(&telemetry);
    }
    let mut emitted = Emitted::default();
    emitted.captured(&captured);
    drop(probe);

    let found = compare(&emitted);
    assert!(found.unlisted.is_empty(), "{found}");
    // Other crates say these, or only what exports does.
    let elsewhere = |line: &String| {
        line.starts_with("event ")
            || line.starts_with("metric otel.sdk.")
            || line.starts_with("metric process.")
            || line == "metric muster.tokio.scheduled.duration"
            || telemetry_of_events(line)
    };
    let missing: Vec<_> = found.unemitted.iter().filter(|line| !elsewhere(line)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Whether only events say it.
fn telemetry_of_events(line: &str) -> bool {
    let Some(key) = line.strip_prefix("attribute ") else { return false };
    let spans = telemetry::registry::spans().iter();
    let metrics = telemetry::registry::metrics().iter();
    let mut said = spans.flat_map(|span| span.required.iter().chain(span.optional));
    !said.any(|said| *said == key) && !metrics.flat_map(|metric| metric.attributes).any(|said| *said == key)
}
