//! Where a Redis server is, as spans and people may see it.

use ::redis::{Client, ConnectionAddr};
use telemetry::{Secret, Span, attr};

/// Why there can be no cache in Redis.
#[derive(Debug, thiserror::Error)]
pub enum RedisConfigError {
    /// The address isn't one. It is not repeated: it may hold a password.
    #[error("this is not the address of a Redis: it looks like redis://user:password@host:6379/0")]
    Address,
}

/// Host, port and database: what an address holds, its password aside.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    server: String,
    port: Option<u16>,
    namespace: String,
}

/// A client for an address, and what may be shown of it.
pub(crate) fn client(url: &Secret<String>) -> Result<(Client, Place), RedisConfigError> {
    let client = Client::open(url.expose().as_str()).map_err(|_| RedisConfigError::Address)?;
    let info = client.get_connection_info();
    let (server, port) = match info.addr() {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
            (host.clone(), Some(*port))
        }
        ConnectionAddr::Unix(path) => (path.display().to_string(), None),
        _ => return Err(RedisConfigError::Address),
    };
    let place = Place { server, port, namespace: info.redis_settings().db().to_string() };
    Ok((client, place))
}

impl Place {
    pub(crate) fn describe(&self, span: &Span) {
        span.set(attr::server_address(&self.server));
        if let Some(port) = self.port {
            span.set(attr::server_port(port));
        }
        span.set(attr::db_namespace(&self.namespace));
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.server)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, ", database {}", self.namespace)
    }
}
