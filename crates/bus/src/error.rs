//! Why a message was not confirmed, and what stands between this program and its broker.

/// Why the bus did not take a message; the outbox keeps it and tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// No queue is bound to its routing key.
    #[error("no queue takes this routing key")]
    Unroutable,
    /// A durable queue has no room.
    #[error("queue {0} is full")]
    Full(&'static str),
    /// The broker refused it: a queue is full, or has no leader.
    #[error("the broker refused the message: a queue is full or unavailable")]
    Refused,
    /// The connection ended, or nothing was heard, before the broker confirmed; the message may be there.
    #[error("the broker has not confirmed the message")]
    Unconfirmed,
    /// The broker takes nothing for now: its memory or disk runs low.
    #[error("the broker takes no messages: its memory or disk runs low")]
    Blocked,
    /// There is no connection to the broker.
    #[error("the broker is away")]
    Away,
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
            Self::Refused => "refused",
            Self::Unconfirmed => "unconfirmed",
            Self::Blocked => "blocked",
            Self::Away => "away",
            Self::Closed => "closed",
        }
    }
}

/// What stands between this program and its broker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokerError {
    /// The address is none.
    #[error("the address of RabbitMQ is not valid: {0}")]
    Address(&'static str),
    /// Nobody answers there, or nobody who speaks AMQP.
    #[error("RabbitMQ at {server} cannot be reached: {reason}")]
    Unreachable {
        /// Host and port.
        server: String,
        /// What the network said.
        reason: String,
    },
    /// Unknown user, or wrong password.
    #[error("RabbitMQ at {server} refuses the password of user {user}")]
    Login {
        /// Host and port.
        server: String,
        /// Who wanted in.
        user: String,
    },
    /// There is no such virtual host.
    #[error("RabbitMQ at {server} has no virtual host {vhost}")]
    NoVhost {
        /// Host and port.
        server: String,
        /// Which one was asked for.
        vhost: String,
    },
    /// The user has no permission there at all.
    #[error("RabbitMQ does not let user {user} into virtual host {vhost}")]
    VhostForbidden {
        /// Who wanted in.
        user: String,
        /// Where to.
        vhost: String,
    },
    /// The user lacks a permission.
    #[error("RabbitMQ lets user {user} into virtual host {vhost} but refuses: {reason}")]
    Forbidden {
        /// Who.
        user: String,
        /// Where.
        vhost: String,
        /// In the broker's words.
        reason: String,
    },
    /// A queue or exchange is there, but not as Muster wants it.
    #[error("a queue or exchange of RabbitMQ is not as Muster declares it: {reason}")]
    Differs {
        /// In the broker's words: which argument, what was wanted, what is there.
        reason: String,
    },
    /// A queue says nothing, although the broker does.
    #[error(
        "RabbitMQ at {server} answers, but a queue of Muster's does not: it has no leader, or far too much to do"
    )]
    NoLeader {
        /// Host and port.
        server: String,
    },
    /// The broker lacks what Muster needs.
    #[error("RabbitMQ {version} is too old: Muster needs 3.10 or newer")]
    TooOld {
        /// What it is.
        version: String,
    },
    /// It was there and is no more.
    #[error("the connection to RabbitMQ at {server} ended: {reason}")]
    Lost {
        /// Host and port.
        server: String,
        /// What ended it.
        reason: String,
    },
}

/// Why not every dead letter was put back that should have been.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}; {moved} dead letters had been put back by then")]
pub struct RedriveError {
    /// How many were.
    pub moved: usize,
    /// What was in the way of the next.
    #[source]
    pub error: BrokerError,
}

impl BrokerError {
    /// The word for `error.type`.
    pub const fn error_type(&self) -> &'static str {
        match self {
            Self::Address(_) => "address",
            Self::Unreachable { .. } => "unreachable",
            Self::Login { .. } => "login",
            Self::NoVhost { .. } => "no_vhost",
            Self::VhostForbidden { .. } => "vhost_forbidden",
            Self::Forbidden { .. } => "forbidden",
            Self::Differs { .. } => "differs",
            Self::NoLeader { .. } => "no_leader",
            Self::TooOld { .. } => "too_old",
            Self::Lost { .. } => "lost",
        }
    }

    /// Whether somebody has to change something before it can work.
    pub const fn needs_somebody(&self) -> bool {
        !matches!(self, Self::Unreachable { .. } | Self::Lost { .. })
    }

    /// Whether it may be well again at any moment, with nothing changed on our side.
    pub(crate) const fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Lost { .. } | Self::NoLeader { .. })
    }

    /// What to do about it, in one line.
    pub fn mend(&self) -> String {
        match self {
            Self::Address(_) => "write amqp://USER:PASSWORD@HOST:5672/VHOST, with %2f for the virtual host /".into(),
            Self::Unreachable { .. } | Self::Lost { .. } => {
                "see that RabbitMQ runs and that host and port are right; Muster goes on trying".into()
            }
            Self::NoLeader { .. } => {
                "look at rabbitmqctl list_queues name leader; one that stays without after all nodes are up is lost: \
                 rabbitmqctl delete_queue muster.bot, and Muster declares it anew"
                    .into()
            }
            Self::TooOld { .. } => "upgrade RabbitMQ to 3.10 or newer, for example 4.2".into(),
            Self::Login { user, .. } => format!("rabbitmqctl change_password {user} …, or mend the address"),
            Self::NoVhost { vhost, .. } => format!("rabbitmqctl add_vhost {vhost}, or mend the address"),
            Self::VhostForbidden { user, vhost } | Self::Forbidden { user, vhost, .. } => {
                format!(r#"rabbitmqctl set_permissions -p {vhost} {user} "{PATTERN}" "{PATTERN}" "{PATTERN}""#)
            }
            Self::Differs { reason } if reason.contains("for exchange ") => {
                "delete the exchange on RabbitMQ's management page, and Muster declares it anew".into()
            }
            Self::Differs { .. } => {
                "drain the queue, delete it with rabbitmqctl delete_queue, and Muster declares it anew; or take \
                 away the policy that changes it"
                    .into()
            }
        }
    }
}

/// The names that Muster configures, writes and reads, as RabbitMQ's permissions want them: its own, those that the
/// broker gives to queues of one connection, and the exchange by which dead letters go back to their queue.
const PATTERN: &str = r"^(muster\.|amq\.gen-|amq\.default$).*";
