//! A database that is a PostgreSQL server.

use super::{OpenError, PREPARED_KEPT, Patience, reason};
use crate::db::{Db, Measured, Place, Pools, answered};
use crate::error::is_transient;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use telemetry::Telemetry;

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

/// Makes a connection work as the role that row-level security holds back, where whoever signed in may take it: an
/// owner or a superuser would walk through every wall. Before the first migration there is nothing that it may do.
const TAKE_ROLE: &str = "SELECT set_config('role', rolname, false) FROM pg_roles WHERE rolname = 'muster_app' \
     AND pg_has_role(session_user, oid, 'MEMBER') \
     AND has_table_privilege(oid, to_regclass('_sqlx_migrations'), 'SELECT')";

/// How long a connection may take to show that it works when it is given back.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) async fn open(url: &str, (telemetry, patience): (&Telemetry, Patience)) -> Result<Db, OpenError> {
    let options = options(url)?;
    let place = place(&options);
    let name = format!("{}:{}/{}", options.get_host(), options.get_port(), place.namespace);
    // Once by itself: a pool would try until its time is up, and only say that it is.
    let asked = tokio::time::timeout(patience.connection, version(&options)).await;
    let asked = asked.map_err(|_| OpenError::Unreachable(name.clone(), "it does not answer".to_owned()))?;
    let version = asked.map_err(|error| refusal(name.clone(), &error))?;
    recent_enough(name, version)?;
    let pool = pool(patience).connect_lazy_with(options);
    Ok(Db {
        pools: Pools::Pg(Measured::new(pool, "postgresql", telemetry)),
        place: Arc::new(place),
        patience: Some(patience.statement),
        heartbeat: patience.heartbeat,
    })
}

fn recent_enough(name: String, version: u32) -> Result<(), OpenError> {
    if version < OLDEST_VERSION {
        return Err(OpenError::TooOld(OLDEST_VERSION, name, version));
    }
    Ok(())
}

fn pool(patience: Patience) -> PgPoolOptions {
    let release = RELEASE_TIMEOUT.min(patience.statement);
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(patience.connection)
        .after_connect(|connection, _| {
            Box::pin(async {
                take_role(connection).await?;
                telemetry::connection_opened();
                Ok(())
            })
        })
        // The library asks the same, and waits for the answer of a server that is cut off until the network gives up.
        .after_release(move |connection, _| {
            Box::pin(async move { answered(Some(release), connection.ping()).await.map(|()| true) })
        })
}

/// Takes the role that services work as, if there is one.
pub(crate) async fn take_role(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(TAKE_ROLE).execute(connection).await.map(drop)
}

/// Who is there and says no is another thing than who isn't there.
fn refusal(name: String, error: &sqlx::Error) -> OpenError {
    match error {
        sqlx::Error::Database(_) if !is_transient(error) => OpenError::Refused(name, reason(error)),
        _ => OpenError::Unreachable(name, reason(error)),
    }
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
    let version = version_of(&mut connection).await?;
    connection.close().await?;
    Ok(version)
}

/// The major version of the server behind a connection.
pub(crate) async fn version_of(connection: &mut PgConnection) -> Result<u32, sqlx::Error> {
    let text: String = sqlx::query_scalar("SHOW server_version_num").fetch_one(connection).await?;
    let number: u32 = text.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    Ok(number / VERSION_UNIT)
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
    fn an_old_server_is_told_by_its_version() {
        let error = recent_enough("db.example:5432/games".to_owned(), 14).unwrap_err();
        insta::assert_snapshot!(error, @"PostgreSQL 15 or newer is needed, and db.example:5432/games is PostgreSQL 14");
        assert!(!error.is_transient());
        assert!(recent_enough("db.example:5432/games".to_owned(), 15).is_ok());
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
