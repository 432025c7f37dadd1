//! Time slices: when a new one opens, when the oldest goes.

use sqlx::{Connection as _, SqliteConnection, Transaction};

use super::{disk::Disk, open::Caps, schema};
use crate::signal::Signal;

/// A slice is closed when it has this share of the cap on bytes, or of the cap on age.
const SLICES_PER_CAP: u64 = 16;
/// Smaller caps are raised to this: the tables of sixteen slices, empty, take a third of it.
const MIN_CAP_BYTES: u64 = 8 << 20;
/// The write-ahead log is cut back to this size, or to that of a slice if that is smaller.
const MAX_LOG_BYTES: u64 = 16 << 20;
/// Telemetry that goes in one drop, per signal of [`Signal::ALL`].
pub(super) type Dropped = [u64; 3];

struct Slice {
    number: i64,
    opened_ns: i64,
    /// Known when it is closed.
    bytes: Option<u64>,
}

/// The slices of a store, oldest first. There is always one; the last one is open.
pub(super) struct Slices {
    held: Vec<Slice>,
    caps: Caps,
    disk: Disk,
    /// Bytes of pages that are in use.
    used_bytes: u64,
    /// Bytes of the file and its log.
    disk_bytes: u64,
}

/// How much of the cap is left to the write-ahead log.
pub(super) fn log_bytes(caps: Caps) -> u64 {
    (caps.bytes.max(MIN_CAP_BYTES) / SLICES_PER_CAP).min(MAX_LOG_BYTES)
}

impl Slices {
    /// Reads which slices there are, and opens the first in a new store.
    pub(super) async fn open(
        db: &mut SqliteConnection,
        (caps, disk): (Caps, Disk),
        now_ns: i64,
    ) -> sqlx::Result<Self> {
        let rows: Vec<(i64, i64, Option<i64>)> =
            sqlx::query_as("SELECT number, opened_ns, bytes FROM slices ORDER BY number")
                .fetch_all(&mut *db)
                .await?;
        let held = rows.into_iter().map(|(number, opened_ns, bytes)| Slice {
            number,
            opened_ns,
            bytes: bytes.and_then(|bytes| u64::try_from(bytes).ok()),
        });
        let caps = Caps { bytes: caps.bytes.max(MIN_CAP_BYTES), age: caps.age };
        let mut slices = Self { held: held.collect(), caps, disk, used_bytes: 0, disk_bytes: 0 };
        if slices.held.is_empty() {
            slices.begin_next(db, now_ns).await?;
        }
        slices.measure(db).await?;
        slices.disk_bytes = slices.disk.bytes().await;
        Ok(slices)
    }

    /// The slice that is written to.
    pub(super) fn current(&self) -> i64 {
        self.held.last().map_or(0, |slice| slice.number)
    }

    pub(super) fn count(&self) -> usize {
        self.held.len()
    }

    /// Bytes of the file and its write-ahead log, after the last look.
    pub(super) fn disk_bytes(&self) -> u64 {
        self.disk_bytes
    }

    /// Opens a new slice if the open one is full or old, drops the oldest ones beyond the caps, and says what went.
    pub(super) async fn retain(&mut self, db: &mut SqliteConnection, now_ns: i64) -> sqlx::Result<Dropped> {
        self.measure(db).await?;
        if self.is_open_slice_due(now_ns) {
            self.begin_next(db, now_ns).await?;
        }
        let mut dropped = Dropped::default();
        while self.is_oldest_beyond_caps(now_ns) {
            let counts = self.drop_oldest(db).await?;
            dropped.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            self.measure(db).await?;
        }
        self.disk.shrink(db, self.caps.bytes).await?;
        self.disk_bytes = self.disk.bytes().await;
        Ok(dropped)
    }

    async fn measure(&mut self, db: &mut SqliteConnection) -> sqlx::Result<()> {
        let (pages, free): (i64, i64) =
            sqlx::query_as("SELECT page_count, freelist_count FROM pragma_page_count, pragma_freelist_count")
                .fetch_one(&mut *db)
                .await?;
        let page_bytes: i64 = sqlx::query_scalar("PRAGMA page_size").fetch_one(db).await?;
        self.used_bytes = u64::try_from((pages - free) * page_bytes).unwrap_or_default();
        Ok(())
    }

    fn slice_bytes(&self) -> u64 {
        self.caps.bytes / SLICES_PER_CAP
    }

    fn open_slice_bytes(&self) -> u64 {
        self.used_bytes.saturating_sub(self.held.iter().filter_map(|slice| slice.bytes).sum())
    }

    fn is_open_slice_due(&self, now_ns: i64) -> bool {
        let opened_ns = self.held.last().map_or(now_ns, |slice| slice.opened_ns);
        let max_ns = self.caps.age.as_nanos() / u128::from(SLICES_PER_CAP);
        let is_old = u128::try_from(now_ns - opened_ns).is_ok_and(|age_ns| age_ns >= max_ns);
        is_old || self.open_slice_bytes() >= self.slice_bytes()
    }

    /// Leaves room below the cap on bytes for one slice more and for the write-ahead log. One batch that is larger takes
    /// more until it is stored; then older ones go, and their room is given back.
    fn is_oldest_beyond_caps(&self, now_ns: i64) -> bool {
        let [oldest, _, ..] = self.held.as_slice() else { return false };
        let is_old = u128::try_from(now_ns - oldest.opened_ns).is_ok_and(|ns| ns >= self.caps.age.as_nanos());
        is_old || self.used_bytes + self.slice_bytes() + log_bytes(self.caps) > self.caps.bytes
    }

    async fn begin_next(&mut self, db: &mut SqliteConnection, now_ns: i64) -> sqlx::Result<()> {
        let number = self.current() + 1;
        let mut tx = db.begin_with("BEGIN IMMEDIATE").await?;
        let closed_bytes = self.open_slice_bytes();
        sqlx::query("UPDATE slices SET bytes = $1 WHERE number = $2")
            .bind(closed_bytes.cast_signed())
            .bind(self.current())
            .execute(&mut *tx)
            .await?;
        sqlx::query("INSERT INTO slices (number, opened_ns) VALUES ($1, $2)")
            .bind(number)
            .bind(now_ns)
            .execute(&mut *tx)
            .await?;
        schema::create_slice(&mut tx, number).await?;
        self.create_views(&mut tx, 0, Some(number)).await?;
        tx.commit().await?;
        if let Some(closed) = self.held.last_mut() {
            closed.bytes = Some(closed_bytes);
        }
        self.held.push(Slice { number, opened_ns: now_ns, bytes: None });
        Ok(())
    }

    async fn drop_oldest(&mut self, db: &mut SqliteConnection) -> sqlx::Result<Dropped> {
        let Some(number) = self.held.first().map(|slice| slice.number) else { return Ok(Dropped::default()) };
        let mut tx = db.begin_with("BEGIN IMMEDIATE").await?;
        let (spans, points, logs): (i64, i64, i64) =
            sqlx::query_as("DELETE FROM slices WHERE number = $1 RETURNING spans, points, logs")
                .bind(number)
                .fetch_one(&mut *tx)
                .await?;
        self.create_views(&mut tx, 1, None).await?;
        schema::drop_slice(&mut tx, number).await?;
        tx.commit().await?;
        self.held.remove(0);
        Ok([spans, points, logs].map(i64::cast_unsigned))
    }

    async fn create_views(
        &self,
        tx: &mut Transaction<'_, sqlx::Sqlite>,
        skip: usize,
        and: Option<i64>,
    ) -> sqlx::Result<()> {
        let numbers: Vec<i64> = self.held.iter().skip(skip).map(|slice| slice.number).chain(and).collect();
        schema::create_views(tx, &numbers).await
    }
}

/// Adds to what the open slice says it holds.
pub(super) async fn count(db: &mut SqliteConnection, slice: i64, added: [u64; 3]) -> sqlx::Result<()> {
    let [spans, points, logs] = Signal::ALL.map(|signal| added[signal as usize].cast_signed());
    sqlx::query(
        "UPDATE slices SET spans = spans + $1, points = points + $2, logs = logs + $3 WHERE number = $4",
    )
    .bind(spans)
    .bind(points)
    .bind(logs)
    .bind(slice)
    .execute(db)
    .await
    .map(drop)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const HOUR_NS: i64 = 3_600_000_000_000;

    #[tokio::test]
    async fn a_slice_goes_when_its_beginning_is_too_old() {
        let mut db = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        schema::create_store(&mut db).await.unwrap();
        let caps = Caps { bytes: 1 << 30, age: Duration::from_hours(16) };
        let mut slices = Slices::open(&mut db, (caps, Disk::new("".as_ref())), 0).await.unwrap();
        count(&mut db, slices.current(), [7, 0, 2]).await.unwrap();

        assert_eq!(slices.retain(&mut db, HOUR_NS - 1).await.unwrap(), [0; 3]);
        assert_eq!(slices.count(), 1);
        slices.retain(&mut db, HOUR_NS).await.unwrap();
        assert_eq!((slices.count(), slices.current()), (2, 2));

        assert_eq!(slices.retain(&mut db, 16 * HOUR_NS).await.unwrap(), [7, 0, 2]);
        assert_eq!((slices.count(), slices.current()), (2, 3));
        let views: i64 = sqlx::query_scalar("SELECT count(*) FROM spans").fetch_one(&mut db).await.unwrap();
        assert_eq!(views, 0);
    }
}
