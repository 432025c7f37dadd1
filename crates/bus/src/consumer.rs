//! Taking messages from a queue, and saying what became of them.

use std::fmt;
use std::sync::Arc;

use telemetry::{MessagingSystem, Process, Settle, Settlement, Span, Telemetry, attr};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Message;
use crate::in_process::Exchange;
use crate::queue::{Found, Queue, Waiting};

/// Takes messages from one queue.
pub struct Consumer {
    queue: Arc<Queue>,
    exchange: Arc<Exchange>,
    system: MessagingSystem,
    places: Arc<Semaphore>,
    last_tag: u64,
}

impl Consumer {
    pub(crate) fn new(queue: Arc<Queue>, exchange: Arc<Exchange>, system: MessagingSystem) -> Self {
        let places = Arc::new(Semaphore::new(queue.spec.prefetch));
        Self { queue, exchange, system, places, last_tag: 0 }
    }

    /// The next message, once there is one and fewer than the prefetch are unsettled; `None` when the bus is
    /// closed.
    ///
    /// Cancel safe: a message is taken only when it is returned.
    pub async fn next(&mut self) -> Option<Delivery> {
        let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
        let queue = Arc::clone(&self.queue);
        loop {
            let change = queue.change();
            match queue.look() {
                Found::Message(waiting) => break Some(self.deliver(waiting, place)),
                Found::Nothing => change.await,
                Found::Closed => break None,
            }
        }
    }

    fn deliver(&mut self, waiting: Waiting, place: OwnedSemaphorePermit) -> Delivery {
        self.last_tag += 1;
        Delivery {
            message: waiting.message,
            redelivered: waiting.returns > 0,
            delivery_tag: self.last_tag,
            attempt: waiting.returns + 1,
            system: self.system,
            unsettled: Some(Unsettled { queue: Arc::clone(&self.queue), _place: place }),
        }
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        if !self.queue.spec.durable {
            self.exchange.remove(&self.queue);
        }
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("queue", &self.queue.spec.name).finish_non_exhaustive()
    }
}

/// A message in hand. Dropped without a word, it goes back to its place in the queue.
#[derive(Debug)]
pub struct Delivery {
    /// What came; its trace is that of the publish span.
    pub message: Message,
    /// Whether somebody had it before.
    pub redelivered: bool,
    /// Counts this consumer's messages, from 1.
    pub delivery_tag: u64,
    /// Which time this is, from 1.
    pub attempt: u32,
    system: MessagingSystem,
    unsettled: Option<Unsettled>,
}

#[derive(Debug)]
struct Unsettled {
    queue: Arc<Queue>,
    _place: OwnedSemaphorePermit,
}

impl Delivery {
    /// Starts the span of handling this message: a child of its publish span, and linked to it.
    pub fn process_span(&self, telemetry: &Telemetry) -> Span {
        let id = self.message.id.to_string();
        let process = Process {
            system: self.system,
            queue: self.queue_name(),
            routing_key: &self.message.routing_key,
            message_id: &id,
            delivery_tag: self.delivery_tag,
        };
        let span = telemetry.process(process, &self.message.trace);
        span.set(attr::event_type(&self.message.routing_key));
        span
    }

    /// It took effect, and the effect is committed.
    #[expect(clippy::unused_async, reason = "a broker is told over the network")]
    pub async fn ack(mut self, telemetry: &Telemetry) {
        let _span = self.settle_span(telemetry, Settlement::Ack);
        if let Some(unsettled) = self.unsettled.take() {
            unsettled.queue.acknowledge();
        }
    }

    /// It failed: it comes again behind the others, or, having come too often, joins the dead letters.
    ///
    /// It may come again at once: whoever rejects because something is away waits before.
    #[expect(clippy::unused_async, reason = "a broker is told over the network")]
    pub async fn reject(mut self, telemetry: &Telemetry) {
        let _span = self.settle_span(telemetry, Settlement::Reject);
        if let Some(unsettled) = self.unsettled.take() {
            unsettled.queue.reject(self.waiting());
        }
    }

    fn settle_span(&self, telemetry: &Telemetry, operation: Settlement) -> Span {
        let queue = self.queue_name();
        telemetry.settle(Settle { system: self.system, queue, operation, delivery_tag: self.delivery_tag })
    }

    fn queue_name(&self) -> &'static str {
        self.unsettled.as_ref().map_or("", |unsettled| unsettled.queue.spec.name)
    }

    fn waiting(&self) -> Waiting {
        Waiting { message: self.message.clone(), returns: self.attempt - 1 }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(unsettled) = self.unsettled.take() {
            unsettled.queue.restore(self.waiting());
        }
    }
}
