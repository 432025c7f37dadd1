//! How spans hang together.

use telemetry::{
    Cycle, Daemon, Database, DbSystem, Dispatch, HttpServer, Interaction, MessagingSystem, Process, Publish,
    ServiceName, Statement, Telemetry, TraceContext, Verb, attr, shape, spawn,
};

const INSERT: Statement =
    Statement { summary: "INSERT games", operation: "INSERT", collection: Some("games"), text: "INSERT …" };
const STRANGER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn insert(telemetry: &Telemetry) {
    drop(telemetry.database(Database { system: DbSystem::Sqlite, namespace: "muster", statement: &INSERT }));
}

#[tokio::test]
async fn a_click_is_one_trace_over_services_and_the_bus() {
    let (api, seen_by_api) = Telemetry::captured(ServiceName::Api);
    let (bot, seen_by_bot) = Telemetry::captured(ServiceName::Bot);

    let interaction = api.interaction(Interaction { kind: "component", name: "join", id: 1 });
    let row = interaction
        .run(async {
            let verb = api.verb(Verb { name: "games.join" });
            verb.run(async {
                insert(&api);
                TraceContext::current()
            })
            .await
        })
        .await;
    let message = Publish {
        system: MessagingSystem::InProcess,
        exchange: "muster.events",
        routing_key: "participants.changed",
        message_id: "m1",
        body_bytes: 2,
    };
    let header = api.publish(message, &row).trace_context();
    drop(interaction);
    let process = bot.process(
        Process {
            system: MessagingSystem::InProcess,
            queue: "muster.bot",
            routing_key: "participants.changed",
            message_id: "m1",
            delivery_tag: 1,
        },
        &header,
    );
    process.in_scope(|| insert(&bot));
    drop(process);

    let spans = [seen_by_api.spans(), seen_by_bot.spans()].concat();
    insta::assert_snapshot!(shape(&spans), @r"
    api-service: discord.interaction join SERVER [discord.interaction.id, discord.interaction.type] links=0
      api-service: games.join INTERNAL [muster.action] links=0
        api-service: INSERT games CLIENT [db.collection.name, db.namespace, db.operation.name, db.query.summary, db.query.text, db.system.name] links=0
        api-service: publish muster.events PRODUCER [messaging.destination.name, messaging.message.body.size, messaging.message.id, messaging.operation.name, messaging.operation.type, messaging.rabbitmq.destination.routing_key, messaging.system] links=0
          bot-service: process muster.bot CONSUMER [messaging.destination.name, messaging.message.id, messaging.operation.name, messaging.operation.type, messaging.rabbitmq.destination.routing_key, messaging.rabbitmq.message.delivery_tag, messaging.system] links=1
            bot-service: INSERT games CLIENT [db.collection.name, db.namespace, db.operation.name, db.query.summary, db.query.text, db.system.name] links=0
    ");
}

#[test]
fn what_comes_due_starts_a_trace_that_links_back() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::NotificationDaemon);
    let verb = telemetry.verb(Verb { name: "games.create" });
    let scheduled_by = verb.trace_context();
    drop(verb);

    let cycle =
        telemetry.cycle(Cycle { daemon: Daemon::Notification, due: 1, claimed: 1, wake_reason: "due" });
    cycle.in_scope(|| {
        let due =
            Dispatch { notification: "n1", kind: "reminder", scheduled: "2026-11-22T18:00:00Z", game: "g1" };
        telemetry.dispatch(due, &scheduled_by).in_scope(|| insert(&telemetry));
    });
    drop(cycle);

    insta::assert_snapshot!(captured.shape(), @r"
    games.create INTERNAL [muster.action] links=0
    notification.cycle INTERNAL [muster.cycle.claimed, muster.cycle.due, muster.cycle.wake_reason] links=0
    notification.dispatch CONSUMER [muster.game.id, muster.notification.id, muster.notification.kind, muster.notification.scheduled_time] links=1
      INSERT games CLIENT [db.collection.name, db.namespace, db.operation.name, db.query.summary, db.query.text, db.system.name] links=0
    ");
}

#[test]
fn a_stranger_is_linked_to_but_never_a_parent() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);

    let link = Some(TraceContext::parse(Some(STRANGER), Some("evil=1")));
    let request = HttpServer { method: "GET", route: Some("/livez"), path: "/livez", scheme: "http", link };
    drop(telemetry.http_server(request));

    let span = &captured.spans()[0];
    assert_eq!(span.parent_span_id, None);
    assert_ne!(span.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(span.links, ["00f067aa0ba902b7"]);
}

#[tokio::test]
async fn a_spawned_task_works_in_the_trace_of_its_spawner() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);

    let verb = telemetry.verb(Verb { name: "games.join" });
    let task = telemetry.clone();
    let handle = verb.in_scope(|| spawn(async move { insert(&task) }));
    handle.await.expect("the task ends");
    drop(verb);

    insta::assert_snapshot!(captured.shape(), @r"
    games.join INTERNAL [muster.action] links=0
      INSERT games CLIENT [db.collection.name, db.namespace, db.operation.name, db.query.summary, db.query.text, db.system.name] links=0
    ");
}

/// An id that must not be turned into text.
struct Untouchable;

impl std::fmt::Display for Untouchable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("an attribute was built for a span that nobody records")
    }
}

#[test]
fn telemetry_that_is_off_makes_no_context_and_builds_no_attributes() {
    let telemetry = Telemetry::off(ServiceName::Api);

    let verb = telemetry.verb(Verb { name: "games.join" });
    verb.set(attr::game_id(&Untouchable));

    assert!(verb.trace_context().is_empty());
    assert!(verb.in_scope(TraceContext::current).is_empty());
}
