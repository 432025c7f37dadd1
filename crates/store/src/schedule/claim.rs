use super::moment;
use super::plan::hint;
use crate::at::{At, microseconds};
use crate::claimed::{Claimed, LEFT_FOR, Sorted, UNREADABLE, Unreadable, sort};
use crate::db::{execute, fetch_all};
use crate::dialect::{per_dialect, statements};
use crate::trace;
use crate::{GuildScope, StoreError, Tx};
use domain::due::{DueMoment, Duty};
use domain::{GameId, GuildId};
use jiff::{SignedDuration, Timestamp};
use telemetry::TraceContext;
use uuid::Uuid;

statements! {
    SETTLE = "UPDATE" "schedule",
        "UPDATE schedule SET state = $3, last_error = $4, lease_until = NULL \
         WHERE id = $1 AND fence = $2 AND state = 'pending'";
    RETRY = "UPDATE" "schedule",
        "UPDATE schedule SET available_at = $3, last_error = $4, lease_until = NULL, crashes = 0 \
         WHERE id = $1 AND fence = $2 AND state = 'pending'";
    RELEASE = "UPDATE" "schedule",
        "UPDATE schedule SET available_at = due_at, attempts = attempts - 1, lease_until = NULL \
         WHERE id = $1 AND fence = $2 AND state = 'pending'";
    BEGIN_AGAIN = "UPDATE" "schedule",
        "UPDATE schedule SET crashes = crashes + 1 WHERE id = $1 AND fence = $2 AND state = 'pending'";
    LEAVE = "UPDATE" "schedule",
        "UPDATE schedule SET available_at = $2, attempts = attempts - 1, lease_until = NULL \
         WHERE id = $1 AND state = 'pending'";
    BURY = "UPDATE" "schedule",
        "UPDATE schedule SET state = 'dead', last_error = $2, lease_until = NULL \
         WHERE id = $1 AND state = 'pending'";
    => CLAIM;
}

// The rows are chosen once, before any is changed: in a subquery of the UPDATE's own condition PostgreSQL may
// choose anew for each row that it compares, and claim more than the limit.
per_dialect! {
    CLAIM = "UPDATE" "schedule",
        "WITH due AS (SELECT id FROM schedule WHERE duty = $3 AND state = 'pending' AND available_at <= " now
        " ORDER BY available_at, id LIMIT $4" skip_locked
        ") UPDATE schedule SET fence = fence + 1, attempts = attempts + 1, lease_until = " now " + $2" us
        ", available_at = " now " + $2" us " WHERE id IN (SELECT id FROM due) \
         RETURNING id, guild, game, kind, detail, due_at, deadline, attempts, crashes, fence, traceparent, \
         tracestate"
}

/// A due moment that this process has claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueRow {
    /// Its id.
    pub id: Uuid,
    /// The guild.
    pub guild: GuildId,
    /// The game.
    pub game: GameId,
    /// What comes due, and when.
    pub moment: DueMoment,
    /// How often it was tried, this time included.
    pub attempts: u32,
    /// How many of the earlier ones, but for the first, began and never ended.
    pub crashes: u32,
    /// What has to be unchanged for this process to settle it.
    pub fence: i64,
    /// The trace that scheduled it.
    pub trace: TraceContext,
}

#[derive(sqlx::FromRow)]
struct ClaimedRow {
    id: Uuid,
    guild: i64,
    game: Uuid,
    kind: String,
    detail: i64,
    due_at: At,
    deadline: Option<At>,
    attempts: i64,
    crashes: i64,
    fence: i64,
    traceparent: Option<String>,
    tracestate: Option<String>,
}

impl TryFrom<ClaimedRow> for DueRow {
    type Error = Unreadable;

    fn try_from(row: ClaimedRow) -> Result<Self, Unreadable> {
        Ok(Self {
            id: row.id,
            guild: GuildId::new(row.guild.cast_unsigned()),
            game: GameId::new(row.game),
            moment: moment(&row.kind, row.detail, (row.due_at, row.deadline))?,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            crashes: u32::try_from(row.crashes).unwrap_or(u32::MAX),
            fence: row.fence,
            trace: trace::read(row.traceparent.as_deref(), row.tracestate.as_deref()),
        })
    }
}

/// Claims the oldest due moments of a daemon under a lease, with a new fence each. One that can't be read is dead; one
/// of a kind that only a newer version knows is left to it.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut Tx,
    duty: Duty,
    (now, lease): (Timestamp, SignedDuration),
    limit: u32,
) -> Result<Vec<DueRow>, StoreError> {
    tx.as_work().await?;
    let statement = CLAIM.on(tx.system());
    let (by, lease) = (tx.due_by(now), microseconds(lease));
    let rows = fetch_all!(
        tx, statement => Claimed<ClaimedRow>, [by, lease, duty.as_str(), i64::from(limit)]
    )?;
    let Sorted { readable: mut rows, newer, broken } = sort::<DueRow, _>("schedule", rows);
    for id in newer {
        execute!(tx, &LEAVE, [id, At(now.saturating_add(LEFT_FOR).unwrap_or(now))])?;
    }
    for id in broken {
        execute!(tx, &BURY, [id, UNREADABLE])?;
    }
    rows.sort_by_key(|row| (row.moment.at, row.id));
    Ok(rows)
}

/// How a due moment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled<'a> {
    /// It was done.
    Done,
    /// It was not done, on purpose.
    Skipped(&'a str),
    /// It failed too often, at last with this.
    Dead(&'a str),
}

/// Ends a due moment; false when the claim was lost in the meantime, and nothing of it may be done then.
///
/// # Errors
/// When the database fails.
pub async fn settle(tx: &mut Tx, row: &DueRow, settled: Settled<'_>) -> Result<bool, StoreError> {
    let (state, reason) = match settled {
        Settled::Done => ("done", None),
        Settled::Skipped(reason) => ("skipped", Some(reason)),
        Settled::Dead(reason) => ("dead", Some(reason)),
    };
    tx.within(GuildScope::of_due(row)).await?;
    Ok(execute!(tx, &SETTLE, [row.id, row.fence, state, reason])? == 1)
}

/// Puts a due moment off after a failure; `error` is one of few words.
///
/// # Errors
/// When the database fails.
pub async fn retry(tx: &mut Tx, row: &DueRow, at: Timestamp, error: &str) -> Result<bool, StoreError> {
    tx.within(GuildScope::of_due(row)).await?;
    Ok(execute!(tx, &RETRY, [row.id, row.fence, At(at), error])? == 1)
}

/// Gives back what was claimed and not tried, as if it had not been claimed; tells how many rows that were.
///
/// # Errors
/// When the database fails.
pub async fn release(tx: &mut Tx, duty: Duty, rows: &[DueRow]) -> Result<u64, StoreError> {
    tx.as_work().await?;
    let mut released = 0;
    for row in rows {
        released += execute!(tx, &RELEASE, [row.id, row.fence])?;
    }
    tx.wake_after_commit(hint(duty));
    Ok(released)
}

/// Notes that another attempt begins; what ends it in order, takes that back. False when the claim was lost.
///
/// # Errors
/// When the database fails.
pub async fn begin_again(tx: &mut Tx, row: &DueRow) -> Result<bool, StoreError> {
    tx.within(GuildScope::of_due(row)).await?;
    Ok(execute!(tx, &BEGIN_AGAIN, [row.id, row.fence])? == 1)
}
