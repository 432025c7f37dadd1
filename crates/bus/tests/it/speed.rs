//! How fast the broker is emptied and filled, and how soon an event is with its consumer.

use std::time::{Duration, Instant};

use bus::{Bus, Message};
use telemetry::{ServiceName, Telemetry};
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use crate::broker;
use crate::conformance::{BOT, message, next};

const DRAINED: u128 = 10_000;
/// An outbox is emptied at least so fast.
const EVENTS_PER_SECOND: f64 = 1_000.0;
const TIMED: u128 = 500;
/// A hundred a second.
const EVERY: Duration = Duration::from_millis(10);

fn numbered(numbers: std::ops::Range<u128>) -> Vec<Message> {
    numbers
        .map(|number| Message { id: Uuid::from_u128(number), body: vec![b'x'; 500], ..message(0) })
        .collect()
}

fn per_second(count: u128, since: Instant) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / since.elapsed().as_secs_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outbox_drains_a_thousand_events_a_second() {
    broker::tell("drain", async |scene| {
        let (api, _) = Telemetry::captured(ServiceName::Api);
        let bot = Telemetry::off(ServiceName::Bot);
        let bus = scene.bus();
        bus.subscribe(BOT).await;
        let messages = numbered(0..DRAINED);

        let since = Instant::now();
        let answers = bus.publish(&api, &messages).await;
        let published = per_second(DRAINED, since);
        assert!(answers.iter().all(Result::is_ok));
        let mut consumer = bus.subscribe(BOT).await;
        let since = Instant::now();
        for _ in 0..DRAINED {
            next(&mut consumer).await.ack(&bot).await;
        }
        let emptied = per_second(DRAINED, since);

        println!("RabbitMQ: {published:.0} events/s published and confirmed, {emptied:.0} events/s consumed");
        assert!(published >= EVENTS_PER_SECOND, "{published:.0} events/s");
    })
    .await;
}

/// Publishes one event after the other, a hundred a second, and tells when each was given to the bus.
async fn publish_steadily(bus: Bus) -> Vec<Instant> {
    let telemetry = Telemetry::off(ServiceName::Api);
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut given = Vec::new();
    for message in numbered(0..TIMED) {
        given.push(ticks.tick().await.into_std());
        assert_eq!(bus.publish(&telemetry, &[message]).await, [Ok(())]);
    }
    given
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_with_its_consumer_soon() {
    broker::tell("soon", async |scene| {
        let bot = Telemetry::off(ServiceName::Bot);
        let bus = scene.bus();
        let mut consumer = bus.subscribe(BOT).await;
        let publishing = telemetry::spawn(publish_steadily(bus));

        let mut came = Vec::new();
        for _ in 0..TIMED {
            let delivery = next(&mut consumer).await;
            came.push((delivery.message.id.as_u128(), Instant::now()));
            delivery.ack(&bot).await;
        }

        let given = publishing.await.unwrap();
        let took = |&(number, at): &(u128, Instant)| at - given[usize::try_from(number).unwrap()];
        let mut latencies: Vec<_> = came.iter().map(took).collect();
        latencies.sort();
        let at = |part: usize| latencies[latencies.len() * part / 100];
        println!("RabbitMQ at 100 events/s: from publisher to consumer p50 {:?}, p99 {:?}", at(50), at(99));
        assert_eq!(latencies.len() as u128, TIMED);
    })
    .await;
}
