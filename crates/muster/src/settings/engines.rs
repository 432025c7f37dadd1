//! Where the engines are. Their addresses hold passwords, so they come from the environment alone.

use super::parse::secret;
use crate::failure::Failure;
use telemetry::Secret;

/// The addresses of the engines; without one, what is embedded is used.
#[derive(Clone, Debug)]
pub(crate) struct Engines {
    /// PostgreSQL; none: a file in the data folder.
    pub(crate) database: Option<Secret<String>>,
    /// The same database as the owner of its tables, for `muster migrate`; none: the address above.
    pub(crate) migration: Option<Secret<String>>,
    /// Redis or Valkey; none: the memory of the process.
    pub(crate) redis: Option<Secret<String>>,
    /// RabbitMQ; none: channels of the process.
    pub(crate) amqp: Option<Secret<String>>,
}

impl Engines {
    /// Reads the variables.
    pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let read = |name: &str, schemes: &[&str]| {
            variable(name).map(|value| secret(name, &value, schemes)).transpose()
        };
        Ok(Self {
            database: read("DATABASE_URL", &["postgres", "postgresql"])?,
            migration: read("DATABASE_MIGRATION_URL", &["postgres", "postgresql"])?,
            redis: read("REDIS_URL", &["redis", "rediss"])?,
            amqp: read("AMQP_URL", &["amqp", "amqps"])?,
        })
    }
}
