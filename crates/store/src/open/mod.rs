mod file;
pub(crate) mod server;
mod soundness;

use crate::db::{Access, Db, DueBy};
use crate::{Hints, MigrationState, StoreError, Tx, listen, migrations};
use std::path::PathBuf;
use std::time::Duration;
use telemetry::Telemetry;
use tokio_util::sync::CancellationToken;

/// How long a transaction waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a server is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection.
    pub connection: Duration,
    /// For the answer to one statement. The server itself ends what takes fifteen seconds and says so; who hears
    /// nothing for longer is cut off from it.
    pub statement: Duration,
    /// For a sign of life from where hints come from, and for the answer to it.
    pub heartbeat: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connection: ACQUIRE_TIMEOUT, statement: seconds(20), heartbeat: seconds(5) }
    }
}

/// How many prepared statements a connection keeps: all of ours. The library's hundred would be just too few.
const PREPARED_KEPT: usize = 256;

/// Which database.
#[derive(Clone, Debug)]
pub enum StoreConfig {
    /// A file of this machine.
    Sqlite(PathBuf),
    /// A server, by its URL.
    Postgres(telemetry::Secret<String>),
}

/// Why the store can't be opened: one sentence each, and nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is there and is no sound database.
    #[error("{0} is damaged or no database: {1}")]
    Damaged(PathBuf, String),
    /// The file is a sound database with tables that aren't ours.
    #[error("{0} is the database of another program")]
    Foreign(PathBuf),
    /// The file is there and is marked as one that is not to be written to.
    #[error("{0} is read-only")]
    ReadOnly(PathBuf),
    /// The file or the server can't be reached.
    #[error("{0} can't be opened: {1}")]
    Unreachable(String, String),
    /// The server is there and lets nobody in with this name, password or database.
    #[error("{0} refuses: {1}")]
    Refused(String, String),
    /// The URL is none of a PostgreSQL server.
    #[error("the database's URL can't be read: {0}")]
    Url(String),
    /// The server is older than what the statements are written for.
    #[error("PostgreSQL {0} or newer is needed, and {1} is PostgreSQL {2}")]
    TooOld(u32, String, u32),
}

impl OpenError {
    /// Whether the same may work later, with nothing changed by anybody: a server that isn't up yet.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable(..))
    }
}

/// What went wrong, without the library's words around it.
fn reason(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |refusal| refusal.message().to_owned())
}

/// The store, as one service holds it. Clones share connections and hints.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) db: Db,
    hints: Hints,
    telemetry: Telemetry,
    due_by: DueBy,
}

impl Store {
    /// Opens the database; the file is made if it isn't there. No migration is applied.
    ///
    /// # Errors
    /// A file that is damaged, foreign or read-only, or a database that can't be reached.
    pub async fn open(config: &StoreConfig, telemetry: &Telemetry) -> Result<Self, OpenError> {
        Self::open_patiently(config, telemetry, Patience::default()).await
    }

    /// Opens the database, with limits of its own to what is waited for.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_patiently(
        config: &StoreConfig,
        telemetry: &Telemetry,
        patience: Patience,
    ) -> Result<Self, OpenError> {
        let db = match config {
            StoreConfig::Sqlite(path) => file::open(path, telemetry).await?,
            StoreConfig::Postgres(url) => server::open(url.expose(), (telemetry, patience)).await?,
        };
        Ok(Self { db, hints: Hints::new(), telemetry: telemetry.clone(), due_by: DueBy::Told })
    }

    /// The same store, for which things come due by the server's clock instead of the moment that it is told, so
    /// that processes whose clocks differ agree. On a file it changes nothing. Not for a practice clock.
    #[must_use]
    pub fn due_by_server(self) -> Self {
        Self { due_by: DueBy::Server, ..self }
    }

    /// Listens for what other processes write, until stopped, and passes it on as [`hints`](Self::hints). Once per
    /// process; a file has nobody to listen to.
    pub async fn listen(&self, stop: CancellationToken) {
        if let Some(server) = self.db.pools.server() {
            listen::run(server, (&self.hints, self.db.heartbeat), &stop).await;
        }
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
        Tx::begin(&self.db, Access::Write, (&self.telemetry, &self.hints, self.due_by)).await
    }

    /// Starts a transaction that only reads, on one snapshot.
    ///
    /// # Errors
    /// When the database can't be reached.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        Tx::begin(&self.db, Access::Read, (&self.telemetry, &self.hints, self.due_by)).await
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
        self.db.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry::DbSystem;

    /// Silence for one heartbeat, and no answer for another.
    #[test]
    fn a_lost_connection_for_hints_is_noticed_within_fifteen_seconds() {
        assert!(Patience::default().heartbeat * 2 <= Duration::from_secs(15));
    }

    #[test]
    fn a_connection_keeps_every_statement_prepared() {
        // Besides those of the list, transactions begin and end.
        let besides = 4;
        for system in [DbSystem::Sqlite, DbSystem::PostgreSql] {
            assert!(crate::statements(system).len() + besides <= PREPARED_KEPT);
        }
    }
}
