//! Consuming: one task and one connection a consumer.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _};
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions,
    QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{Acker, Channel};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::address::Server;
use super::config::Broker;
use super::connection::{self, DECLARE_WITHIN, Link, unless_closed, within};
use super::watch::{Backoff, Watched};
use super::{topology, wire};
use crate::{BrokerError, Health, Message, QueueSpec};

/// How often a consumer looks whether its queue still knows of it: nothing else tells of a leader that is gone.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// So many looks in vain in a row are no accident: a broker with much to do says once in a while that it knows nobody.
const LOOKS_IN_VAIN: u32 = 2;

/// Takes what the task puts there.
pub(crate) struct RemoteConsumer {
    pub(crate) incoming: mpsc::Receiver<Incoming>,
    pub(crate) stop: CancellationToken,
}

impl RemoteConsumer {
    /// The next message; `None` when the bus is closed.
    pub(crate) async fn next(&mut self) -> Option<Incoming> {
        loop {
            let incoming = tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                incoming = self.incoming.recv() => incoming?,
            };
            // What an ended connection has brought comes again by the next one.
            if incoming.receipt.is_open() {
                return Some(incoming);
            }
        }
    }
}

/// A message that the broker handed over.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) message: Message,
    pub(crate) returns: u32,
    pub(crate) redelivered: bool,
    pub(crate) delivery_tag: u64,
    pub(crate) receipt: Receipt,
    pub(crate) server: Arc<Server>,
}

/// What it takes to settle a message; dropped, it gives the message back.
#[derive(Debug)]
pub(crate) struct Receipt {
    acker: Acker,
    /// Keeps the connection open until the last message in hand is settled.
    _channel: Channel,
    /// Cancelled when that connection can't settle anything any more; also counts what is in hand.
    session: Arc<CancellationToken>,
}

impl Receipt {
    pub(crate) async fn ack(self) -> Result<(), lapin::Error> {
        self.settle(self.acker.ack(BasicAckOptions::default())).await
    }

    pub(crate) async fn reject(self) -> Result<(), lapin::Error> {
        self.settle(self.acker.reject(GIVE_BACK)).await
    }

    /// lapin leaves some unanswered when their connection ends.
    async fn settle(
        &self,
        telling: impl Future<Output = Result<bool, lapin::Error>>,
    ) -> Result<(), lapin::Error> {
        let told = tokio::select! {
            biased;
            told = within(DECLARE_WITHIN, telling) => told?,
            () = self.session.cancelled() => false,
        };
        if told { Ok(()) } else { Err(io::Error::from(io::ErrorKind::ConnectionAborted).into()) }
    }

    fn is_open(&self) -> bool {
        self.acker.usable()
    }
}

const GIVE_BACK: BasicRejectOptions = BasicRejectOptions { requeue: true };

impl Drop for Receipt {
    fn drop(&mut self) {
        // The order is given with the first poll; what is settled already, or lost with its connection, takes none.
        let _ = self.acker.reject(GIVE_BACK).now_or_never();
    }
}

/// The task.
pub(crate) struct Subscription {
    pub(crate) broker: Arc<Broker>,
    pub(crate) spec: QueueSpec,
    pub(crate) watched: Watched,
    pub(crate) sink: mpsc::Sender<Incoming>,
    pub(crate) stop: CancellationToken,
}

impl Subscription {
    /// Consumes until the bus is closed or the consumer is gone. `first` is dropped when the queue is there, or when it
    /// is known that it can't be.
    pub(crate) async fn run(self, first: oneshot::Sender<()>) {
        let mut first = Some(first);
        let mut backoff = Backoff::new();
        while let Err(error) = self.session(&mut first, &mut backoff).await {
            let pause = backoff.after(&error);
            self.watched.set(Health::Down(error));
            first.take();
            tokio::select! {
                () = self.ended() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn ended(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.sink.closed() => {}
        }
    }

    /// Connects and forwards; an error when there is no connection any more.
    async fn session(
        &self,
        first: &mut Option<oneshot::Sender<()>>,
        backoff: &mut Backoff,
    ) -> Result<(), BrokerError> {
        let opened = tokio::select! {
            biased;
            () = self.ended() => return Ok(()),
            opened = connection::open(&self.broker) => opened,
        };
        let mut link = opened?;
        let session = Arc::new(CancellationToken::new());
        match unless_closed(&self.stop, self.serve(&mut link, &session, (first, backoff))).await {
            Some(Ok(())) if Arc::strong_count(&session) == 1 => link.close().await,
            Some(Ok(())) => {}
            Some(Err(error)) => {
                session.cancel();
                return Err(link.fail(&self.broker, &error).await);
            }
            None => {
                session.cancel();
                link.cut();
            }
        }
        Ok(())
    }

    /// Consumes until the bus is closed or the consumer is gone; an error when there is no connection any more.
    async fn serve(
        &self,
        link: &mut Link,
        session: &Arc<CancellationToken>,
        (first, backoff): (&mut Option<oneshot::Sender<()>>, &mut Backoff),
    ) -> Result<(), lapin::Error> {
        let mut consumer = within(DECLARE_WITHIN, self.consume(link)).await?;
        self.watched.set(Health::Up);
        *backoff = Backoff::new();
        first.take();
        self.forward(link, &mut consumer, session).await?;
        give_back(link, consumer).await;
        Ok(())
    }

    async fn consume(&self, link: &Link) -> Result<lapin::Consumer, lapin::Error> {
        let channel = &link.channel;
        topology::declare_exchanges(channel, &self.broker).await?;
        let queue = topology::declare(channel, &self.broker, &self.spec).await?;
        let prefetch = u16::try_from(self.spec.prefetch).unwrap_or(u16::MAX);
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions::default();
        channel.basic_consume(wire::short(&queue), "".into(), options, FieldTable::default()).await
    }

    async fn forward(
        &self,
        link: &mut Link,
        consumer: &mut lapin::Consumer,
        session: &Arc<CancellationToken>,
    ) -> Result<(), lapin::Error> {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        let mut in_vain = 0;
        loop {
            let delivery = tokio::select! {
                biased;
                () = self.ended() => return Ok(()),
                change = link.change() => {
                    change?;
                    continue;
                }
                _ = looks.tick() => {
                    in_vain = if is_known(link, consumer).await? { 0 } else { in_vain + 1 };
                    if in_vain == LOOKS_IN_VAIN {
                        return Err(io::Error::from(io::ErrorKind::TimedOut).into());
                    }
                    continue;
                }
                delivery = consumer.next() => delivery,
            };
            let Some(delivery) = delivery else { return Err(cancelled()) };
            let incoming = self.incoming(delivery?, link, session);
            tokio::select! {
                () = self.ended() => return Ok(()),
                // Nobody is there any more who would take it: it goes back.
                _ = self.sink.send(incoming) => {}
            }
        }
    }

    fn incoming(
        &self,
        mut delivery: lapin::message::Delivery,
        link: &Link,
        session: &Arc<CancellationToken>,
    ) -> Incoming {
        let returns = wire::returns(&delivery);
        Incoming {
            message: wire::message(&mut delivery),
            returns,
            redelivered: delivery.redelivered,
            delivery_tag: delivery.delivery_tag,
            receipt: Receipt {
                acker: delivery.acker,
                _channel: link.channel.clone(),
                session: Arc::clone(session),
            },
            server: Arc::clone(&self.broker.server),
        }
    }
}

/// Ends consuming and gives back what was handed over and not taken; what is in hand stays in hand.
async fn give_back(link: &Link, mut consumer: lapin::Consumer) {
    let cancelling = link.channel.basic_cancel(consumer.tag(), BasicCancelOptions::default());
    if within(DECLARE_WITHIN, cancelling).await.is_err() {
        return link.cut();
    }
    while let Some(Some(Ok(delivery))) = consumer.next().now_or_never() {
        if within(DECLARE_WITHIN, delivery.acker.reject(GIVE_BACK)).await.is_err() {
            return;
        }
    }
}

/// Whether its queue is there and has consumers; an error where it isn't there.
async fn is_known(link: &Link, consumer: &lapin::Consumer) -> Result<bool, lapin::Error> {
    let passive = QueueDeclareOptions { passive: true, ..Default::default() };
    let looking = link.channel.queue_declare(consumer.queue(), passive, FieldTable::default());
    Ok(within(DECLARE_WITHIN, looking).await?.consumer_count() > 0)
}

/// The queue was deleted, or its leader is gone.
fn cancelled() -> lapin::Error {
    io::Error::other("the broker has ended the consumer: its queue is gone or moves").into()
}
