//! A queue that has lost its leader takes nothing and gives nothing: that is told, and no reason to wait for ever.

use bus::{BrokerError, Bus, Health, PublishError, RabbitConfig};
use lapin::options::QueueDeleteOptions;
use lapin::{Connection, ConnectionProperties};
use std::time::Duration;
use telemetry::{Captured, Secret, ServiceName, Telemetry};
use testkit::RabbitMq;

use crate::conformance::{BOT, eventually, message, next};

/// A queue that says nothing is no reason to wait longer.
const CONFIRM_WITHIN: Duration = Duration::from_secs(2);

/// Two looks in vain; on a busy machine the broker may seem to be gone meanwhile, and has to be asked once more.
const NOTICED_WITHIN: Duration = Duration::from_mins(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// What the bus has told of itself.
fn told(captured: &Captured) -> Vec<String> {
    let names = captured.logs().into_iter().filter_map(|log| log.name);
    names.filter(|name| name.starts_with("bus.")).collect()
}

async fn publish(bus: &Bus, number: u8) -> Result<(), PublishError> {
    bus.publish(&Telemetry::off(ServiceName::Api), &[message(number)]).await.remove(0)
}

#[tokio::test]
async fn a_queue_without_a_leader_is_told() {
    let Some(broker) = RabbitMq::start().await else { return };
    let (telemetry, captured) = Telemetry::captured(ServiceName::Bot);
    let _logged = tracing::dispatcher::set_default(&telemetry.log_dispatch());
    let url = Secret::new(broker.url());
    let bus =
        Bus::rabbitmq(RabbitConfig { confirm_within: CONFIRM_WITHIN, ..RabbitConfig::new(url) }).unwrap();
    let mut bot = bus.subscribe(BOT).await;
    assert_eq!(publish(&bus, 1).await, Ok(()));
    next(&mut bot).await.ack(&telemetry).await;

    broker.orphan(BOT.name).await;
    assert_eq!(publish(&bus, 2).await, Err(PublishError::Unconfirmed));
    let leaderless = async || match bus.health() {
        Health::Down(error @ BrokerError::NoLeader { .. }) => Some(error),
        _ => None,
    };
    let error = eventually(leaderless).await;
    let said = error.to_string();
    let (_, said) = said.split_once(" answers").unwrap();
    insta::assert_snapshot!(said, @", but a queue of Muster's does not: it has no leader, or far too much to do");
    insta::assert_snapshot!(error.mend(), @"look at rabbitmqctl list_queues name leader; one that stays without after all nodes are up is lost: rabbitmqctl delete_queue muster.bot, and Muster declares it anew");
    assert!(bus.takes_messages(), "whether there is a leader again shows by publishing");
    // By a new connection, which alone is no good sign.
    let again =
        eventually(async || Some(publish(&bus, 2).await).filter(|it| *it != Err(PublishError::Away))).await;
    println!("a new connection: {again:?}");
    assert!(matches!(again, Err(PublishError::Unconfirmed | PublishError::Refused)), "{again:?}");
    assert!(matches!(bus.health(), Health::Down(_)));
    assert_eq!(told(&captured), ["bus.connected", "bus.refused"]);

    let connection = Connection::connect(&broker.url(), ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    channel.queue_delete(BOT.name.into(), QueueDeleteOptions::default()).await.unwrap();
    eventually(async || publish(&bus, 3).await.ok()).await;
    assert_eq!(next(&mut bot).await.message, message(3));
    eventually(async || bus.health().is_up().then_some(())).await;
    // Who deletes a queue may end the channel on which it was used, and so make an outage of it.
    let told: Vec<_> = told(&captured).into_iter().filter(|name| name != "bus.away").collect();
    assert_eq!(told, ["bus.connected", "bus.refused", "bus.back"]);
    bus.close().await;
}

/// Whoever publishes nothing would hear of nothing, too.
#[tokio::test]
async fn a_consumer_notices_it_by_itself() {
    let Some(broker) = RabbitMq::start().await else { return };
    let bus = broker.bus();
    let _bot = bus.subscribe(BOT).await;
    assert!(bus.health().is_up());
    broker.orphan(BOT.name).await;
    let leaderless = Health::Down(BrokerError::NoLeader { server: broker.server() });
    let noticing = async {
        while bus.health() != leaderless {
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    };
    let noticed = tokio::time::timeout(NOTICED_WITHIN, noticing).await;
    assert!(noticed.is_ok(), "{:?}", bus.health());
    bus.close().await;
}
