use crate::at::At;
use crate::db::{fetch_all, fetch_optional};
use crate::dialect::{per_dialect, statements};
use crate::{StoreError, Tx};
use domain::due::Duty;
use jiff::Timestamp;

statements! {
    NEXT = "SELECT" "schedule",
        "SELECT MIN(available_at) AS at FROM schedule WHERE duty = $1 AND state = 'pending'";
    BACKLOG = "SELECT" "schedule",
        "SELECT kind, COUNT(*) AS pending, MIN(due_at) AS oldest FROM schedule WHERE duty = $1 \
         AND state = 'pending' GROUP BY kind ORDER BY kind";
    => DUE;
}

per_dialect! {
    DUE = "SELECT" "schedule",
        "SELECT COUNT(*) AS due FROM schedule WHERE duty = $2 AND state = 'pending' AND available_at <= " now
}

#[derive(sqlx::FromRow)]
struct NextRow {
    at: Option<At>,
}

#[derive(sqlx::FromRow)]
struct DueCount {
    due: i64,
}

#[derive(sqlx::FromRow)]
struct BacklogRow {
    kind: String,
    pending: i64,
    oldest: Option<At>,
}

/// When a daemon has to look next.
///
/// # Errors
/// When the database fails.
pub async fn next_due(tx: &mut Tx, duty: Duty) -> Result<Option<Timestamp>, StoreError> {
    tx.as_work().await?;
    let row = fetch_optional!(tx, &NEXT => NextRow, [duty.as_str()])?;
    Ok(row.and_then(|row| row.at).map(Into::into))
}

/// How much is due now.
///
/// # Errors
/// When the database fails.
pub async fn due(tx: &mut Tx, duty: Duty, now: Timestamp) -> Result<u64, StoreError> {
    tx.as_work().await?;
    let (statement, by) = (DUE.on(tx.system()), tx.due_by(now));
    let row = fetch_optional!(tx, statement => DueCount, [by, duty.as_str()])?;
    Ok(row.map_or(0, |row| row.due.cast_unsigned()))
}

/// What one kind has pending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// The kind's name.
    pub kind: String,
    /// Rows.
    pub pending: u64,
    /// When the oldest is or was due.
    pub oldest_due: Option<Timestamp>,
}

/// What a daemon has pending, by kind.
///
/// # Errors
/// When the database fails.
pub async fn backlog(tx: &mut Tx, duty: Duty) -> Result<Vec<Backlog>, StoreError> {
    tx.as_work().await?;
    let rows = fetch_all!(tx, &BACKLOG => BacklogRow, [duty.as_str()])?;
    let backlog = |row: BacklogRow| Backlog {
        kind: row.kind,
        pending: row.pending.cast_unsigned(),
        oldest_due: row.oldest.map(Into::into),
    };
    Ok(rows.into_iter().map(backlog).collect())
}
