//! A queue that has said nothing is not well again because its broker has room for messages.

use bus::{BrokerError, Bus, Health, PublishError, RabbitConfig};
use std::time::Duration;
use telemetry::{Secret, ServiceName, Telemetry};
use testkit::RabbitMq;

use crate::conformance::{BOT, eventually, message};

#[tokio::test]
async fn room_for_messages_is_no_sign_of_a_leader() {
    let Some(broker) = RabbitMq::start().await else { return };
    let (telemetry, captured) = Telemetry::captured(ServiceName::Bot);
    let _logged = tracing::dispatcher::set_default(&telemetry.log_dispatch());
    let config = RabbitConfig::new(Secret::new(broker.url()));
    let bus = Bus::rabbitmq(RabbitConfig { confirm_within: Duration::from_secs(2), ..config }).unwrap();
    bus.declare(BOT);
    let publish = async || bus.publish(&telemetry, &[message(1)]).await.remove(0);
    eventually(async || publish().await.ok()).await;
    let leaderless = Health::Down(BrokerError::NoLeader { server: broker.server() });
    broker.orphan(BOT.name).await;
    assert_eq!(publish().await, Err(PublishError::Unconfirmed));
    eventually(async || (bus.health() == leaderless).then_some(())).await;

    broker.starve(true).await;
    eventually(async || (publish().await == Err(PublishError::Blocked)).then_some(())).await;
    broker.starve(false).await;
    eventually(async || (bus.health() == leaderless).then_some(())).await;
    let names = captured.logs().into_iter().filter_map(|log| log.name);
    let told: Vec<_> = names.filter(|name| name.starts_with("bus.")).collect();
    assert_eq!(told, ["bus.connected", "bus.refused", "bus.blocked", "bus.refused"]);
    bus.close().await;
}
