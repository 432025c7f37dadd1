//! What every backend promises. A backend is tested by `conformance!(a function that tells a story on an empty bus)`.

use std::time::Duration;

use bus::{Bus, Consumer, DeadLetter, Delivery, Health, Message, PublishError, QueueSpec};
use telemetry::{ServiceName, Telemetry, TraceContext, Verb, shape};
use uuid::Uuid;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const BOT: QueueSpec = QueueSpec::durable("muster.bot", &["game.*"]);
const LIVE: QueueSpec = QueueSpec::transient("muster.live", &["#"]);

macro_rules! conformance {
    ($tell:path) => {
        conformance!(
            $tell,
            a_message_reaches_every_bound_queue,
            what_no_queue_takes_is_not_confirmed,
            a_durable_queue_keeps_what_nobody_consumes_yet,
            a_transient_queue_dies_with_its_consumer,
            consumers_of_a_durable_queue_share_its_messages,
            what_is_acknowledged_does_not_come_again,
            what_is_dropped_comes_again_first,
            what_is_rejected_lets_the_others_go_first,
            what_fails_too_often_is_dead_until_it_is_redriven,
            what_dies_again_is_put_back_once,
            a_consumer_holds_no_more_than_its_prefetch,
            a_closed_bus_ends_its_consumers,
            a_trace_goes_through_the_bus,
        );
    };
    ($tell:path, $($story:ident),+ $(,)?) => {
        $(#[tokio::test]
        async fn $story() {
            $tell(stringify!($story), crate::conformance::$story).await;
        })+
    };
}

pub(crate) fn message(number: u8) -> Message {
    Message {
        id: Uuid::from_u128(number.into()),
        routing_key: "game.created".to_owned(),
        body: vec![number],
        game: None,
        trace: TraceContext::default(),
    }
}

pub(crate) async fn next(consumer: &mut Consumer) -> Delivery {
    let next = tokio::time::timeout(PATIENCE, consumer.next()).await;
    next.expect("a message comes").expect("the bus is open")
}

async fn publish(bus: &Bus, messages: &[Message]) -> Vec<Result<(), PublishError>> {
    bus.publish(&Telemetry::off(ServiceName::Api), messages).await
}

async fn publish_numbers<const N: usize>(bus: &Bus, numbers: [u8; N]) {
    let answers = publish(bus, &numbers.map(message)).await;
    assert_eq!(answers, vec![Ok(()); N]);
}

async fn ack(delivery: Delivery) {
    delivery.ack(&Telemetry::off(ServiceName::Bot)).await;
}

async fn reject(delivery: Delivery) {
    delivery.reject(&Telemetry::off(ServiceName::Bot)).await;
}

/// Nothing waits for this consumer: what is published now comes next.
async fn has_nothing(bus: &Bus, consumer: &mut Consumer) {
    publish_numbers(bus, [99]).await;
    let next = next(consumer).await;
    assert_eq!(next.message, message(99));
    ack(next).await;
}

/// Looks again and again until it is so.
pub(crate) async fn eventually<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("it becomes so")
}

pub(crate) async fn a_message_reaches_every_bound_queue(bus: Bus) {
    let mut bot = bus.subscribe(BOT).await;
    let (mut live, mut other) = (bus.subscribe(LIVE).await, bus.subscribe(LIVE).await);

    publish_numbers(&bus, [1]).await;

    for consumer in [&mut bot, &mut live, &mut other] {
        let delivery = next(consumer).await;
        assert_eq!(delivery.message, message(1));
        assert_eq!((delivery.attempt, delivery.redelivered, delivery.delivery_tag), (1, false, 1));
    }
}

pub(crate) async fn what_no_queue_takes_is_not_confirmed(bus: Bus) {
    bus.declare(BOT);
    let stray = Message { routing_key: "guild.removed".to_owned(), ..message(1) };

    let answers = publish(&bus, &[message(1), stray, message(3)]).await;

    assert_eq!(answers, [Ok(()), Err(PublishError::Unroutable), Ok(())]);
}

pub(crate) async fn a_durable_queue_keeps_what_nobody_consumes_yet(bus: Bus) {
    bus.declare(BOT);
    publish_numbers(&bus, [1]).await;
    drop(bus.subscribe(BOT).await);
    publish_numbers(&bus, [2]).await;

    let mut bot = bus.subscribe(BOT).await;

    let bodies = [next(&mut bot).await, next(&mut bot).await].map(|delivery| delivery.message.body.clone());
    assert_eq!(bodies, [vec![1], vec![2]]);
}

pub(crate) async fn a_transient_queue_dies_with_its_consumer(bus: Bus) {
    drop(bus.subscribe(LIVE).await);

    let unroutable =
        async || (publish(&bus, &[message(1)]).await == [Err(PublishError::Unroutable)]).then_some(());
    eventually(unroutable).await;
}

pub(crate) async fn consumers_of_a_durable_queue_share_its_messages(bus: Bus) {
    let (mut one, mut two) = (bus.subscribe(BOT).await, bus.subscribe(BOT).await);

    let (first, second, ()) = tokio::join!(next(&mut one), next(&mut two), publish_numbers(&bus, [1, 2]));

    let mut bodies = [first.message.body.clone(), second.message.body.clone()];
    bodies.sort();
    assert_eq!(bodies, [vec![1], vec![2]]);
}

pub(crate) async fn what_is_acknowledged_does_not_come_again(bus: Bus) {
    let mut bot = bus.subscribe(BOT).await;
    publish_numbers(&bus, [1]).await;

    ack(next(&mut bot).await).await;

    has_nothing(&bus, &mut bot).await;
    drop(bot);
    has_nothing(&bus, &mut bus.subscribe(BOT).await).await;
}

pub(crate) async fn what_is_dropped_comes_again_first(bus: Bus) {
    let mut bot = bus.subscribe(QueueSpec { prefetch: 1, ..BOT }).await;
    publish_numbers(&bus, [1, 2]).await;

    drop(next(&mut bot).await);

    let again = next(&mut bot).await;
    assert_eq!(again.message, message(1));
    assert_eq!((again.attempt, again.redelivered, again.delivery_tag), (2, true, 2));
}

pub(crate) async fn what_is_rejected_lets_the_others_go_first(bus: Bus) {
    let mut bot = bus.subscribe(BOT).await;
    publish_numbers(&bus, [1, 2]).await;

    reject(next(&mut bot).await).await;

    ack(next(&mut bot).await).await;
    let again = next(&mut bot).await;
    assert_eq!((again.message.body.clone(), again.attempt), (vec![1], 2));
}

pub(crate) async fn what_fails_too_often_is_dead_until_it_is_redriven(bus: Bus) {
    let mut bot = bus.subscribe(BOT).await;
    publish_numbers(&bus, [1]).await;

    for attempt in 1..=BOT.delivery_limit + 1 {
        let delivery = next(&mut bot).await;
        assert_eq!(delivery.attempt, attempt);
        reject(delivery).await;
    }
    has_nothing(&bus, &mut bot).await;
    let dead = eventually(async || bus.dead_letters(&BOT).await.ok().filter(|dead| !dead.is_empty())).await;
    assert_eq!(dead, [DeadLetter { message: message(1), attempts: 11 }]);

    assert_eq!(bus.redrive(&BOT, Some(Uuid::from_u128(9))).await, Ok(0));
    assert_eq!(bus.redrive(&BOT, Some(message(1).id)).await, Ok(1));
    let again = next(&mut bot).await;
    assert_eq!((&again.message, again.attempt), (&message(1), 1));
    assert_eq!(bus.dead_letters(&BOT).await, Ok(vec![]));
}

pub(crate) async fn what_dies_again_is_put_back_once(bus: Bus) {
    let mut bot = bus.subscribe(BOT).await;
    publish_numbers(&bus, [1, 2, 3]).await;
    let refusing = telemetry::spawn(async move {
        while let Some(delivery) = bot.next().await {
            reject(delivery).await;
        }
    });
    let all_dead = async || bus.dead_letters(&BOT).await.ok().filter(|dead| dead.len() == 3).map(|_| ());
    eventually(all_dead).await;

    assert_eq!(bus.redrive(&BOT, None).await, Ok(3));

    eventually(all_dead).await;
    refusing.abort();
}

pub(crate) async fn a_consumer_holds_no_more_than_its_prefetch(bus: Bus) {
    let mut bot = bus.subscribe(QueueSpec { prefetch: 2, ..BOT }).await;
    publish_numbers(&bus, [1, 2, 3]).await;

    let first = next(&mut bot).await;
    let _second = next(&mut bot).await;
    let mut other = bus.subscribe(BOT).await;
    assert_eq!(next(&mut other).await.message, message(3));

    drop(other);
    ack(first).await;
    assert_eq!(next(&mut bot).await.message, message(3));
}

pub(crate) async fn a_closed_bus_ends_its_consumers(bus: Bus) {
    let mut bot = bus.subscribe(BOT).await;
    publish_numbers(&bus, [1]).await;
    let in_hand = next(&mut bot).await;

    let (end, ()) = tokio::join!(bot.next(), bus.close());

    assert!(end.is_none());
    assert_eq!(publish(&bus, &[message(2)]).await, [Err(PublishError::Closed)]);
    assert!(bus.subscribe(BOT).await.next().await.is_none());
    assert_eq!(bus.health(), Health::Closed);
    ack(in_hand).await;
}

pub(crate) async fn a_trace_goes_through_the_bus(bus: Bus) {
    let (api, seen_by_api) = Telemetry::captured(ServiceName::Api);
    let (bot, seen_by_bot) = Telemetry::captured(ServiceName::Bot);
    let mut consumer = bus.subscribe(BOT).await;

    let trace = api.verb(Verb { name: "games.create" }).trace_context();
    let answers = bus.publish(&api, &[Message { trace, ..message(1) }]).await;
    let delivery = next(&mut consumer).await;
    let span = delivery.process_span(&bot);
    span.run(delivery.ack(&bot)).await;
    drop(span);

    assert_eq!(answers, [Ok(())]);
    let shape = shape(&[seen_by_api.spans(), seen_by_bot.spans()].concat());
    insta::allow_duplicates!(insta::assert_snapshot!(shape.replace(", server.address, server.port", ""), @r"
    api-service: games.create INTERNAL [muster.action] links=0
      api-service: publish muster.events PRODUCER [messaging.destination.name, messaging.message.body.size, messaging.message.id, messaging.operation.name, messaging.operation.type, messaging.rabbitmq.destination.routing_key, messaging.system] links=0
        bot-service: process muster.bot CONSUMER [messaging.destination.name, messaging.message.id, messaging.operation.name, messaging.operation.type, messaging.rabbitmq.destination.routing_key, messaging.rabbitmq.message.delivery_tag, messaging.system, muster.event.type] links=1
          bot-service: ack muster.bot CLIENT [messaging.destination.name, messaging.operation.name, messaging.operation.type, messaging.rabbitmq.message.delivery_tag, messaging.system] links=0
    "));
}
