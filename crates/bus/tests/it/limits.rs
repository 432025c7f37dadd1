//! What the bus in this process refuses, since it has only so much memory.

use bus::{Bus, InProcessBus, PublishError, QueueSpec};
use telemetry::{ServiceName, Telemetry};

use crate::conformance::{message, next};

#[tokio::test]
async fn a_full_durable_queue_leaves_the_message_with_its_writer() {
    let telemetry = Telemetry::off(ServiceName::Api);
    let bus = Bus::InProcess(InProcessBus::with_capacity(2));
    let mut bot = bus.subscribe(QueueSpec::durable("muster.bot", &["#"])).await;
    let (first, second, third) = (message(1), message(2), message(3));

    let answers = bus.publish(&telemetry, &[first, second, third.clone()]).await;
    assert_eq!(answers, [Ok(()), Ok(()), Err(PublishError::Full("muster.bot"))]);

    let in_hand = next(&mut bot).await;
    let while_in_hand = bus.publish(&telemetry, std::slice::from_ref(&third)).await;
    in_hand.ack(&telemetry).await;
    let after = bus.publish(&telemetry, &[third]).await;
    assert_eq!((while_in_hand, after), (vec![Err(PublishError::Full("muster.bot"))], vec![Ok(())]));
}

#[tokio::test]
async fn a_full_transient_queue_forgets_its_oldest_and_holds_nobody_up() {
    let telemetry = Telemetry::off(ServiceName::Api);
    let bus = Bus::InProcess(InProcessBus::with_capacity(2));
    let mut live = bus.subscribe(QueueSpec::transient("muster.live", &["#"])).await;

    let answers = bus.publish(&telemetry, &[message(1), message(2), message(3)]).await;

    assert_eq!(answers, [Ok(()), Ok(()), Ok(())]);
    let seen = [next(&mut live).await, next(&mut live).await];
    assert_eq!(seen.map(|delivery| delivery.message.body.clone()), [vec![2], vec![3]]);
}
