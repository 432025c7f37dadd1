//! The bus, whichever it is.

use telemetry::{MessagingSystem, Publish, Span, Telemetry, attr};
use uuid::Uuid;

use crate::rabbit::WINDOW_MESSAGES;
use crate::{
    BrokerError, Consumer, DeadLetter, Health, InProcessBus, Message, PublishError, QueueSpec, RabbitBus,
    RabbitConfig, RedriveError,
};

/// The exchange that all events go through.
pub const EXCHANGE: &str = "muster.events";

/// What events travel by, chosen once where the service is wired.
#[derive(Clone, Debug)]
pub enum Bus {
    /// Channels in this process.
    InProcess(InProcessBus),
    /// A RabbitMQ broker.
    RabbitMq(RabbitBus),
}

impl Bus {
    /// A bus in this process, without queues yet.
    pub fn in_process() -> Self {
        Self::InProcess(InProcessBus::default())
    }

    /// A bus on a RabbitMQ broker, which needn't be there yet: it is connected, and connected again, by a task
    /// of the runtime that this is called on.
    ///
    /// # Errors
    /// [`BrokerError::Address`]; everything else is told by [`Bus::health`].
    pub fn rabbitmq(config: RabbitConfig) -> Result<Self, BrokerError> {
        RabbitBus::start(config).map(Self::RabbitMq)
    }

    /// Whether a confirmed message outlives the process.
    ///
    /// When it does not, whoever starts publishes again what the outbox holds and the inbox of its consumer
    /// does not.
    pub const fn survives_restart(&self) -> bool {
        match self {
            Self::InProcess(_) => false,
            Self::RabbitMq(_) => true,
        }
    }

    /// How it is: the worst of its connections.
    pub fn health(&self) -> Health {
        match self {
            Self::InProcess(bus) if bus.is_closed() => Health::Closed,
            Self::InProcess(_) => Health::Up,
            Self::RabbitMq(bus) => bus.health(),
        }
    }

    /// Whether publishing has a chance now: whoever can wait looks here before claiming what to publish.
    pub fn takes_messages(&self) -> bool {
        match self {
            Self::InProcess(bus) => !bus.is_closed(),
            Self::RabbitMq(bus) => bus.takes_messages(),
        }
    }

    /// Makes a durable queue, so that it keeps what is published from now on before somebody consumes; on a
    /// broker that is away, as soon as it comes.
    pub fn declare(&self, spec: QueueSpec) {
        match self {
            Self::InProcess(bus) => bus.declare(spec),
            Self::RabbitMq(bus) => bus.declare(spec),
        }
    }

    /// Publishes messages; each answer is the confirmation of the message at its place.
    ///
    /// Each message gets a span, a child of its own trace context, and carries that span to its consumers.
    ///
    /// # Errors
    /// What is not confirmed stays with its writer: see [`PublishError`].
    pub async fn publish(
        &self,
        telemetry: &Telemetry,
        messages: &[Message],
    ) -> Vec<Result<(), PublishError>> {
        let mut answers = Vec::with_capacity(messages.len());
        for window in messages.chunks(WINDOW_MESSAGES) {
            answers.extend(self.publish_window(telemetry, window).await);
        }
        answers
    }

    async fn publish_window(
        &self,
        telemetry: &Telemetry,
        window: &[Message],
    ) -> Vec<Result<(), PublishError>> {
        let (spans, sent): (Vec<_>, Vec<_>) =
            window.iter().map(|message| self.start_publishing(telemetry, message)).unzip();
        let answers = match self {
            Self::InProcess(bus) => sent.into_iter().map(|message| bus.publish(message)).collect(),
            Self::RabbitMq(bus) => bus.publish(sent).await,
        };
        for (span, answer) in spans.iter().zip(&answers) {
            if let Err(error) = answer {
                span.fail(error.error_type(), error);
            }
        }
        answers
    }

    /// The span of publishing a message, and the message as it is sent, with that span.
    fn start_publishing(&self, telemetry: &Telemetry, message: &Message) -> (Span, Message) {
        let id = message.id.to_string();
        let publish = Publish {
            system: self.system(),
            exchange: EXCHANGE,
            routing_key: &message.routing_key,
            message_id: &id,
            body_bytes: message.body.len(),
        };
        let span = telemetry.publish(publish, &message.trace);
        if let Some(game) = &message.game {
            span.set(attr::game_id(game));
        }
        if let Self::RabbitMq(bus) = self {
            bus.server().describe(&span);
        }
        let mut sent = message.clone();
        let here = span.trace_context();
        if !here.is_empty() {
            sent.trace = here;
        }
        (span, sent)
    }

    /// Consumes a queue, made if need be: a durable one is shared with its other consumers and outlives them,
    /// a transient one is the consumer's own and dies with it.
    ///
    /// The queue is there when this returns, or the broker is away; then it will be as soon as the broker comes.
    pub async fn subscribe(&self, spec: QueueSpec) -> Consumer {
        match self {
            Self::InProcess(bus) => Consumer::in_process(spec, bus.subscribe(spec)),
            Self::RabbitMq(bus) => Consumer::rabbitmq(spec, bus.subscribe(spec).await),
        }
    }

    /// The messages of a queue that failed too often, oldest first; of very many the oldest thousand.
    ///
    /// # Errors
    /// The broker is away or refuses.
    pub async fn dead_letters(&self, queue: &QueueSpec) -> Result<Vec<DeadLetter>, BrokerError> {
        match self {
            Self::InProcess(bus) => Ok(bus.dead_letters(queue.name)),
            Self::RabbitMq(bus) => bus.dead_letters(queue).await,
        }
    }

    /// The message of a queue that failed too often and has that id, however many there are.
    ///
    /// # Errors
    /// The broker is away or refuses.
    pub async fn dead_letter(&self, queue: &QueueSpec, id: Uuid) -> Result<Option<DeadLetter>, BrokerError> {
        match self {
            Self::InProcess(bus) => {
                Ok(bus.dead_letters(queue.name).into_iter().find(|letter| letter.message.id == id))
            }
            Self::RabbitMq(bus) => bus.dead_letter(queue, id).await,
        }
    }

    /// Puts dead letters back into their queue, all that there are now or the one with that id; tells how many. One that
    /// dies again meanwhile stays.
    ///
    /// # Errors
    /// The broker is away or refuses; what was not put back is still a dead letter.
    pub async fn redrive(&self, queue: &QueueSpec, id: Option<Uuid>) -> Result<usize, RedriveError> {
        match self {
            Self::InProcess(bus) => Ok(bus.redrive(queue.name, id)),
            Self::RabbitMq(bus) => bus.redrive(queue, id).await,
        }
    }

    /// Takes nothing more; consumers get `None`. What is in hand can still be settled. Returns when everything that
    /// was published has its answer.
    pub async fn close(&self) {
        match self {
            Self::InProcess(bus) => bus.close(),
            Self::RabbitMq(bus) => bus.close().await,
        }
    }

    const fn system(&self) -> MessagingSystem {
        match self {
            Self::InProcess(_) => MessagingSystem::InProcess,
            Self::RabbitMq(_) => MessagingSystem::RabbitMq,
        }
    }
}
