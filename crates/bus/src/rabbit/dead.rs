//! Dead letters: looked at, and put back.

use std::time::Duration;

use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicGetOptions, BasicNackOptions, BasicPublishOptions, ConfirmSelectOptions,
    QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Confirmation};
use uuid::Uuid;

use super::config::Broker;
use super::connection::{self, Link, within};
use super::wire;
use crate::{BrokerError, DeadLetter, Message, QueueSpec, RedriveError};

/// Of very many, the oldest are worth a look.
const LISTED: usize = 1_000;
/// For each step with one of them; how long all of them take depends on how many there are.
const LETTER_WITHIN: Duration = Duration::from_secs(10);

/// The dead letters of a queue, oldest first.
pub(super) async fn list(broker: &Broker, spec: &QueueSpec) -> Result<Vec<DeadLetter>, BrokerError> {
    let link = connection::open(broker).await?;
    let listed = look(&link.channel, broker, (spec, None)).await;
    end(broker, link, listed).await
}

/// One of them, however many there are.
pub(super) async fn find(
    broker: &Broker,
    spec: &QueueSpec,
    id: Uuid,
) -> Result<Option<DeadLetter>, BrokerError> {
    let link = connection::open(broker).await?;
    let found = look(&link.channel, broker, (spec, Some(id))).await;
    Ok(end(broker, link, found).await?.pop())
}

/// Puts the dead letters that there are now back into their queue; tells how many. Those that die again meanwhile stay:
/// as long as the cause is there they would go round for ever.
pub(super) async fn redrive(
    broker: &Broker,
    spec: &QueueSpec,
    id: Option<Uuid>,
) -> Result<usize, RedriveError> {
    let mut moved = 0;
    let moving = async {
        let link = connection::open(broker).await?;
        let done = put_back(&link.channel, broker, (spec, id), &mut moved).await;
        end(broker, link, done).await
    };
    let ended = moving.await;
    ended.map(|()| moved).map_err(|error| RedriveError { moved, error })
}

async fn end<T: Default>(
    broker: &Broker,
    link: Link,
    done: Result<T, lapin::Error>,
) -> Result<T, BrokerError> {
    link.close().await;
    match done {
        // Nobody has declared the queue yet, so nothing has died in it.
        Err(error) if connection::is_missing(&error) => Ok(T::default()),
        done => done.map_err(|error| connection::explain(broker, &error)),
    }
}

/// Takes them and gives them back, which keeps their order: until there are enough, or until the one with that id.
async fn look(
    channel: &Channel,
    broker: &Broker,
    (spec, id): (&QueueSpec, Option<Uuid>),
) -> Result<Vec<DeadLetter>, lapin::Error> {
    let queue = broker.dead_queue(spec.name);
    let enough = if id.is_some() { 1 } else { LISTED };
    let (mut letters, mut last) = (Vec::new(), None);
    while letters.len() < enough
        && let Some(mut delivery) = within(LETTER_WITHIN, take(channel, &queue)).await?
    {
        let message = wire::message(&mut delivery);
        if id.is_none_or(|id| id == message.id) {
            letters.push(DeadLetter { message, attempts: spec.delivery_limit + 1 });
        }
        last = Some(delivery);
    }
    within(LETTER_WITHIN, give_back(last)).await?;
    Ok(letters)
}

/// To the queue, never to the exchange: other queues have had their copy.
async fn put_back(
    channel: &Channel,
    broker: &Broker,
    (spec, id): (&QueueSpec, Option<Uuid>),
    moved: &mut usize,
) -> Result<(), lapin::Error> {
    let queue = broker.dead_queue(spec.name);
    within(LETTER_WITHIN, channel.confirm_select(ConfirmSelectOptions::default())).await?;
    let mut left = within(LETTER_WITHIN, count(channel, &queue)).await?;
    let mut last_kept = None;
    while left > 0
        && let Some(mut letter) = within(LETTER_WITHIN, take(channel, &queue)).await?
    {
        left -= 1;
        let message = wire::message(&mut letter);
        if id.is_some_and(|id| id != message.id) {
            last_kept = Some(letter);
            continue;
        }
        within(LETTER_WITHIN, send_home(channel, &broker.queue(spec.name), (letter, &message))).await?;
        *moved += 1;
    }
    within(LETTER_WITHIN, give_back(last_kept)).await
}

/// How many letters wait there now.
async fn count(channel: &Channel, queue: &str) -> Result<u32, lapin::Error> {
    let options = QueueDeclareOptions { passive: true, ..Default::default() };
    let declared = channel.queue_declare(wire::short(queue), options, FieldTable::default()).await?;
    Ok(declared.message_count())
}

/// Publishes a letter to its queue, and takes it away from the dead once it is there.
async fn send_home(
    channel: &Channel,
    home: &str,
    (letter, message): (Delivery, &Message),
) -> Result<(), lapin::Error> {
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let properties = wire::properties(message);
    let sent =
        channel.basic_publish("".into(), wire::short(home), options, &message.body, properties).await?;
    if !matches!(sent.await?, Confirmation::Ack(None)) {
        give_back(Some(letter)).await?;
        return Err(std::io::Error::other(format!("{home} does not take it")).into());
    }
    letter.acker.ack(BasicAckOptions::default()).await?;
    Ok(())
}

async fn take(channel: &Channel, queue: &str) -> Result<Option<Delivery>, lapin::Error> {
    let taken = channel.basic_get(wire::short(queue), BasicGetOptions::default()).await?;
    Ok(taken.map(|taken| taken.delivery))
}

/// This one and all before it.
async fn give_back(last: Option<Delivery>) -> Result<(), lapin::Error> {
    if let Some(last) = last {
        last.acker.nack(BasicNackOptions { multiple: true, requeue: true }).await?;
    }
    Ok(())
}
