use super::moment;
use crate::at::At;
use crate::db::{execute, fetch_all};
use crate::dialect::statements;
use crate::trace::TraceColumns;
use crate::{GuildScope, Hint, StoreError, Tx};
use domain::due::{DueKind, DueMoment, Duty, Planned};
use domain::{GameId, UserId};
use uuid::Uuid;

statements! {
    OF_GAME = "SELECT" "schedule",
        "SELECT kind, detail, due_at, deadline, state FROM schedule WHERE game = $1 AND guild = $2 \
         ORDER BY due_at, kind, detail";
    ADD = "INSERT" "schedule",
        "INSERT INTO schedule (id, guild, game, duty, kind, detail, due_at, deadline, state, available_at, \
         traceparent, tracestate) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', $7, $9, $10) \
         ON CONFLICT (game, kind, detail, due_at) DO UPDATE SET state = 'pending', deadline = $8, \
         available_at = $7, attempts = 0, crashes = 0, fence = schedule.fence + 1, lease_until = NULL, \
         last_error = NULL, traceparent = $9, tracestate = $10 WHERE schedule.guild = $2";
    WITHDRAW = "UPDATE" "schedule",
        "UPDATE schedule SET state = 'withdrawn', fence = fence + 1 WHERE game = $1 AND guild = $2 \
         AND kind = $3 AND detail = $4 AND due_at = $5 AND state = 'pending'";
    WITHDRAW_KIND = "UPDATE" "schedule",
        "UPDATE schedule SET state = 'withdrawn', fence = fence + 1 WHERE game = $1 AND guild = $2 \
         AND kind = $3 AND detail = $4 AND state = 'pending'";
    WITHDRAW_ALL = "UPDATE" "schedule",
        "UPDATE schedule SET state = 'withdrawn', fence = fence + 1 WHERE game = $1 AND guild = $2 \
         AND state = 'pending'";
}

#[derive(sqlx::FromRow)]
struct PlannedRow {
    kind: String,
    detail: i64,
    due_at: At,
    deadline: Option<At>,
    state: String,
}

/// Everything that is or was planned for a game, as far as it can be read: what can't is found when it is due.
///
/// # Errors
/// When the database fails.
pub async fn of_game(tx: &mut Tx, scope: GuildScope, game: GameId) -> Result<Vec<Planned>, StoreError> {
    tx.within(scope).await?;
    let rows = fetch_all!(tx, &OF_GAME => PlannedRow, [game.get(), scope.column()])?;
    let planned = |row: PlannedRow| {
        let moment = moment(&row.kind, row.detail, (row.due_at, row.deadline)).ok()?;
        Some(Planned { moment, pending: row.state == "pending" })
    };
    Ok(rows.into_iter().filter_map(planned).collect())
}

/// Plans a moment, or makes one that was withdrawn pending again; the current trace goes with it. Whoever has
/// claimed it under another deadline can't settle it any more.
///
/// # Errors
/// When the database fails.
pub async fn add(
    tx: &mut Tx,
    scope: GuildScope,
    (id, game): (Uuid, GameId),
    moment: &DueMoment,
) -> Result<(), StoreError> {
    tx.within(scope).await?;
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

pub(super) const fn hint(duty: Duty) -> Hint {
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
    tx.within(scope).await?;
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
    tx.within(scope).await?;
    execute!(tx, &WITHDRAW_KIND, [game.get(), scope.column(), kind.name(), detail])?;
    Ok(())
}

/// Withdraws everything that is pending for a game.
///
/// # Errors
/// When the database fails.
pub async fn withdraw_all(tx: &mut Tx, scope: GuildScope, game: GameId) -> Result<u64, StoreError> {
    tx.within(scope).await?;
    execute!(tx, &WITHDRAW_ALL, [game.get(), scope.column()])
}
