//! A message is published and processed in one trace, however often it has to come, and whoever dies between.

use super::sink::Sink;
use super::tables::rename;
use crate::guild::Guild;
use crate::observatory::Trace;
use crate::program::{Home, Program, eventually};
use crate::shape::said;
use bus::{Bus, Message, QueueSpec};
use practice::cast;
use serde_json::{Value, json};
use telemetry::{Captured, CapturedSpan, ServiceName, Telemetry, Verb};
use uuid::Uuid;

/// Makes a game in a program whose bot can't take events, and waits until it has tried twice.
async fn fail_twice(program: &Program, home: &Home, sink: &Sink) -> String {
    let ada = program.person(&home.token("Ada").await);
    program.knows_guild(&ada).await;
    rename(home, "inbox", "gone").await;
    let guild = Guild::at(program.http.clone(), program.address("practice"));
    let start = guild.now().await + jiff::SignedDuration::from_hours(3);
    let wish = json!({ "guild": cast::GUILD_ID.to_string(), "title": "Lancer", "start": start });
    let made = ada.post("/api/v1/games", &wish).await;
    let trace = made.header("x-request-id").to_owned();
    made.is(201);
    sink.until("two attempts that failed", |exported| {
        let trace = exported.trace(&trace);
        (attempts(&trace).filter(|span| span["status"] == "error").count() >= 2).then_some(())
    })
    .await;
    trace
}

fn attempts(trace: &Trace) -> impl Iterator<Item = &Value> {
    trace.spans.iter().filter(|span| span["name"] == "process muster.bot")
}

/// Waits until an attempt has gone well, and the card is out.
async fn succeeds(sink: &Sink, id: &str) -> Trace {
    sink.until("an attempt that went well", |exported| {
        let trace = exported.trace(id);
        let went_well = attempts(&trace).any(|span| span["status"] == "unset");
        (went_well && trace.has("delivery.send announcement")).then_some(trace)
    })
    .await
}

/// Every attempt is a child of a publish span, and linked to it.
fn all_are_published(trace: &Trace) {
    for attempt in attempts(trace) {
        let publish = trace.parent(attempt).unwrap();
        assert_eq!(said(publish, "name"), "publish muster.events");
        assert_eq!(attempt["links"][0]["span_id"], publish["span_id"]);
    }
}

#[tokio::test]
async fn a_message_that_comes_again_stays_in_its_trace() {
    let sink = Sink::listen().await;
    let home = sink.home();
    let program = home.up().await;
    let id = fail_twice(&program, &home, &sink).await;
    rename(&home, "gone", "inbox").await;
    let trace = succeeds(&sink, &id).await;
    all_are_published(&trace);
    assert_eq!(trace.only("publish muster.events")["service"], "api-service", "it was published once");
    let failed = attempts(&trace).find(|span| span["status"] == "error").unwrap();
    let settled = trace
        .spans
        .iter()
        .find(|span| span["parent_span_id"] == failed["span_id"] && span["name"] == "reject muster.bot");
    assert!(settled.is_some(), "it was rejected in its attempt: {trace:#?}");
    program.stop().await;
}

#[tokio::test]
async fn a_message_outlives_its_process_in_its_trace() {
    let sink = Sink::listen().await;
    let home = sink.home();
    let program = home.up().await;
    let id = fail_twice(&program, &home, &sink).await;
    drop(program.kill());
    rename(&home, "gone", "inbox").await;
    let program = home.up().await;
    let trace = succeeds(&sink, &id).await;
    all_are_published(&trace);
    let published: Vec<_> =
        trace.spans.iter().filter(|span| span["name"] == "publish muster.events").collect();
    assert_eq!(published.len(), 2, "by each of the two processes");
    for publish in &published {
        assert_eq!(said(trace.parent(publish).unwrap(), "name"), "games.create");
    }
    let instance = |span: &Value| span["resource"]["service.instance.id"].clone();
    assert_ne!(instance(published[0]), instance(published[1]));
    program.stop().await;
}

const QUEUE: QueueSpec = QueueSpec { delivery_limit: 1, ..QueueSpec::durable("muster.bot", &["#"]) };

/// The span of that name that came last.
fn last(captured: &Captured, name: &str) -> CapturedSpan {
    captured.spans().into_iter().rfind(|span| span.name == name).unwrap()
}

#[tokio::test]
async fn a_dead_letter_that_is_sent_again_stays_in_its_trace() {
    die_and_come_again(Bus::in_process()).await;
}

#[tokio::test]
async fn a_dead_letter_of_a_broker_stays_in_its_trace() {
    if let Some(bus) = super::arrows::broker("dead") {
        die_and_come_again(bus).await;
    }
}

/// A message is rejected until it is dead, and then sent again: three attempts, one trace.
async fn die_and_come_again(bus: Bus) {
    let (api, by_api) = Telemetry::captured(ServiceName::Api);
    let (bot, by_bot) = Telemetry::captured(ServiceName::Bot);
    bus.declare(QUEUE);
    let mut consumer = bus.subscribe(QUEUE).await;
    let verb = api.verb(Verb { name: "games.create" });
    let trace = verb.trace_context();
    let id = Uuid::from_u128(7);
    let (routing_key, body) = ("game.created".to_owned(), b"{}".to_vec());
    let message = Message { id, routing_key, body, game: None, trace };
    bus.publish(&api, &[message]).await.remove(0).unwrap();
    drop(verb);
    for _ in 0..2 {
        let delivery = consumer.next().await.unwrap();
        delivery.process_span(&bot).run(delivery.reject(&bot)).await;
    }
    let redriven = async || (bus.redrive(&QUEUE, Some(id)).await.unwrap() == 1).then_some(());
    eventually("the dead letter", redriven).await;
    let delivery = consumer.next().await.unwrap();
    delivery.process_span(&bot).run(delivery.ack(&bot)).await;

    let (publish, process) = (last(&by_api, "publish muster.events"), last(&by_bot, "process muster.bot"));
    assert_eq!(by_bot.spans().iter().filter(|span| span.name == process.name).count(), 3);
    for span in by_bot.spans() {
        assert_eq!(span.trace_id, publish.trace_id, "{span:#?}");
    }
    assert_eq!(process.parent_span_id.as_ref(), Some(&publish.span_id));
    assert_eq!(process.links, [publish.span_id]);
    assert_eq!(last(&by_bot, "ack muster.bot").parent_span_id, Some(process.span_id));
    bus.close().await;
}
