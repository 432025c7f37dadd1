//! Taking messages from a queue, and saying what became of them.

use std::fmt;
use std::sync::Arc;

use telemetry::{MessagingSystem, Process, Settle, Settlement, Span, Telemetry, attr};

use crate::in_process::{Local, LocalConsumer, LocalReceipt, Waiting};
use crate::rabbit::{Incoming, Receipt, RemoteConsumer, Server};
use crate::{Message, QueueSpec};

/// Takes messages from one queue.
pub struct Consumer {
    spec: QueueSpec,
    source: Source,
}

enum Source {
    InProcess(LocalConsumer),
    RabbitMq(RemoteConsumer),
}

impl Consumer {
    pub(crate) const fn in_process(spec: QueueSpec, consumer: LocalConsumer) -> Self {
        Self { spec, source: Source::InProcess(consumer) }
    }

    pub(crate) const fn rabbitmq(spec: QueueSpec, consumer: RemoteConsumer) -> Self {
        Self { spec, source: Source::RabbitMq(consumer) }
    }

    /// The next message, once there is one and fewer than the prefetch are unsettled; `None` when the bus is
    /// closed. While a broker is away it waits: the connection comes back by itself.
    ///
    /// Cancel safe: a message is taken only when it is returned.
    pub async fn next(&mut self) -> Option<Delivery> {
        let queue = self.spec.name;
        match &mut self.source {
            Source::InProcess(consumer) => consumer.next().await.map(|local| Delivery::local(queue, local)),
            Source::RabbitMq(consumer) => {
                consumer.next().await.map(|incoming| Delivery::remote(queue, incoming))
            }
        }
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("queue", &self.spec.name).finish_non_exhaustive()
    }
}

/// A message in hand. Dropped without a word, it goes back, ahead of what nobody has been handed yet.
#[derive(Debug)]
pub struct Delivery {
    /// What came; its trace is that of the publish span.
    pub message: Message,
    /// Whether somebody had it before.
    pub redelivered: bool,
    /// Counts the messages of this consumer's connection, from 1.
    pub delivery_tag: u64,
    /// Which time this is, from 1.
    pub attempt: u32,
    queue: &'static str,
    unsettled: Option<Unsettled>,
    server: Option<Arc<Server>>,
}

#[derive(Debug)]
enum Unsettled {
    InProcess(LocalReceipt),
    RabbitMq(Receipt),
}

impl Delivery {
    fn local(queue: &'static str, local: Local) -> Self {
        let delivery_tag = local.delivery_tag;
        let (waiting, receipt) = local.into_parts();
        Self {
            message: waiting.message,
            redelivered: waiting.returns > 0,
            delivery_tag,
            attempt: waiting.returns + 1,
            queue,
            unsettled: Some(Unsettled::InProcess(receipt)),
            server: None,
        }
    }

    fn remote(queue: &'static str, incoming: Incoming) -> Self {
        let Incoming { message, returns, redelivered, delivery_tag, receipt, server } = incoming;
        Self {
            message,
            redelivered,
            delivery_tag,
            attempt: returns + 1,
            queue,
            unsettled: Some(Unsettled::RabbitMq(receipt)),
            server: Some(server),
        }
    }

    /// Starts the span of handling this message: a child of its publish span, and linked to it.
    pub fn process_span(&self, telemetry: &Telemetry) -> Span {
        let id = self.message.id.to_string();
        let process = Process {
            system: self.system(),
            queue: self.queue,
            routing_key: &self.message.routing_key,
            message_id: &id,
            delivery_tag: self.delivery_tag,
        };
        let span = telemetry.process(process, &self.message.trace);
        span.set(attr::event_type(&self.message.routing_key));
        self.say_where(&span);
        span
    }

    /// It took effect, and the effect is committed.
    ///
    /// When the connection has ended meanwhile, the message comes again: whoever takes effect once keeps an inbox.
    pub async fn ack(mut self, telemetry: &Telemetry) {
        let span = self.settle_span(telemetry, Settlement::Ack);
        match self.unsettled.take() {
            Some(Unsettled::InProcess(receipt)) => receipt.acknowledge(),
            Some(Unsettled::RabbitMq(receipt)) => note(&span, receipt.ack().await),
            None => {}
        }
    }

    /// It failed: it comes again behind what this consumer was handed already, or, having come too often, joins
    /// the dead letters.
    ///
    /// It may come again at once: whoever rejects because something is away waits before.
    pub async fn reject(mut self, telemetry: &Telemetry) {
        let span = self.settle_span(telemetry, Settlement::Reject);
        match self.unsettled.take() {
            Some(Unsettled::InProcess(receipt)) => receipt.reject(self.waiting()),
            Some(Unsettled::RabbitMq(receipt)) => note(&span, receipt.reject().await),
            None => {}
        }
    }

    fn settle_span(&self, telemetry: &Telemetry, operation: Settlement) -> Span {
        let settle =
            Settle { system: self.system(), queue: self.queue, operation, delivery_tag: self.delivery_tag };
        let span = telemetry.settle(settle);
        self.say_where(&span);
        span
    }

    fn say_where(&self, span: &Span) {
        if let Some(server) = &self.server {
            server.describe(span);
        }
    }

    const fn system(&self) -> MessagingSystem {
        if self.server.is_some() { MessagingSystem::RabbitMq } else { MessagingSystem::InProcess }
    }

    fn waiting(&self) -> Waiting {
        Waiting { message: self.message.clone(), returns: self.attempt - 1 }
    }
}

/// What could not be said to the broker is no failure of ours, but of this span.
fn note(span: &Span, said: Result<(), lapin::Error>) {
    if let Err(error) = said {
        span.fail("lost", &error);
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        match self.unsettled.take() {
            Some(Unsettled::InProcess(receipt)) => receipt.restore(self.waiting()),
            // A receipt that is dropped gives its message back.
            Some(Unsettled::RabbitMq(_)) | None => {}
        }
    }
}
