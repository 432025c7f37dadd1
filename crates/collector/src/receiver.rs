//! By whom telemetry comes in.

use serde::Serialize;

/// Who took or fetched telemetry, as the label `receiver` of the collector's own metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Receiver {
    /// The doors: it was sent.
    Otlp,
    /// It was asked of a PostgreSQL server.
    Postgresql,
    /// It was asked of a Redis server.
    Redis,
    /// It was asked of a RabbitMQ broker.
    Rabbitmq,
    /// The collector's account of itself.
    Collector,
}

impl Receiver {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Otlp, Self::Postgresql, Self::Redis, Self::Rabbitmq, Self::Collector];

    /// Its name; of a server also the `service.name` of what it tells.
    pub fn name(self) -> &'static str {
        match self {
            Self::Otlp => "otlp",
            Self::Postgresql => "postgresql",
            Self::Redis => "redis",
            Self::Rabbitmq => "rabbitmq",
            Self::Collector => "collector",
        }
    }
}
