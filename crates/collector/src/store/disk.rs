//! What the store takes on the disk: its file, and the write-ahead log beside it.
//!
//! Pages of dropped slices are used again by the next ones. Only where that is not enough (one batch larger than a slice,
//! a cap that was lowered) free pages are given back, by moving the last ones to where the free ones are.

use std::path::{Path, PathBuf};

use sqlx::SqliteConnection;

/// Pages are given back in steps of so many: each is a transaction, which goes through the write-ahead log.
const PAGES_PER_STEP: u32 = 2_048;
/// A file of the days before pages could be given back is made anew when it is opened, unless it is larger: then it stays
/// as large as it ever was.
const MAX_REBUILT_BYTES: u64 = 128 << 20;
/// `SQLite`'s word for pages that are given back when asked for.
const INCREMENTAL: i64 = 2;

/// Where the bytes are.
#[derive(Debug)]
pub(super) struct Disk {
    file: PathBuf,
    log: PathBuf,
    gives_back: bool,
}

impl Disk {
    pub(super) fn new(file: &Path) -> Self {
        let mut log = file.as_os_str().to_owned();
        log.push("-wal");
        Self { file: file.into(), log: log.into(), gives_back: false }
    }

    /// Sees to it that pages can be given back, which the file remembers, unless that takes too long.
    pub(super) async fn prepare(&mut self, db: &mut SqliteConnection) -> sqlx::Result<()> {
        let mode: i64 = sqlx::query_scalar("PRAGMA auto_vacuum").fetch_one(&mut *db).await?;
        if mode != INCREMENTAL {
            if self.bytes().await > MAX_REBUILT_BYTES {
                return Ok(());
            }
            sqlx::raw_sql("PRAGMA auto_vacuum = INCREMENTAL; VACUUM").execute(db).await?;
        }
        self.gives_back = true;
        Ok(())
    }

    /// Brings both files within `cap` bytes as far as there are free pages, and nobody still reads what was there before.
    pub(super) async fn shrink(&self, db: &mut SqliteConnection, cap: u64) -> sqlx::Result<()> {
        let mut before = u64::MAX;
        let mut bytes = self.bytes().await;
        while self.gives_back && bytes > cap && bytes < before {
            before = bytes;
            empty_log(db).await?;
            if self.bytes().await > cap {
                let step = format!("PRAGMA incremental_vacuum({PAGES_PER_STEP})");
                sqlx::raw_sql(sqlx::AssertSqlSafe(step)).execute(&mut *db).await?;
                empty_log(db).await?;
            }
            bytes = self.bytes().await;
        }
        Ok(())
    }

    /// Bytes of both files.
    pub(super) async fn bytes(&self) -> u64 {
        bytes_of(&self.file).await + bytes_of(&self.log).await
    }
}

/// A file that is not there has none.
async fn bytes_of(path: &Path) -> u64 {
    tokio::fs::metadata(path).await.map_or(0, |metadata| metadata.len())
}

/// Brings what is in the write-ahead log into the file, and cuts both to their length. A page that is being drawn is not
/// waited for: the next time will do.
async fn empty_log(db: &mut SqliteConnection) -> sqlx::Result<()> {
    let patience: i64 = sqlx::query_scalar("PRAGMA busy_timeout").fetch_one(&mut *db).await?;
    let set = |milliseconds: i64| sqlx::AssertSqlSafe(format!("PRAGMA busy_timeout = {milliseconds}"));
    sqlx::raw_sql(set(0)).execute(&mut *db).await?;
    let emptied = sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *db).await;
    sqlx::raw_sql(set(patience)).execute(db).await?;
    emptied.map(drop)
}
