//! The one task's side of the store: a batch is one transaction.

use std::sync::Arc;

use sqlx::{
    ConnectOptions as _, Connection as _, QueryBuilder, Sqlite, SqliteConnection,
    query_builder::Separated,
    sqlite::{SqliteConnectOptions, SqliteQueryResult},
};

use super::{
    logs, metrics, retention,
    retention::Slices,
    traces::{self, Callers},
};
use crate::{
    counters::{Counters, Fate},
    pipeline::Admitted,
    signal::{Batch, Signal},
};

/// Rows go into the database in statements of so many: enough to amortize, few enough to stay below `SQLite`'s limit
/// of 32,766 values.
pub(super) const ROWS_PER_INSERT: usize = 128;

/// What became of the items of one export.
#[derive(Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) stored: u64,
    pub(super) duplicate: u64,
}

impl Tally {
    /// `given` rows were offered, `stored` of them were new.
    pub(super) fn of(given: usize, stored: u64) -> Self {
        Self { stored, duplicate: (given as u64).saturating_sub(stored) }
    }

    /// Nothing of it was new.
    fn is_repetition(self) -> bool {
        self.stored == 0 && self.duplicate > 0
    }
}

/// Writes to the store. There is one.
pub(crate) struct Writer {
    db: SqliteConnection,
    /// How to connect again.
    options: SqliteConnectOptions,
    slices: Slices,
    counters: Arc<Counters>,
    next_log_id: i64,
    callers: Callers,
}

impl Writer {
    pub(super) async fn new(
        (mut db, options): (SqliteConnection, SqliteConnectOptions),
        slices: Slices,
        counters: Arc<Counters>,
    ) -> sqlx::Result<Self> {
        let next_log_id =
            sqlx::query_scalar("SELECT coalesce(max(id), 0) + 1 FROM logs").fetch_one(&mut db).await?;
        let writer = Self { db, options, slices, counters, next_log_id, callers: Callers::default() };
        writer.publish_size();
        Ok(writer)
    }

    /// Stores the batch in one transaction, and marks what was there already. When that fails the items are lost, which
    /// is logged and counted.
    pub(crate) async fn write(&mut self, batch: &mut [Admitted], now_ns: i64) {
        let written = self.try_write(batch, now_ns).await;
        self.counters.wrote(written.is_ok());
        match written {
            Ok(tallies) => {
                for (signal, tally) in Signal::ALL.into_iter().zip(tallies) {
                    self.counters.settle(signal, Fate::Stored, tally.stored);
                    self.counters.settle(signal, Fate::Duplicate, tally.duplicate);
                }
            }
            Err(error) => {
                let items: usize = batch.iter().map(|admitted| admitted.items).sum();
                tracing::error!(name: "collector.write.exception", error = %error, items, "a batch could not be stored");
                for admitted in &*batch {
                    self.counters.settle(admitted.signal, Fate::Failed, admitted.items as u64);
                }
                self.mend().await;
            }
        }
        self.retain(now_ns).await;
    }

    /// Connects again where the connection can begin no transaction any more: `SQLite` ends one by itself when the disk
    /// fails, and the connection, which does not know, believes itself inside of it for ever.
    async fn mend(&mut self) {
        // The answer to the ping comes after the rollback that was ordered.
        if self.db.ping().await.is_ok() && !self.db.is_in_transaction() {
            return;
        }
        match self.options.connect().await {
            Ok(db) => drop(std::mem::replace(&mut self.db, db).close().await),
            Err(error) => {
                tracing::error!(name: "collector.write.exception", error = %error, items = 0, "the store could not be opened again");
            }
        }
    }

    async fn try_write(&mut self, batch: &mut [Admitted], now_ns: i64) -> sqlx::Result<[Tally; 3]> {
        let slice = self.slices.current();
        let mut next_log_id = self.next_log_id;
        let mut tallies = [Tally::default(); 3];
        let mut tx = self.db.begin_with("BEGIN IMMEDIATE").await?;
        for admitted in batch {
            let tally = match &mut admitted.batch {
                Batch::Traces(request) => traces::insert(&mut tx, slice, request, &mut self.callers).await?,
                Batch::Metrics(request) => metrics::insert(&mut tx, slice, request).await?,
                Batch::Logs(request) => {
                    logs::insert(&mut tx, slice, request, now_ns, &mut next_log_id).await?
                }
            };
            admitted.is_repetition = tally.is_repetition();
            let sum = &mut tallies[admitted.signal as usize];
            sum.stored += tally.stored;
            sum.duplicate += tally.duplicate;
        }
        retention::count(&mut tx, slice, tallies.map(|tally| tally.stored)).await?;
        tx.commit().await?;
        self.next_log_id = next_log_id;
        Ok(tallies)
    }

    /// Keeps the store within its caps.
    pub(crate) async fn retain(&mut self, now_ns: i64) {
        match self.slices.retain(&mut self.db, now_ns).await {
            Ok(dropped) => {
                for (signal, items) in Signal::ALL.into_iter().zip(dropped) {
                    self.counters.expired(signal, items);
                }
            }
            Err(error) => {
                tracing::error!(name: "collector.retain.exception", error = %error, "the store could not be kept within its caps");
                self.mend().await;
            }
        }
        self.publish_size();
    }

    fn publish_size(&self) {
        self.counters.store_is(self.slices.disk_bytes(), self.slices.count());
    }

    /// Brings everything into the one file and closes it.
    pub(crate) async fn close(mut self) {
        // Readers may still be connected, so that closing alone would leave the write-ahead log behind.
        let checkpoint = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut self.db).await;
        if let Err(error) = checkpoint.map(drop).and(self.db.close().await) {
            tracing::warn!(name: "collector.close.exception", error = %error, "the store could not be closed in order");
        }
    }
}

/// Inserts rows by one statement (`head` up to its `VALUES`, `tail` behind them) and says how many were new, and which
/// was the last.
pub(super) async fn insert_rows<T>(
    db: &mut SqliteConnection,
    (head, tail): (&str, &'static str),
    rows: &[T],
    bind: impl FnMut(Separated<'_, Sqlite, &'static str>, &T),
) -> sqlx::Result<SqliteQueryResult> {
    if rows.is_empty() {
        return Ok(SqliteQueryResult::default());
    }
    let mut statement = QueryBuilder::new(head);
    statement.push_values(rows, bind).push(tail);
    // Only the statement of a full chunk is worth keeping prepared.
    let query = statement.build().persistent(rows.len() == ROWS_PER_INSERT);
    query.execute(db).await
}
