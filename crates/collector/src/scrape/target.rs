//! Whom to ask, and with which credentials.

use std::{fmt, str::FromStr as _};

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::PgConnectOptions;
use url::Url;

use crate::receiver::Receiver;

/// A server that is asked for its numbers.
pub enum Target {
    /// `postgres://user:password@host:5432/database`; the role `pg_monitor` is enough.
    Postgres(Box<PostgresServer>),
    /// `redis://[user:]password@host:6379`; the right to `INFO` is enough.
    Redis(RedisServer),
    /// The management API, `http://user:password@host:15672`; the tag `monitoring` is enough, with a permission (it may
    /// be one of nothing, `^$`) in each virtual host whose queues are to be seen.
    Rabbitmq(RabbitmqServer),
}

/// Why a target's address cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Not a URL of that server.
    #[error("not an address of that server")]
    NotAnAddress,
    /// TLS to Redis is not spoken here.
    #[error("only redis:// can be asked, not rediss://")]
    Encrypted,
}

/// Where a PostgreSQL server is.
pub struct PostgresServer {
    pub(super) options: PgConnectOptions,
    address: String,
}

/// Where a Redis server is.
pub struct RedisServer {
    pub(super) address: String,
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretString>,
}

/// Where a RabbitMQ server's management API is.
pub struct RabbitmqServer {
    /// Without user and password.
    pub(super) api: Url,
    pub(super) user: String,
    pub(super) password: SecretString,
    address: String,
}

impl Target {
    /// Reads the address of a PostgreSQL server.
    pub fn postgres(url: &SecretString) -> Result<Self, TargetError> {
        let parsed = parse(url, &["postgres", "postgresql"])?;
        let options =
            PgConnectOptions::from_str(url.expose_secret()).map_err(|_| TargetError::NotAnAddress)?;
        let address = host_and_port(&parsed, 5_432)?;
        Ok(Self::Postgres(Box::new(PostgresServer { options, address })))
    }

    /// Reads the address of a Redis server.
    pub fn redis(url: &SecretString) -> Result<Self, TargetError> {
        if url.expose_secret().starts_with("rediss:") {
            return Err(TargetError::Encrypted);
        }
        let parsed = parse(url, &["redis", "valkey"])?;
        Ok(Self::Redis(RedisServer {
            address: host_and_port(&parsed, 6_379)?,
            user: Some(decoded(parsed.username())).filter(|user| !user.is_empty()),
            password: parsed.password().map(|password| decoded(password).into()),
        }))
    }

    /// Reads the address of a RabbitMQ management API.
    pub fn rabbitmq(url: &SecretString) -> Result<Self, TargetError> {
        let mut api = parse(url, &["http", "https"])?;
        let (user, password) = (decoded(api.username()), decoded(api.password().unwrap_or_default()));
        let address = host_and_port(&api, 15_672)?;
        api.set_username("").and_then(|()| api.set_password(None)).map_err(|()| TargetError::NotAnAddress)?;
        Ok(Self::Rabbitmq(RabbitmqServer { api, user, password: password.into(), address }))
    }

    /// What kind of server it is, as the `service.name` of its metrics.
    pub fn kind(&self) -> &'static str {
        self.receiver().name()
    }

    /// As whom the collector counts what it tells.
    pub(super) fn receiver(&self) -> Receiver {
        match self {
            Self::Postgres(_) => Receiver::Postgresql,
            Self::Redis(_) => Receiver::Redis,
            Self::Rabbitmq(_) => Receiver::Rabbitmq,
        }
    }

    /// Host and port, as the `service.instance.id` of its metrics.
    pub fn address(&self) -> &str {
        match self {
            Self::Postgres(server) => &server.address,
            Self::Redis(server) => &server.address,
            Self::Rabbitmq(server) => &server.address,
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.kind(), self.address())
    }
}

fn parse(url: &SecretString, schemes: &[&str]) -> Result<Url, TargetError> {
    let url = Url::parse(url.expose_secret()).map_err(|_| TargetError::NotAnAddress)?;
    if schemes.contains(&url.scheme()) { Ok(url) } else { Err(TargetError::NotAnAddress) }
}

fn host_and_port(url: &Url, usual_port: u16) -> Result<String, TargetError> {
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(TargetError::NotAnAddress)?;
    Ok(format!("{host}:{}", url.port_or_known_default().unwrap_or(usual_port)))
}

/// Undoes the escapes that a password may need inside of an address.
fn decoded(part: &str) -> String {
    let escaped = part.replace('+', "%2B");
    url::form_urlencoded::parse(escaped.as_bytes()).map(|(key, _)| key.into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(read: fn(&SecretString) -> Result<Target, TargetError>, url: &str) -> String {
        read(&SecretString::from(url)).map_or_else(|error| error.to_string(), |target| format!("{target:?}"))
    }

    #[test]
    fn an_address_is_shown_without_its_secret() {
        assert_eq!(
            target(Target::postgres, "postgres://me:secret@db.example/x"),
            "postgresql at db.example:5432"
        );
        assert_eq!(target(Target::redis, "redis://:secret@127.0.0.1:7000"), "redis at 127.0.0.1:7000");
        assert_eq!(target(Target::rabbitmq, "http://me:se%20cret@mq:15672"), "rabbitmq at mq:15672");
        assert_eq!(target(Target::redis, "http://127.0.0.1"), "not an address of that server");
        assert_eq!(target(Target::redis, "rediss://127.0.0.1"), "only redis:// can be asked, not rediss://");
        assert_eq!(decoded("a%2Fb+c"), "a/b+c");
    }
}
