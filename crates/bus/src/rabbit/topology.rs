//! Exchanges, queues and their arguments.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};

use super::config::Broker;
use super::wire::{short, text};
use crate::QueueSpec;

/// How many messages a durable queue keeps; what comes then stays in the outbox.
const DURABLE_MESSAGES: i64 = 1_000_000;
/// How many messages a transient queue keeps; then it drops its oldest.
const TRANSIENT_MESSAGES: i64 = 10_000;
/// Dead letters are looked at by taking them and giving them back, which must not kill them a second time. A number,
/// since 3.10 knows no word for "never" and 4.0 takes 20 where nothing is said.
const NEVER: i64 = 1_000_000_000;

type Arguments = Vec<(&'static str, AMQPValue)>;

/// Declares the exchange of all events and that of dead letters.
pub(crate) async fn declare_exchanges(channel: &Channel, broker: &Broker) -> Result<(), lapin::Error> {
    let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
    for (name, kind) in
        [(broker.exchange(), ExchangeKind::Topic), (broker.dead_exchange(), ExchangeKind::Direct)]
    {
        channel.exchange_declare(short(&name), kind, options, FieldTable::default()).await?;
    }
    Ok(())
}

/// Declares a queue with all that belongs to it; tells what the broker calls it.
pub(crate) async fn declare(
    channel: &Channel,
    broker: &Broker,
    spec: &QueueSpec,
) -> Result<String, lapin::Error> {
    if spec.durable {
        return declare_durable(channel, broker, spec).await;
    }
    let name = declare_own(channel).await?;
    bind_to_events(channel, broker, (spec, &name)).await?;
    Ok(name)
}

async fn bind_to_events(
    channel: &Channel,
    broker: &Broker,
    (spec, queue): (&QueueSpec, &str),
) -> Result<(), lapin::Error> {
    for pattern in spec.bindings {
        bind(channel, queue, &broker.exchange(), pattern).await?;
    }
    Ok(())
}

/// Binds a durable queue and that of its dead letters, which have to be there; what is bound stays so.
pub(crate) async fn bind_durable(
    channel: &Channel,
    broker: &Broker,
    spec: &QueueSpec,
) -> Result<(), lapin::Error> {
    let dead = broker.dead_queue(spec.name);
    bind(channel, &dead, &broker.dead_exchange(), &dead).await?;
    bind_to_events(channel, broker, (spec, &broker.queue(spec.name))).await
}

async fn declare_durable(
    channel: &Channel,
    broker: &Broker,
    spec: &QueueSpec,
) -> Result<String, lapin::Error> {
    let options = QueueDeclareOptions { durable: true, ..Default::default() };
    let dead = broker.dead_queue(spec.name);
    channel.queue_declare(short(&dead), options, table(dead_arguments())).await?;
    let name = broker.queue(spec.name);
    channel.queue_declare(short(&name), options, table(durable_arguments(broker, spec))).await?;
    bind_durable(channel, broker, spec).await?;
    Ok(name)
}

/// A queue of this connection, named by the broker, gone with its consumer.
async fn declare_own(channel: &Channel) -> Result<String, lapin::Error> {
    let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
    let queue = channel.queue_declare("".into(), options, table(transient_arguments())).await?;
    Ok(queue.name().as_str().to_owned())
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, pattern: &str) -> Result<(), lapin::Error> {
    let options = QueueBindOptions::default();
    channel.queue_bind(short(queue), short(exchange), short(pattern), options, FieldTable::default()).await
}

/// Every argument is said, since versions differ in what they take where nothing is.
pub(crate) fn durable_arguments(broker: &Broker, spec: &QueueSpec) -> Arguments {
    vec![
        ("x-queue-type", text("quorum")),
        ("x-queue-leader-locator", text("client-local")),
        ("x-delivery-limit", AMQPValue::LongLongInt(spec.delivery_limit.into())),
        ("x-max-length", AMQPValue::LongLongInt(DURABLE_MESSAGES)),
        ("x-overflow", text("reject-publish")),
        ("x-dead-letter-exchange", text(&broker.dead_exchange())),
        ("x-dead-letter-routing-key", text(&broker.dead_queue(spec.name))),
        ("x-dead-letter-strategy", text("at-least-once")),
    ]
}

pub(crate) fn dead_arguments() -> Arguments {
    vec![
        ("x-queue-type", text("quorum")),
        ("x-queue-leader-locator", text("client-local")),
        ("x-delivery-limit", AMQPValue::LongLongInt(NEVER)),
        ("x-max-length", AMQPValue::LongLongInt(DURABLE_MESSAGES)),
        ("x-overflow", text("reject-publish")),
    ]
}

fn transient_arguments() -> Arguments {
    vec![
        ("x-queue-type", text("classic")),
        ("x-max-length", AMQPValue::LongLongInt(TRANSIENT_MESSAGES)),
        ("x-overflow", text("drop-head")),
    ]
}

pub(crate) fn table(arguments: Arguments) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in arguments {
        table.insert(name.into(), value);
    }
    table
}
