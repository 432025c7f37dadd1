//! A trace goes through the broker, whatever happens to the message there.

use bus::{Bus, Consumer, Message};
use lapin::options::{BasicGetOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use telemetry::{ServiceName, Telemetry, TraceContext, Verb, shape};

use crate::broker::{self, Scene};
use crate::conformance::{BOT, eventually, message, next};

/// Takes a message, in its span, and rejects it.
async fn fail(bot: &Telemetry, consumer: &mut Consumer) -> TraceContext {
    let delivery = next(consumer).await;
    let trace = delivery.message.trace.clone();
    let span = delivery.process_span(bot);
    span.run(delivery.reject(bot)).await;
    trace
}

async fn publish(api: &Telemetry, bus: &Bus) {
    let verb = api.verb(Verb { name: "games.create" });
    let trace = TraceContext { tracestate: Some("vendor=1".to_owned()), ..verb.trace_context() };
    assert_eq!(bus.publish(api, &[Message { trace, ..message(1) }]).await, [Ok(())]);
}

#[tokio::test]
async fn rabbitmq_propagates_context() {
    broker::tell("context", async |scene| {
        let (api, seen_by_api) = Telemetry::captured(ServiceName::Api);
        let (bot, seen_by_bot) = Telemetry::captured(ServiceName::Bot);
        let bus = scene.bus();
        let mut consumer = bus.subscribe(BOT).await;
        publish(&api, &bus).await;

        // Redelivered until it is dead.
        let mut traces = Vec::new();
        for _ in 0..=BOT.delivery_limit {
            traces.push(fail(&bot, &mut consumer).await);
        }
        let dead = eventually(async || bus.dead_letters(&BOT).await.unwrap().pop()).await;
        traces.push(dead.message.trace);
        // Put back by hand.
        assert_eq!(bus.redrive(&BOT, None).await, Ok(1));
        traces.push(fail(&bot, &mut consumer).await);

        let published = &seen_by_api.spans()[0];
        let expected = format!("00-{}-{}-01", published.trace_id, published.span_id);
        assert_eq!(traces.len(), 13);
        for trace in traces {
            assert_eq!(
                (trace.traceparent.as_str(), trace.tracestate.as_deref()),
                (&*expected, Some("vendor=1"))
            );
        }
        let first_two = &seen_by_bot.spans()[..2];
        insta::assert_snapshot!(shape(&[&seen_by_api.spans()[..], first_two].concat()), @r"
        api-service: games.create INTERNAL [muster.action] links=0
          api-service: publish muster.events PRODUCER [messaging.destination.name, messaging.message.body.size, messaging.message.id, messaging.operation.name, messaging.operation.type, messaging.rabbitmq.destination.routing_key, messaging.system, server.address, server.port] links=0
            bot-service: process muster.bot CONSUMER [messaging.destination.name, messaging.message.id, messaging.operation.name, messaging.operation.type, messaging.rabbitmq.destination.routing_key, messaging.rabbitmq.message.delivery_tag, messaging.system, muster.event.type, server.address, server.port] links=1
              bot-service: reject muster.bot CLIENT [messaging.destination.name, messaging.operation.name, messaging.operation.type, messaging.rabbitmq.message.delivery_tag, messaging.system, server.address, server.port] links=0
        ");
    })
    .await;
}

#[tokio::test]
async fn headers_are_what_other_clients_read() {
    broker::tell("headers", async |scene| {
        let (api, _) = Telemetry::captured(ServiceName::Api);
        let bus = scene.bus();
        bus.subscribe(BOT).await;
        let others = others_queue(scene).await;
        publish(&api, &bus).await;

        let taken = eventually(async || others.take().await).await;

        let headers = taken.properties.headers().as_ref().unwrap().inner();
        let mut shown: Vec<_> = headers
            .iter()
            .map(|(name, value)| match value {
                AMQPValue::LongString(text) => format!("{name}: {} bytes of text", text.len()),
                other => format!("{name}: {other:?}"),
            })
            .collect();
        let properties = &taken.properties;
        shown.push(format!(
            "{:?} {:?} {:?} {:?}",
            properties.content_type().as_ref().unwrap().as_str(),
            properties.delivery_mode().unwrap(),
            properties.message_id().as_ref().unwrap().as_str(),
            properties.kind().as_ref().unwrap().as_str(),
        ));
        insta::assert_snapshot!(shown.join("\n"), @r#"
        traceparent: 55 bytes of text
        tracestate: 8 bytes of text
        "application/json" 2 "00000000-0000-0000-0000-000000000001" "game.created"
        "#);
    })
    .await;
}

/// A queue that somebody else has bound to our events.
struct Others {
    _connection: lapin::Connection,
    channel: lapin::Channel,
    queue: lapin::types::ShortString,
}

impl Others {
    async fn take(&self) -> Option<lapin::message::Delivery> {
        let options = BasicGetOptions { no_ack: true };
        let taken = self.channel.basic_get(self.queue.clone(), options).await.unwrap();
        taken.map(|taken| taken.delivery)
    }
}

async fn others_queue(scene: &Scene) -> Others {
    let (connection, channel) = scene.channel().await;
    let options = QueueDeclareOptions { exclusive: true, ..Default::default() };
    let queue = channel.queue_declare("".into(), options, FieldTable::default()).await.unwrap();
    let (name, exchange) = (queue.name().clone(), scene.named(bus::EXCHANGE).into());
    let options = QueueBindOptions::default();
    channel
        .queue_bind(name.clone(), exchange, "game.#".into(), options, FieldTable::default())
        .await
        .unwrap();
    Others { _connection: connection, channel, queue: name }
}
