//! A broker behind a network that fails: nothing is lost, and what comes twice takes effect once.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use bus::{BrokerError, Bus, Consumer, Health, Message, PublishError, RabbitConfig};
use lapin::options::QueueDeleteOptions;
use telemetry::{ServiceName, Telemetry};
use uuid::Uuid;

use crate::broker::{self, Scene};
use crate::conformance::{BOT, eventually, message, next};
use crate::proxy::{Proxy, Way};

const EVENTS: u128 = 20_000;
const CUTS: usize = 50;
/// After it is there again, a broker is found within so much.
const FOUND_WITHIN: Duration = Duration::from_secs(5);

/// A bus that reaches the broker by way of a proxy.
async fn behind_a_proxy(scene: &Scene) -> (Bus, Proxy) {
    let proxy = Proxy::before(&scene.url).await;
    let bus = scene.bus_with(RabbitConfig { url: proxy.url(&scene.url), ..scene.config() });
    (bus, proxy)
}

async fn publish(bus: &Bus, messages: &[Message]) -> Vec<Result<(), PublishError>> {
    bus.publish(&Telemetry::off(ServiceName::Api), messages).await
}

/// An outbox: what was not confirmed is published again.
async fn empty_the_outbox(bus: &Bus) {
    let mut outbox: Vec<_> =
        (0..EVENTS).map(|number| Message { id: Uuid::from_u128(number), ..message(0) }).collect();
    while !outbox.is_empty() {
        eventually(async || bus.takes_messages().then_some(())).await;
        let batch: Vec<_> = outbox.drain(..outbox.len().min(200)).collect();
        let answers = publish(bus, &batch).await;
        outbox.extend(
            batch.into_iter().zip(answers).filter_map(|(message, answer)| answer.err().map(|_| message)),
        );
    }
}

/// What an inbox has seen, and how often something came.
#[derive(Default)]
struct Effects {
    inbox: HashSet<Uuid>,
    came: usize,
    cuts: usize,
}

/// Takes everything in, and cuts all connections again and again.
async fn take_effect(bot: &mut Consumer, proxy: &Proxy) -> Effects {
    let telemetry = Telemetry::off(ServiceName::Bot);
    let mut effects = Effects::default();
    while (effects.inbox.len() as u128) < EVENTS {
        let delivery = next(bot).await;
        effects.came += 1;
        effects.inbox.insert(delivery.message.id);
        delivery.ack(&telemetry).await;
        if effects.cuts < CUTS && effects.came.is_multiple_of(350) {
            proxy.cut();
            effects.cuts += 1;
        }
    }
    effects
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fifty_cuts_leave_takes_effect_once() {
    broker::tell("fifty-cuts", async |scene| {
        let (bus, proxy) = behind_a_proxy(scene).await;
        let mut bot = bus.subscribe(BOT).await;

        let ((), effects) = tokio::join!(empty_the_outbox(&bus), take_effect(&mut bot, &proxy));

        assert_eq!(effects.cuts, CUTS);
        assert_eq!(effects.inbox, (0..EVENTS).map(Uuid::from_u128).collect());
        assert_eq!(bus.dead_letters(&BOT).await, Ok(vec![]));
        let twice = effects.came - effects.inbox.len();
        println!("{CUTS} cuts: {EVENTS} events took effect once, {twice} came again");
    })
    .await;
}

#[tokio::test]
async fn a_broker_that_was_away_is_found_within_five_seconds() {
    broker::tell("away", async |scene| {
        let (bus, proxy) = behind_a_proxy(scene).await;
        let mut bot = bus.subscribe(BOT).await;
        assert_eq!(publish(&bus, &[message(1)]).await, [Ok(())]);
        drop(next(&mut bot).await);

        proxy.set(Way::Shut);
        proxy.cut();
        let refused =
            async || (publish(&bus, &[message(2)]).await == [Err(PublishError::Away)]).then_some(());
        eventually(refused).await;
        let down =
            async || matches!(bus.health(), Health::Down(BrokerError::Unreachable { .. })).then_some(());
        eventually(down).await;
        assert!(!bus.takes_messages());

        proxy.set(Way::Open);
        let since = Instant::now();
        eventually(async || (publish(&bus, &[message(3)]).await == [Ok(())]).then_some(())).await;
        // What was in hand, or in nobody's, when the connection ended comes again.
        let mut bodies = [next(&mut bot).await, next(&mut bot).await];
        assert!(since.elapsed() < FOUND_WITHIN, "it took {:?}", since.elapsed());
        bodies.sort_by_key(|delivery| delivery.message.id);
        assert_eq!(bodies[0].message, message(1));
        assert_eq!(bodies[1].message, message(3));
        assert_eq!(bus.health(), Health::Up);
    })
    .await;
}

#[tokio::test]
async fn an_outage_is_one_line_when_it_begins_and_one_when_it_ends() {
    broker::tell("outage", async |scene| {
        let (telemetry, seen) = Telemetry::captured(ServiceName::Api);
        let _logged = tracing::dispatcher::set_default(&telemetry.log_dispatch());
        let (bus, proxy) = behind_a_proxy(scene).await;
        let (_bot, _other) = (bus.subscribe(BOT).await, bus.subscribe(BOT).await);
        eventually(async || bus.health().is_up().then_some(())).await;

        proxy.set(Way::Shut);
        proxy.cut();
        eventually(async || (proxy.refused() >= 9).then_some(())).await;
        proxy.set(Way::Open);
        eventually(async || bus.health().is_up().then_some(())).await;

        let names: Vec<_> = seen.logs().into_iter().filter_map(|log| log.name).collect();
        assert_eq!(names, ["bus.connected", "bus.away", "bus.back"]);
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_falls_silent_is_taken_for_dead() {
    broker::tell("silent", async |scene| {
        let proxy = Proxy::before(&scene.url).await;
        let second = Duration::from_secs(1);
        let url = proxy.url(&scene.url);
        let config = RabbitConfig { url, heartbeat: second, confirm_within: second, ..scene.config() };
        let bus = scene.bus_with(config);
        let mut bot = bus.subscribe(BOT).await;
        assert_eq!(publish(&bus, &[message(1)]).await, [Ok(())]);
        let in_hand = next(&mut bot).await;

        proxy.set(Way::Hole);
        assert_eq!(publish(&bus, &[message(2)]).await, [Err(PublishError::Unconfirmed)]);
        eventually(async || matches!(bus.health(), Health::Down(_)).then_some(())).await;

        proxy.set(Way::Open);
        eventually(async || (publish(&bus, &[message(3)]).await == [Ok(())]).then_some(())).await;
        // The one in hand belongs to a connection that is no more; it comes again.
        drop(in_hand);
        let mut bodies = HashSet::new();
        while bodies.len() < 2 {
            bodies.insert(next(&mut bot).await.message.id);
        }
        assert!(bodies.contains(&message(3).id) || bodies.contains(&message(1).id));
    })
    .await;
}

#[tokio::test]
async fn a_broker_without_room_stops_who_publishes_and_nobody_else() {
    broker::tell("blocked", async |scene| {
        let (bus, proxy) = behind_a_proxy(scene).await;
        let mut bot = scene.bus().subscribe(BOT).await;
        assert_eq!(publish(&bus, &[message(1)]).await, [Ok(())]);

        let reason = b"\x0alow on disk";
        proxy.inject((10, 60), &[&[11], &reason[1..]].concat());
        let blocked = Health::Blocked("low on disk".to_owned());
        eventually(async || (bus.health() == blocked).then_some(())).await;
        assert_eq!(publish(&bus, &[message(2)]).await, [Err(PublishError::Blocked)]);
        assert!(!bus.takes_messages());
        let delivery = next(&mut bot).await;
        assert_eq!(delivery.message, message(1));
        delivery.ack(&Telemetry::off(ServiceName::Bot)).await;

        proxy.inject((10, 61), &[]);
        eventually(async || (publish(&bus, &[message(3)]).await == [Ok(())]).then_some(())).await;
        assert_eq!(next(&mut bot).await.message, message(3));
    })
    .await;
}

#[tokio::test]
async fn a_queue_that_somebody_deletes_is_made_again() {
    broker::tell("deleted", async |scene| {
        let bus = scene.bus();
        let mut bot = bus.subscribe(BOT).await;
        let (_connection, channel) = scene.channel().await;

        channel.queue_delete(scene.named(BOT.name).into(), QueueDeleteOptions::default()).await.unwrap();

        eventually(async || (publish(&bus, &[message(1)]).await == [Ok(())]).then_some(())).await;
        assert_eq!(next(&mut bot).await.message, message(1));
    })
    .await;
}
