//! What travels, and where to.

use telemetry::TraceContext;
use uuid::Uuid;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The event's id, by which consumers recognise what they have taken before.
    pub id: Uuid,
    /// The event's type, as words with dots between: `game.created`.
    pub routing_key: String,
    /// The envelope.
    pub body: Vec<u8>,
    /// The game that it is about, for the span that publishes it; does not travel, since the envelope says it.
    pub game: Option<Uuid>,
    /// Of the verb that wrote it; of the publish span once it is delivered. Travels in the headers.
    pub trace: TraceContext,
}

/// A queue as its consumers want it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueSpec {
    /// Its name, one of few.
    pub name: &'static str,
    /// Whether it outlives its consumers, and refuses what it has no room for; a transient one drops its
    /// oldest.
    pub durable: bool,
    /// Which routing keys it takes: `*` stands for one word, `#` for any number of them.
    pub bindings: &'static [&'static str],
    /// How many unsettled messages one consumer may hold.
    pub prefetch: usize,
    /// How often a message may come back; the next time it is dead.
    pub delivery_limit: u32,
}

impl QueueSpec {
    /// A queue whose messages must take effect.
    pub const fn durable(name: &'static str, bindings: &'static [&'static str]) -> Self {
        Self { name, durable: true, bindings, prefetch: 16, delivery_limit: 10 }
    }

    /// A queue for what is only worth knowing now.
    pub const fn transient(name: &'static str, bindings: &'static [&'static str]) -> Self {
        Self { durable: false, ..Self::durable(name, bindings) }
    }
}

/// A message that failed too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The message, with the trace of its publishing.
    pub message: Message,
    /// How often it was delivered.
    pub attempts: u32,
}
