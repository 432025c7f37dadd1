//! How a broker is used.

use std::time::Duration;

use telemetry::Secret;

use super::address::{Address, Server};
use crate::{BrokerError, EXCHANGE};

/// How a RabbitMQ broker is used.
#[derive(Clone, Debug)]
pub struct RabbitConfig {
    /// `amqp://USER:PASSWORD@HOST:PORT/VHOST`.
    pub url: Secret<String>,
    /// What the broker calls our connections: a service's name.
    pub connection_name: String,
    /// Stands before the name of every queue and exchange, so that several Musters share one virtual host.
    pub name_prefix: String,
    /// A connection that is silent for twice as long is dead.
    pub heartbeat: Duration,
    /// How long the broker may take to confirm what was published; then the connection is taken for dead.
    pub confirm_within: Duration,
}

impl RabbitConfig {
    /// The settings that suit everybody: heartbeat 10 s, confirms within 10 s, no prefix.
    pub fn new(url: Secret<String>) -> Self {
        Self {
            url,
            connection_name: "muster".to_owned(),
            name_prefix: String::new(),
            heartbeat: Duration::from_secs(10),
            confirm_within: Duration::from_secs(10),
        }
    }
}

/// The broker as all its connections see it.
#[derive(Debug)]
pub(crate) struct Broker {
    pub(crate) address: Address,
    pub(crate) server: std::sync::Arc<Server>,
    pub(crate) connection_name: String,
    pub(crate) confirm_within: Duration,
    name_prefix: String,
}

impl Broker {
    pub(crate) fn new(config: RabbitConfig) -> Result<Self, BrokerError> {
        let mut address = Address::parse(&config.url)?;
        let heartbeat = u16::try_from(config.heartbeat.as_secs().max(1)).unwrap_or(u16::MAX);
        address.uri.query.heartbeat.get_or_insert(heartbeat);
        let server = std::sync::Arc::new(address.server());
        Ok(Self {
            address,
            server,
            connection_name: config.connection_name,
            confirm_within: config.confirm_within,
            name_prefix: config.name_prefix,
        })
    }

    pub(crate) fn exchange(&self) -> String {
        self.named(EXCHANGE)
    }

    /// Where queues send what failed too often.
    pub(crate) fn dead_exchange(&self) -> String {
        format!("{}.dead", self.exchange())
    }

    pub(crate) fn queue(&self, name: &str) -> String {
        self.named(name)
    }

    /// The queue of another queue's dead letters.
    pub(crate) fn dead_queue(&self, name: &str) -> String {
        format!("{}.dead", self.queue(name))
    }

    fn named(&self, name: &str) -> String {
        format!("{}{name}", self.name_prefix)
    }
}
