//! A database that is a PostgreSQL server.

use super::{ACQUIRE_TIMEOUT, OpenError, PREPARED_KEPT, reason};
use crate::db::{Db, Place, Pools};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection};
use std::str::FromStr;
use std::sync::Arc;

const CONNECTIONS: u32 = 10;
/// The oldest major version that the statements are tested on.
const OLDEST_VERSION: u32 = 15;
/// `server_version_num` is the major version times this, plus the minor one (PostgreSQL documentation,
/// "Preset Options").
const VERSION_UNIT: u32 = 10_000;

/// What ends by itself, so that nothing that hangs holds others up. A verb holds no lock while it waits for
/// anything but the database, so these are long for it and short for people.
const TIMEOUTS: [(&str, &str); 3] =
    [("statement_timeout", "15s"), ("lock_timeout", "10s"), ("idle_in_transaction_session_timeout", "30s")];

pub(super) async fn open(url: &str) -> Result<Db, OpenError> {
    let options = options(url)?;
    let place = place(&options);
    let name = format!("{}:{}/{}", options.get_host(), options.get_port(), place.namespace);
    let unreachable = |reason: String| OpenError::Unreachable(name.clone(), reason);
    // Once by itself: a pool would try until its time is up, and only say that it is.
    let asked = tokio::time::timeout(ACQUIRE_TIMEOUT, version(&options)).await;
    let asked = asked.map_err(|_| unreachable("it does not answer".to_owned()))?;
    let version = asked.map_err(|error| unreachable(reason(&error)))? / VERSION_UNIT;
    if version < OLDEST_VERSION {
        return Err(OpenError::TooOld(OLDEST_VERSION, name, version));
    }
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(ACQUIRE_TIMEOUT);
    Ok(Db { pools: Pools::Pg(pool.connect_lazy_with(options)), place: Arc::new(place) })
}

fn options(url: &str) -> Result<PgConnectOptions, OpenError> {
    let options = PgConnectOptions::from_str(url).map_err(|error| OpenError::Url(reason(&error)))?;
    let options = options.application_name("muster").options(TIMEOUTS);
    Ok(options.statement_cache_capacity(PREPARED_KEPT).disable_statement_logging())
}

fn place(options: &PgConnectOptions) -> Place {
    // Without a database's name PostgreSQL takes the user's.
    let namespace = options.get_database().unwrap_or(options.get_username()).to_owned();
    Place { namespace, server: Some((options.get_host().to_owned(), options.get_port())) }
}

async fn version(options: &PgConnectOptions) -> Result<u32, sqlx::Error> {
    let mut connection = options.connect().await?;
    let text: String = sqlx::query_scalar("SHOW server_version_num").fetch_one(&mut connection).await?;
    connection.close().await?;
    text.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_ends_what_hangs() {
        let options = options("postgres://muster@localhost/games").unwrap();
        insta::assert_snapshot!(options.get_options().unwrap(), @"-c statement_timeout=15s -c lock_timeout=10s -c idle_in_transaction_session_timeout=30s");
        assert_eq!(options.get_application_name(), Some("muster"));
    }

    #[test]
    fn spans_say_where_a_server_is() {
        let at = |url| {
            let place = place(&options(url).unwrap());
            format!("{} {:?}", place.namespace, place.server)
        };
        insta::assert_snapshot!(at("postgres://muster@db.example:6432/games"), @r#"games Some(("db.example", 6432))"#);
        insta::assert_snapshot!(at("postgres://muster@localhost"), @r#"muster Some(("localhost", 5432))"#);
    }
}
