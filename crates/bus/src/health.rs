//! How the bus is.

use std::fmt;

use crate::BrokerError;

/// How a bus, or one of its connections, is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// It takes messages and hands them out.
    #[default]
    Up,
    /// It is being connected, or connected again.
    Connecting,
    /// The broker takes no messages for now, and says why; consumers go on.
    Blocked(String),
    /// It can't be connected for now.
    Down(BrokerError),
    /// It has been closed.
    Closed,
}

impl Health {
    /// Whether messages go through.
    pub const fn is_up(&self) -> bool {
        matches!(self, Self::Up)
    }

    /// The worse of the two.
    pub(crate) fn worse(self, other: Self) -> Self {
        if other.badness() > self.badness() { other } else { self }
    }

    const fn badness(&self) -> u8 {
        match self {
            Self::Up => 0,
            Self::Connecting => 1,
            Self::Blocked(_) => 2,
            Self::Down(_) => 3,
            Self::Closed => 4,
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Up => f.write_str("up"),
            Self::Connecting => f.write_str("connecting"),
            Self::Blocked(reason) => write!(f, "RabbitMQ takes no messages: {reason}"),
            Self::Down(error) => write!(f, "{error}"),
            Self::Closed => f.write_str("closed"),
        }
    }
}
