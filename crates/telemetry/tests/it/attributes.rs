//! What each kind of span says of itself.

use telemetry::{
    CacheCall, CacheSystem, Captured, CapturedSpan, Cycle, Daemon, Database, DbSystem, Delivery, Dispatch,
    GatewayEvent, HttpClient, HttpServer, Interaction, MessagingSystem, Process, Publish, ServiceName,
    Settle, Settlement, Statement, Telemetry, TraceContext, Transition, Verb, attr,
};

const SELECT_GAMES: Statement = Statement {
    summary: "SELECT games",
    operation: "SELECT",
    collection: Some("games"),
    text: "SELECT id FROM games WHERE guild = $1",
};

/// Name, kind, status and attributes of each span, in the order in which they ended.
fn report(captured: &Captured) -> String {
    captured.spans().iter().map(describe).collect::<Vec<_>>().join("\n")
}

fn describe(span: &CapturedSpan) -> String {
    let attributes: Vec<String> =
        span.attributes.iter().map(|(key, value)| format!("\n    {key} = {value}")).collect();
    format!("{} ({:?}, {:?}){}", span.name, span.kind, span.status, attributes.concat())
}

#[test]
fn a_request_is_named_by_its_route_never_by_its_path() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);

    let request = HttpServer {
        method: "POST",
        route: Some("/api/v1/games/{id}"),
        path: "/api/v1/games/7",
        scheme: "http",
        link: None,
    };
    let span = telemetry.http_server(request);
    span.set(attr::user_id(80_351_110_224_678_912));
    span.set(attr::client_address(&"127.0.0.1"));
    span.response(503);
    drop(span);
    let missing = HttpServer { method: "GET", route: None, path: "/nowhere", scheme: "http", link: None };
    telemetry.http_server(missing).response(404);
    let odd = HttpServer { method: "BREW", route: None, path: "/pot", scheme: "https", link: None };
    telemetry.http_server(odd).response(405);

    insta::assert_snapshot!(report(&captured), @r#"
    POST /api/v1/games/{id} (Server, Error { description: "the answer was 503" })
        client.address = 127.0.0.1
        error.type = 503
        http.request.method = POST
        http.response.status_code = 503
        http.route = /api/v1/games/{id}
        url.path = /api/v1/games/7
        url.scheme = http
        user.id = 80351110224678912
    GET (Server, Unset)
        http.request.method = GET
        http.response.status_code = 404
        url.path = /nowhere
        url.scheme = http
    HTTP (Server, Unset)
        http.request.method = _OTHER
        http.request.method_original = BREW
        http.response.status_code = 405
        url.path = /pot
        url.scheme = https
    "#);
}

#[test]
fn a_call_is_named_by_its_template_and_hides_tokens() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Bot);

    let call = HttpClient {
        method: "POST",
        template: "/webhooks/{application}/{token}",
        server: "discord.test",
        port: 443,
        url: "https://discord.test/api/v10/webhooks/12/canary?wait=true",
    };
    telemetry.http_client(call).response(429);
    telemetry.http_client(call).response(404);

    insta::assert_snapshot!(report(&captured), @r#"
    POST /webhooks/{application}/{token} (Client, Unset)
        http.request.method = POST
        http.response.status_code = 429
        server.address = discord.test
        server.port = 443
        url.full = https://discord.test/api/v10/webhooks/12/REDACTED
        url.template = /webhooks/{application}/{token}
    POST /webhooks/{application}/{token} (Client, Error { description: "the answer was 404" })
        error.type = 404
        http.request.method = POST
        http.response.status_code = 404
        server.address = discord.test
        server.port = 443
        url.full = https://discord.test/api/v10/webhooks/12/REDACTED
        url.template = /webhooks/{application}/{token}
    "#);
}

#[test]
fn storage_spans_carry_the_statement_but_no_values() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);

    let call = Database { system: DbSystem::Sqlite, namespace: "muster.db", statement: &SELECT_GAMES };
    let span = telemetry.database(call);
    span.returned_rows(3);
    drop(span);
    let failed = telemetry.database(call);
    failed.set(attr::db_status_code("23505"));
    failed.fail("23505", &std::io::Error::other("it is there already"));
    drop(failed);
    let cached = CacheCall { system: CacheSystem::Redis, operation: "GET", prefix: "member" };
    telemetry.cache(cached).set(attr::cache_hit(true));
    telemetry.cache(CacheCall { system: CacheSystem::Memory, ..cached });

    insta::assert_snapshot!(report(&captured), @r#"
    SELECT games (Client, Unset)
        db.collection.name = games
        db.namespace = muster.db
        db.operation.name = SELECT
        db.query.summary = SELECT games
        db.query.text = SELECT id FROM games WHERE guild = $1
        db.response.returned_rows = 3
        db.system.name = sqlite
    SELECT games (Client, Error { description: "it is there already" })
        db.collection.name = games
        db.namespace = muster.db
        db.operation.name = SELECT
        db.query.summary = SELECT games
        db.query.text = SELECT id FROM games WHERE guild = $1
        db.response.status_code = 23505
        db.system.name = sqlite
        error.type = 23505
    GET member (Client, Unset)
        db.operation.name = GET
        db.system.name = redis
        muster.cache.hit = true
    GET member (Internal, Unset)
        db.operation.name = GET
        db.system.name = memory
    "#);
}

#[test]
fn messaging_spans_name_exchange_and_queue() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Bot);
    let nowhere = TraceContext::default();

    let published = Publish {
        system: MessagingSystem::InProcess,
        exchange: "muster.events",
        routing_key: "game.created",
        message_id: "m1",
        body_bytes: 12,
    };
    drop(telemetry.publish(published, &nowhere));
    let processed = Process {
        system: MessagingSystem::RabbitMq,
        queue: "muster.bot",
        routing_key: "game.created",
        message_id: "m1",
        delivery_tag: 4,
    };
    drop(telemetry.process(processed, &nowhere));
    let settled = Settle {
        system: MessagingSystem::RabbitMq,
        queue: "muster.bot",
        operation: Settlement::Reject,
        delivery_tag: 4,
    };
    drop(telemetry.settle(settled));

    insta::assert_snapshot!(report(&captured), @r"
    publish muster.events (Producer, Unset)
        messaging.destination.name = muster.events
        messaging.message.body.size = 12
        messaging.message.id = m1
        messaging.operation.name = publish
        messaging.operation.type = send
        messaging.rabbitmq.destination.routing_key = game.created
        messaging.system = muster
    process muster.bot (Consumer, Unset)
        messaging.destination.name = muster.bot
        messaging.message.id = m1
        messaging.operation.name = process
        messaging.operation.type = process
        messaging.rabbitmq.destination.routing_key = game.created
        messaging.rabbitmq.message.delivery_tag = 4
        messaging.system = rabbitmq
    reject muster.bot (Client, Unset)
        messaging.destination.name = muster.bot
        messaging.operation.name = reject
        messaging.operation.type = settle
        messaging.rabbitmq.message.delivery_tag = 4
        messaging.system = rabbitmq
    ");
}

#[test]
fn what_discord_sends_is_named_by_command_and_event() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Bot);

    let interaction = telemetry.interaction(Interaction { kind: "component", name: "join", id: 1 });
    interaction.set(attr::guild_id(2));
    interaction.set(attr::channel_id(3));
    interaction.set(attr::ack_ms(40));
    drop(interaction);
    drop(telemetry.interaction(Interaction { kind: "command", name: "game", id: 5 }));
    drop(telemetry.gateway_event(GatewayEvent { event: "GUILD_CREATE", shard: 0 }));

    insta::assert_snapshot!(report(&captured), @r"
    discord.interaction join (Server, Unset)
        discord.channel.id = 3
        discord.guild.id = 2
        discord.interaction.id = 1
        discord.interaction.type = component
        muster.interaction.ack_ms = 40
    discord.interaction game (Server, Unset)
        discord.command.name = game
        discord.interaction.id = 5
        discord.interaction.type = command
    discord.gateway GUILD_CREATE (Consumer, Unset)
        discord.gateway.event = GUILD_CREATE
        discord.shard.id = 0
    ");
}

#[test]
fn what_comes_due_says_what_and_when() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::NotificationDaemon);
    let nowhere = TraceContext::default();

    drop(telemetry.cycle(Cycle { daemon: Daemon::Notification, due: 3, claimed: 2, wake_reason: "poll" }));
    let dispatch =
        Dispatch { notification: "n1", kind: "reminder", scheduled: "2026-11-22T18:00:00Z", game: "g1" };
    telemetry.dispatch(dispatch, &nowhere).set(attr::notification_lateness_ms(12));
    let transition =
        Transition { game: "g1", old: "scheduled", new: "running", time: "2026-11-22T18:00:00Z" };
    drop(telemetry.transition(transition, &nowhere));
    let delivery = Delivery { kind: "reminder", delivery: "d1", attempt: 1, game: "g1" };
    telemetry.delivery(delivery, &nowhere).set(attr::outcome("sent"));
    telemetry.verb(Verb { name: "games.join" }).set(attr::game_id(&"g1"));

    insta::assert_snapshot!(report(&captured), @r"
    notification.cycle (Internal, Unset)
        muster.cycle.claimed = 2
        muster.cycle.due = 3
        muster.cycle.wake_reason = poll
    notification.dispatch (Consumer, Unset)
        muster.game.id = g1
        muster.notification.id = n1
        muster.notification.kind = reminder
        muster.notification.lateness_ms = 12
        muster.notification.scheduled_time = 2026-11-22T18:00:00Z
    status_transition.apply (Consumer, Unset)
        muster.game.id = g1
        muster.transition.new_status = running
        muster.transition.old_status = scheduled
        muster.transition.time = 2026-11-22T18:00:00Z
    delivery.send reminder (Internal, Unset)
        muster.delivery.attempt = 1
        muster.delivery.id = d1
        muster.delivery.kind = reminder
        muster.game.id = g1
        muster.outcome = sent
    games.join (Internal, Unset)
        muster.action = games.join
        muster.game.id = g1
    ");
}
