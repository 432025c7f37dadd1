//! Opens the file, or says in one sentence why not.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    ConnectOptions as _, Connection as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    Reader, Writer,
    disk::Disk,
    retention::{self, Slices},
    schema,
};
use crate::counters::Counters;

/// Pages are drawn by so many connections at once.
const READERS: u32 = 4;
/// Another process may hold the file for so long (a backup, a person with `sqlite3`).
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// The write-ahead log goes into the file when it has so many pages, and earlier in a small store.
const MAX_LOG_PAGES: u64 = 1_000;
const PAGE_BYTES: u64 = 4_096;
/// Prepared statements that a connection keeps: those of a batch or of a page. Each names the tables of its slices, so
/// that with time there are others, and one that writes many rows takes a good part of a megabyte.
const PREPARED_KEPT: usize = 24;

/// How much the store may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    pub(crate) bytes: u64,
    pub(crate) age: Duration,
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is a database, but not one of a collector.
    #[error("{0} is a database of something else")]
    Foreign(PathBuf),
    /// The file was written by another version of the collector, whose tables differ.
    #[error(
        "{path} was written by another version (tables of version {found}, this one writes {expected}): move it away"
    )]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// The version it says it has.
        found: i64,
        /// The version that this collector writes.
        expected: i64,
    },
    /// `SQLite` says that the file is damaged, not a database, or not writable.
    #[error("{path} cannot be opened: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What `SQLite` says.
        source: sqlx::Error,
    },
}

/// Opens the store, making it if there is none. `now_ns` is when the first slice opens.
pub(crate) async fn open(
    path: &Path,
    caps: Caps,
    counters: Arc<Counters>,
    now_ns: i64,
) -> Result<(Writer, Reader), OpenError> {
    let of_sqlite = |source| OpenError::Sqlite { path: path.into(), source };
    let options = options(path, caps);
    let mut disk = Disk::new(path);
    let mut db = options.connect().await.map_err(of_sqlite)?;
    check(&mut db, path).await?;
    if let Err(error) = disk.prepare(&mut db).await {
        tracing::error!(name: "collector.retain.exception", error = %error, "the store could not be made able to shrink");
    }
    let slices = Slices::open(&mut db, (caps, disk), now_ns).await.map_err(of_sqlite)?;
    let writer = Writer::new((db, options.clone()), slices, counters).await.map_err(of_sqlite)?;
    let readers = SqlitePoolOptions::new().max_connections(READERS);
    let pool = readers.connect_with(options.read_only(true)).await.map_err(of_sqlite)?;
    Ok((writer, Reader::new(pool)))
}

fn options(path: &Path, caps: Caps) -> SqliteConnectOptions {
    let log_bytes = retention::log_bytes(caps);
    let log_pages = MAX_LOG_PAGES.min(log_bytes / PAGE_BYTES);
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A power cut may take the last moments of telemetry, never the file.
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(PREPARED_KEPT)
        .pragma("journal_size_limit", log_bytes.to_string())
        .pragma("wal_autocheckpoint", log_pages.to_string())
        .disable_statement_logging()
}

async fn check(db: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let of_sqlite = |source| OpenError::Sqlite { path: path.into(), source };
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
        .fetch_one(&mut *db)
        .await
        .map_err(of_sqlite)?;
    if tables == 0 {
        let mut tx = db.begin().await.map_err(of_sqlite)?;
        schema::create_store(&mut tx).await.map_err(of_sqlite)?;
        return tx.commit().await.map_err(of_sqlite);
    }
    let id: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *db).await.map_err(of_sqlite)?;
    if id != schema::APPLICATION_ID {
        return Err(OpenError::Foreign(path.into()));
    }
    let found: i64 =
        sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *db).await.map_err(of_sqlite)?;
    if found == 1 {
        return schema::upgrade(db).await.map_err(of_sqlite);
    }
    if found != schema::VERSION {
        return Err(OpenError::OtherVersion { path: path.into(), found, expected: schema::VERSION });
    }
    Ok(())
}
