//! A database that is a file of this machine.

use super::soundness::{self, trouble};
use super::{ACQUIRE_TIMEOUT, OpenError};
use crate::db::{Db, Place, Pools};
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const READERS: u32 = 4;

pub(super) async fn open(path: &Path) -> Result<Db, OpenError> {
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
        .disable_statement_logging();
    let pool = |size| SqlitePoolOptions::new().max_connections(size).acquire_timeout(ACQUIRE_TIMEOUT);
    let connected = pool(1).connect_with(options.clone()).await;
    let writer = connected.map_err(|error| trouble(path, &error))?;
    let readers = pool(READERS).connect_lazy_with(options.read_only(true));
    let place = Place { namespace: "muster".to_owned(), server: None };
    Ok(Db { pools: Pools::Lite { writer, readers }, place: Arc::new(place) })
}
