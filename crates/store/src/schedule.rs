//! What has to happen at a moment.

use crate::at::At;
use crate::db::{execute, fetch_all, fetch_optional};
use crate::dialect::{locking, statements};
use crate::trace::{self, TraceColumns};
use crate::{GuildScope, Hint, StoreError, Tx};
use domain::due::{DueKind, DueMoment, Duty, Planned};
use domain::{GameId, GuildId, UserId};
use jiff::{SignedDuration, Timestamp};
use telemetry::TraceContext;
use uuid::Uuid;

statements! {
    OF_GAME = "SELECT" "schedule",
        "SELECT kind, detail, due_at, deadline, state FROM schedule WHERE game = $1 AND guild = $2 \
         ORDER BY due_at, kind, detail";
    ADD = "INSERT" "schedule",
        "INSERT INTO schedule (id, guild, game, duty, kind, detail, due_at, deadline, state, available_at, \
         traceparent, tracestate) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', $7, $9, $10) \
         ON CONFLICT (game, kind, detail, due_at) DO UPDATE SET state = 'pending', deadline = $8, \
         available_at = $7, attempts = 0, lease_until = NULL, traceparent = $9, tracestate = $10";
    WITHDRAW = "UPDATE" "schedule",
        "UPDATE schedule SET state = 'withdrawn', fence = fence + 1 WHERE game = $1 AND guild = $2 \
         AND kind = $3 AND detail = $4 AND due_at = $5 AND state = 'pending'";
    WITHDRAW_KIND = "UPDATE" "schedule",
        "UPDATE schedule SET state = 'withdrawn', fence = fence + 1 WHERE game = $1 AND guild = $2 \
         AND kind = $3 AND detail = $4 AND state = 'pending'";
    WITHDRAW_ALL = "UPDATE" "schedule",
        "UPDATE schedule SET state = 'withdrawn', fence = fence + 1 WHERE game = $1 AND guild = $2 \
         AND state = 'pending'";
    NEXT = "SELECT" "schedule",
        "SELECT MIN(available_at) AS at FROM schedule WHERE duty = $1 AND state = 'pending'";
    DUE = "SELECT" "schedule",
        "SELECT COUNT(*) AS due FROM schedule WHERE duty = $1 AND state = 'pending' AND available_at <= $2";
    SETTLE = "UPDATE" "schedule",
        "UPDATE schedule SET state = $3, last_error = $4, lease_until = NULL WHERE id = $1 AND fence = $2";
    RETRY = "UPDATE" "schedule",
        "UPDATE schedule SET available_at = $3, last_error = $4, lease_until = NULL \
         WHERE id = $1 AND fence = $2 AND state = 'pending'";
    BACKLOG = "SELECT" "schedule",
        "SELECT kind, COUNT(*) AS pending, MIN(due_at) AS oldest FROM schedule WHERE duty = $1 \
         AND state = 'pending' GROUP BY kind ORDER BY kind";
    => CLAIM;
}

locking! {
    CLAIM = "UPDATE" "schedule",
        "UPDATE schedule SET fence = fence + 1, attempts = attempts + 1, lease_until = $3, available_at = $3 \
         WHERE id IN (SELECT id FROM schedule WHERE duty = $1 AND state = 'pending' AND available_at <= $2 \
         ORDER BY due_at, id LIMIT $4",
        "FOR UPDATE SKIP LOCKED",
        ") RETURNING id, guild, game, kind, detail, due_at, deadline, attempts, fence, traceparent, tracestate"
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
    fence: i64,
    traceparent: Option<String>,
    tracestate: Option<String>,
}

impl TryFrom<ClaimedRow> for DueRow {
    type Error = StoreError;

    fn try_from(row: ClaimedRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            guild: GuildId::new(row.guild.cast_unsigned()),
            game: GameId::new(row.game),
            moment: moment(&row.kind, row.detail, (row.due_at, row.deadline))?,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            fence: row.fence,
            trace: trace::read(row.traceparent.as_deref(), row.tracestate.as_deref()),
        })
    }
}

#[derive(sqlx::FromRow)]
struct PlannedRow {
    kind: String,
    detail: i64,
    due_at: At,
    deadline: Option<At>,
    state: String,
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

fn moment(kind: &str, detail: i64, (at, deadline): (At, Option<At>)) -> Result<DueMoment, StoreError> {
    let kind = DueKind::from_parts(kind, detail.cast_unsigned())
        .map_err(|error| StoreError::corrupt("schedule", &error))?;
    Ok(DueMoment { at: at.into(), kind, deadline: deadline.map(Into::into) })
}

/// Everything that is or was planned for a game.
///
/// # Errors
/// When the database fails.
pub async fn of_game(tx: &mut Tx, scope: GuildScope, game: GameId) -> Result<Vec<Planned>, StoreError> {
    let rows = fetch_all!(tx, &OF_GAME => PlannedRow, [game.get(), scope.column()])?;
    rows.into_iter()
        .map(|row| {
            let moment = moment(&row.kind, row.detail, (row.due_at, row.deadline))?;
            Ok(Planned { moment, pending: row.state == "pending" })
        })
        .collect()
}

/// Plans a moment, or makes one that was withdrawn pending again; the current trace goes with it.
///
/// # Errors
/// When the database fails.
pub async fn add(
    tx: &mut Tx,
    scope: GuildScope,
    (id, game): (Uuid, GameId),
    moment: &DueMoment,
) -> Result<(), StoreError> {
    let trace = TraceColumns::current();
    execute!(
        tx,
        &ADD,
        [
            id,
            scope.column(),
            game.get(),
            moment.kind.duty().as_str(),
            moment.kind.name(),
            moment.kind.detail().cast_signed(),
            At(moment.at),
            At::maybe(moment.deadline),
            trace.traceparent.as_deref(),
            trace.tracestate.as_deref(),
        ]
    )?;
    tx.wake_after_commit(hint(moment.kind.duty()));
    Ok(())
}

const fn hint(duty: Duty) -> Hint {
    match duty {
        Duty::Notify => Hint::Notify,
        Duty::Transition => Hint::Transition,
    }
}

/// Withdraws a pending moment. Whoever has claimed it can't settle it any more.
///
/// # Errors
/// When the database fails.
pub async fn withdraw(
    tx: &mut Tx,
    scope: GuildScope,
    game: GameId,
    moment: &DueMoment,
) -> Result<(), StoreError> {
    let (kind, detail) = (moment.kind.name(), moment.kind.detail().cast_signed());
    execute!(tx, &WITHDRAW, [game.get(), scope.column(), kind, detail, At(moment.at)])?;
    Ok(())
}

/// Withdraws the pending join notice of somebody who left.
///
/// # Errors
/// When the database fails.
pub async fn withdraw_join_notice(
    tx: &mut Tx,
    scope: GuildScope,
    (game, user): (GameId, UserId),
) -> Result<(), StoreError> {
    let kind = DueKind::JoinNotice(user);
    let detail = kind.detail().cast_signed();
    execute!(tx, &WITHDRAW_KIND, [game.get(), scope.column(), kind.name(), detail])?;
    Ok(())
}

/// Withdraws everything that is pending for a game.
///
/// # Errors
/// When the database fails.
pub async fn withdraw_all(tx: &mut Tx, scope: GuildScope, game: GameId) -> Result<u64, StoreError> {
    execute!(tx, &WITHDRAW_ALL, [game.get(), scope.column()])
}

/// When a daemon has to look next.
///
/// # Errors
/// When the database fails.
pub async fn next_due(tx: &mut Tx, duty: Duty) -> Result<Option<Timestamp>, StoreError> {
    let row = fetch_optional!(tx, &NEXT => NextRow, [duty.as_str()])?;
    Ok(row.and_then(|row| row.at).map(Into::into))
}

/// How much is due now.
///
/// # Errors
/// When the database fails.
pub async fn due(tx: &mut Tx, duty: Duty, now: Timestamp) -> Result<u64, StoreError> {
    let row = fetch_optional!(tx, &DUE => DueCount, [duty.as_str(), At(now)])?;
    Ok(row.map_or(0, |row| row.due.cast_unsigned()))
}

/// Claims the oldest due moments of a daemon under a lease, with a new fence each.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut Tx,
    duty: Duty,
    (now, lease): (Timestamp, SignedDuration),
    limit: u32,
) -> Result<Vec<DueRow>, StoreError> {
    let statement = CLAIM.on(tx.system());
    let limit = i64::from(limit);
    let rows = fetch_all!(tx, statement => ClaimedRow, [duty.as_str(), At(now), At(now + lease), limit])?;
    let mut rows = rows.into_iter().map(DueRow::try_from).collect::<Result<Vec<_>, _>>()?;
    rows.sort_by_key(|row| (row.moment.at, row.id));
    Ok(rows)
}

/// How a due moment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It was done.
    Done,
    /// It was not done, on purpose.
    Skipped(&'static str),
    /// It failed too often.
    Dead,
}

/// Ends a due moment; false when the claim was lost in the meantime, and nothing of it may be done then.
///
/// # Errors
/// When the database fails.
pub async fn settle(tx: &mut Tx, row: &DueRow, settled: Settled) -> Result<bool, StoreError> {
    let (state, reason) = match settled {
        Settled::Done => ("done", None),
        Settled::Skipped(reason) => ("skipped", Some(reason)),
        Settled::Dead => ("dead", None),
    };
    Ok(execute!(tx, &SETTLE, [row.id, row.fence, state, reason])? == 1)
}

/// Puts a due moment off after a failure; `error` is one of few words.
///
/// # Errors
/// When the database fails.
pub async fn retry(tx: &mut Tx, row: &DueRow, at: Timestamp, error: &str) -> Result<bool, StoreError> {
    Ok(execute!(tx, &RETRY, [row.id, row.fence, At(at), error])? == 1)
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
    let rows = fetch_all!(tx, &BACKLOG => BacklogRow, [duty.as_str()])?;
    let backlog = |row: BacklogRow| Backlog {
        kind: row.kind,
        pending: row.pending.cast_unsigned(),
        oldest_due: row.oldest.map(Into::into),
    };
    Ok(rows.into_iter().map(backlog).collect())
}
