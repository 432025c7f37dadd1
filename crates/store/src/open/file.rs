//! A database that is a file of this machine.

use super::soundness::{self, trouble};
use super::{ACQUIRE_TIMEOUT, OpenError, PREPARED_KEPT};
use crate::db::{Db, Measured, Place, Pools};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use telemetry::Telemetry;

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const READERS: u32 = 4;

pub(super) async fn open(path: &Path, telemetry: &Telemetry) -> Result<Db, OpenError> {
    if path.exists() {
        soundness::check(path).await?;
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(PREPARED_KEPT)
        .disable_statement_logging();
    let pool = |size| {
        let pool = SqlitePoolOptions::new().max_connections(size).acquire_timeout(ACQUIRE_TIMEOUT);
        // SQLite ends a transaction by itself when the disk is full or fails. The connection doesn't know, believes
        // itself inside of it and would begin no other for ever: another one takes its place.
        let pool =
            pool.before_acquire(|connection, _| Box::pin(async { Ok(!connection.is_in_transaction()) }));
        pool.after_connect(|_, _| {
            telemetry::connection_opened();
            Box::pin(async { Ok(()) })
        })
    };
    let began = Instant::now();
    let connected = pool(1).connect_with(options.clone()).await;
    let writer = connected.map_err(|error| trouble(path, &error))?;
    let took = began.elapsed();
    let readers = pool(READERS).connect_lazy_with(options.read_only(true));
    let place = Place { namespace: "muster".to_owned(), server: None };
    let writer = Measured::new(writer, "writer", telemetry);
    writer.opened(took);
    let readers = Measured::new(readers, "readers", telemetry);
    Ok(Db {
        pools: Pools::Lite { writer, readers },
        place: Arc::new(place),
        patience: None,
        heartbeat: BUSY_TIMEOUT,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::SqlitePool;

    async fn ask(pool: &SqlitePool, what: &'static str) -> String {
        let answer: Result<i64, _> = sqlx::query_scalar(what).fetch_one(pool).await;
        match answer {
            Ok(number) => number.to_string(),
            Err(_) => sqlx::query_scalar(what).fetch_one(pool).await.unwrap(),
        }
    }

    #[tokio::test]
    async fn every_connection_is_durable_and_keeps_references() {
        let folder = tempfile::tempdir().unwrap();
        let telemetry = Telemetry::off(telemetry::ServiceName::Api);
        let Pools::Lite { writer, readers } =
            open(&folder.path().join("muster.db"), &telemetry).await.unwrap().pools
        else {
            panic!("a file is SQLite's")
        };
        for (pool, query_only) in [(&writer.pool, false), (&readers.pool, true)] {
            assert_eq!(ask(pool, "PRAGMA journal_mode").await, "wal");
            let full = "2";
            assert_eq!(ask(pool, "PRAGMA synchronous").await, full);
            assert_eq!(ask(pool, "PRAGMA foreign_keys").await, "1");
            assert_eq!(ask(pool, "PRAGMA busy_timeout").await, BUSY_TIMEOUT.as_millis().to_string());
            let written = sqlx::query("CREATE TABLE written (id INTEGER)").execute(pool).await;
            assert_eq!(written.is_err(), query_only);
        }
    }

    /// Older ones can damage a file that several connections write to (SQLite, "Release History", 3.51.3).
    #[tokio::test]
    async fn sqlite_is_recent_enough() {
        let memory = SqlitePool::connect("sqlite::memory:").await.unwrap();
        let version = ask(&memory, "SELECT sqlite_version()").await;
        let numbers: Vec<u32> = version.split('.').map(|number| number.parse().unwrap()).collect();
        assert!(numbers >= vec![3, 51, 3], "{version}");
    }
}
