use crate::db::{Access, Db};
use crate::{Hints, MigrationState, StoreError, Tx, migrations};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, PgPool};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use telemetry::Telemetry;

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
const READERS: u32 = 4;
const SERVER_CONNECTIONS: u32 = 10;

/// Which database.
#[derive(Clone, Debug)]
pub enum StoreConfig {
    /// A file of this machine.
    Sqlite(PathBuf),
    /// A server, by its URL.
    Postgres(telemetry::Secret<String>),
}

/// Why the store can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is there and is no sound database.
    #[error("{0} is damaged or no database of ours: {1}")]
    Damaged(PathBuf, String),
    /// It can't be reached.
    #[error("the database can't be opened: {0}")]
    Unreachable(#[source] sqlx::Error),
}

/// The store, as one service holds it. Clones share connections and hints.
#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
    hints: Hints,
    telemetry: Telemetry,
}

impl Store {
    /// Opens the database; the file is made if it isn't there. No migration is applied.
    ///
    /// # Errors
    /// A damaged file, or a database that can't be reached.
    pub async fn open(config: &StoreConfig, telemetry: &Telemetry) -> Result<Self, OpenError> {
        let db = match config {
            StoreConfig::Sqlite(path) => open_file(path.clone()).await?,
            StoreConfig::Postgres(url) => Db::Pg(connect(url.expose()).map_err(OpenError::Unreachable)?),
        };
        Ok(Self { db, hints: Hints::new(), telemetry: telemetry.clone() })
    }

    /// The same store, whose spans belong to another service.
    #[must_use]
    pub fn for_service(&self, telemetry: &Telemetry) -> Self {
        Self { telemetry: telemetry.clone(), ..self.clone() }
    }

    /// Starts a transaction that writes.
    ///
    /// # Errors
    /// When the database can't be reached, or its write lock isn't free in time.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Tx::begin(&self.db, Access::Write, (&self.telemetry, &self.hints)).await
    }

    /// Starts a transaction that only reads, on one snapshot.
    ///
    /// # Errors
    /// When the database can't be reached.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        Tx::begin(&self.db, Access::Read, (&self.telemetry, &self.hints)).await
    }

    /// What commits wake.
    pub const fn hints(&self) -> &Hints {
        &self.hints
    }

    /// Applies what the schema lacks.
    ///
    /// # Errors
    /// When a migration fails; those before it stay applied.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        migrations::apply(&self.db).await
    }

    /// How far the schema is.
    ///
    /// # Errors
    /// When the database can't be reached.
    pub async fn migration_state(&self) -> Result<MigrationState, StoreError> {
        migrations::state(&self.db).await
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match &self.db {
            Db::Lite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Db::Pg(pool) => pool.close().await,
        }
    }

    #[cfg(test)]
    pub(crate) const fn db(&self) -> &Db {
        &self.db
    }
}

async fn open_file(path: PathBuf) -> Result<Db, OpenError> {
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    let pool = |size| SqlitePoolOptions::new().max_connections(size).acquire_timeout(ACQUIRE_TIMEOUT);
    let damaged = |error: sqlx::Error| OpenError::Damaged(path.clone(), error.to_string());
    let writer = pool(1).connect_with(options.clone()).await.map_err(damaged)?;
    let check: String =
        sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&writer).await.map_err(damaged)?;
    if check != "ok" {
        return Err(OpenError::Damaged(path, check));
    }
    let readers = pool(READERS).connect_lazy_with(options.read_only(true));
    Ok(Db::Lite { writer, readers })
}

fn connect(url: &str) -> Result<PgPool, sqlx::Error> {
    let options = sqlx::postgres::PgConnectOptions::from_str(url)?.disable_statement_logging();
    Ok(sqlx::postgres::PgPoolOptions::new()
        .max_connections(SERVER_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_lazy_with(options))
}
