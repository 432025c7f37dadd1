//! Why a message was not confirmed.

/// Why the bus did not take a message; the outbox keeps it and tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// No queue is bound to its routing key.
    #[error("no queue takes this routing key")]
    Unroutable,
    /// A durable queue has no room.
    #[error("queue {0} is full")]
    Full(&'static str),
    /// The bus has been closed.
    #[error("the bus is closed")]
    Closed,
}

impl PublishError {
    /// The word for `error.type`.
    pub const fn error_type(self) -> &'static str {
        match self {
            Self::Unroutable => "unroutable",
            Self::Full(_) => "queue_full",
            Self::Closed => "closed",
        }
    }
}
