//! A broker that dies: what it had confirmed is there when it starts again, and nobody has to tell the bus.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use bus::{Bus, Consumer, Health, Message, PublishError};
use telemetry::{ServiceName, Telemetry};
use testkit::RabbitMq;
use uuid::Uuid;

use crate::conformance::{BOT, eventually, message, next};

const EVENTS: u128 = 1_000;
/// After it answers again, everything has arrived and publishing works within so much.
const BACK_WITHIN: Duration = Duration::from_secs(30);

fn event(number: u128) -> Message {
    Message { id: Uuid::from_u128(number), body: number.to_be_bytes().to_vec(), ..message(0) }
}

async fn publish(bus: &Bus, messages: &[Message]) -> Vec<Result<(), PublishError>> {
    bus.publish(&Telemetry::off(ServiceName::Api), messages).await
}

/// Takes events as they were published until there were so many different ones; tells which.
async fn take(bot: &mut Consumer, events: u128) -> HashSet<u128> {
    let telemetry = Telemetry::off(ServiceName::Bot);
    let mut numbers = HashSet::new();
    while (numbers.len() as u128) < events {
        let delivery = next(bot).await;
        let number = delivery.message.id.as_u128();
        assert_eq!(delivery.message, event(number));
        numbers.insert(number);
        delivery.ack(&telemetry).await;
    }
    numbers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_broker_confirmed_arrives_when_it_is_back() {
    let Some(mut server) = RabbitMq::start().await else { return };
    let bus = server.bus();
    let mut bot = bus.subscribe(BOT).await;
    server.remembers(BOT.name).await;
    let events: Vec<_> = (0..EVENTS).map(event).collect();
    assert!(publish(&bus, &events).await.iter().all(Result::is_ok));
    let in_hand = next(&mut bot).await;

    server.kill();
    eventually(async || matches!(bus.health(), Health::Down(_)).then_some(())).await;
    eventually(async || (!bus.takes_messages()).then_some(())).await;
    assert_eq!(publish(&bus, &[event(EVENTS)]).await, [Err(PublishError::Away)]);
    drop(in_hand);

    let started = Instant::now();
    server.start_again();
    server.answers().await;
    let answered = Instant::now();
    let (numbers, publishing) = tokio::join!(take(&mut bot, EVENTS + 1), async {
        eventually(async || (publish(&bus, &[event(EVENTS)]).await == [Ok(())]).then_some(())).await;
        answered.elapsed()
    });
    let arrived = answered.elapsed();

    assert_eq!(numbers, (0..=EVENTS).collect());
    assert!(arrived < BACK_WITHIN, "it took {arrived:?}");
    assert_eq!(bus.dead_letters(&BOT).await, Ok(vec![]));
    assert_eq!(bus.health(), Health::Up);
    let starting = answered - started;
    println!("RabbitMQ killed: {starting:?} to start, then publishing {publishing:?}, all {arrived:?} later");
    bus.close().await;
}
