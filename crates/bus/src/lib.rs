//! Events between the services: publish, consume, settle.
//!
//! A topic exchange, [`EXCHANGE`], routes messages by their routing key to queues. A queue keeps a message
//! until a consumer acknowledges it; a message that fails too often ends among the queue's dead letters. The
//! same suite, `tests/it/conformance.rs`, runs on every backend.
//!
//! ```no_run
//! # async fn consume(bus: bus::Bus, telemetry: telemetry::Telemetry) {
//! let mut consumer = bus.subscribe(bus::QueueSpec::durable("muster.bot", &["game.*"]));
//! while let Some(delivery) = consumer.next().await {
//!     let span = delivery.process_span(&telemetry);
//!     span.run(async {
//!         // … the effect, committed; then
//!         delivery.ack(&telemetry).await;
//!     })
//!     .await;
//! }
//! # }
//! ```

mod consumer;
mod error;
mod in_process;
mod message;
mod queue;
mod topic;

pub use consumer::{Consumer, Delivery};
pub use error::PublishError;
pub use in_process::InProcessBus;
pub use message::{DeadLetter, Message, QueueSpec};

use telemetry::{MessagingSystem, Publish, Telemetry};
use uuid::Uuid;

/// The exchange that all events go through.
pub const EXCHANGE: &str = "muster.events";

/// What events travel by, chosen once where the service is wired.
#[derive(Clone, Debug)]
pub enum Bus {
    /// Channels in this process.
    InProcess(InProcessBus),
}

impl Bus {
    /// A bus in this process, without queues yet.
    pub fn in_process() -> Self {
        Self::InProcess(InProcessBus::default())
    }

    /// Whether a confirmed message outlives the process.
    ///
    /// When it does not, whoever starts publishes again what the outbox holds and the inbox of its consumer
    /// does not.
    pub const fn survives_restart(&self) -> bool {
        match self {
            Self::InProcess(_) => false,
        }
    }

    /// Makes a durable queue, so that it keeps what is published before somebody consumes.
    pub fn declare(&self, spec: QueueSpec) {
        match self {
            Self::InProcess(bus) => bus.declare(spec),
        }
    }

    /// Publishes messages; each answer is the confirmation of the message at its place.
    ///
    /// Each message gets a span, a child of its own trace context, and carries that span to its consumers.
    ///
    /// # Errors
    /// What is not confirmed stays with its writer: see [`PublishError`].
    #[expect(clippy::unused_async, reason = "a broker confirms over the network")]
    pub async fn publish(
        &self,
        telemetry: &Telemetry,
        messages: &[Message],
    ) -> Vec<Result<(), PublishError>> {
        messages.iter().map(|message| self.publish_one(telemetry, message)).collect()
    }

    fn publish_one(&self, telemetry: &Telemetry, message: &Message) -> Result<(), PublishError> {
        let id = message.id.to_string();
        let published = Publish {
            system: self.system(),
            exchange: EXCHANGE,
            routing_key: &message.routing_key,
            message_id: &id,
            body_bytes: message.body.len(),
        };
        let span = telemetry.publish(published, &message.trace);
        let mut sent = message.clone();
        let here = span.trace_context();
        if !here.is_empty() {
            sent.trace = here;
        }
        let Self::InProcess(bus) = self;
        let confirmation = bus.publish(sent);
        if let Err(error) = &confirmation {
            span.fail(error.error_type(), error);
        }
        confirmation
    }

    /// Consumes a queue, made if need be: a durable one is shared with its other consumers and outlives them,
    /// a transient one is the consumer's own and dies with it.
    pub fn subscribe(&self, spec: QueueSpec) -> Consumer {
        match self {
            Self::InProcess(bus) => bus.subscribe(spec, self.system()),
        }
    }

    /// The messages of a queue that failed too often, oldest first.
    #[expect(clippy::unused_async, reason = "a broker is asked over the network")]
    pub async fn dead_letters(&self, queue: &str) -> Vec<DeadLetter> {
        match self {
            Self::InProcess(bus) => bus.dead_letters(queue),
        }
    }

    /// Puts dead letters back into their queue, all or the one with that id; tells how many.
    #[expect(clippy::unused_async, reason = "a broker is asked over the network")]
    pub async fn redrive(&self, queue: &str, id: Option<Uuid>) -> usize {
        match self {
            Self::InProcess(bus) => bus.redrive(queue, id),
        }
    }

    /// Takes nothing more; consumers get `None`. What is in hand can still be settled.
    pub fn close(&self) {
        match self {
            Self::InProcess(bus) => bus.close(),
        }
    }

    const fn system(&self) -> MessagingSystem {
        match self {
            Self::InProcess(_) => MessagingSystem::InProcess,
        }
    }
}
