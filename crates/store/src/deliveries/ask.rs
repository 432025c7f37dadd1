use crate::at::At;
use crate::db::execute;
use crate::dialect::statements;
use crate::trace::TraceColumns;
use crate::{GuildScope, Hint, StoreError, Tx};
use domain::notice::{Notice, Recipient};
use domain::{DeliveryId, GameId, NoticeKind};
use jiff::Timestamp;

statements! {
    ADD = "INSERT" "deliveries",
        "INSERT INTO deliveries (id, key, guild, game, kind, channel_id, user_id, state, available_at, deadline, \
         scheduled_for, created_at, traceparent, tracestate) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', $8, $9, $10, $8, $11, $12) ON CONFLICT (key) DO NOTHING";
    WITHDRAW = "UPDATE" "deliveries",
        "UPDATE deliveries SET state = 'skipped', reason = $4, settled_at = $5, fence = fence + 1 \
         WHERE game = $1 AND guild = $2 AND state = 'pending' AND kind = $3";
    REDO = "UPDATE" "deliveries",
        "UPDATE deliveries SET state = 'pending', sending_since = NULL, reason = NULL, settled_at = NULL, \
         sent_channel = NULL, sent_message = NULL, attempts = 0, available_at = $4, lease_until = NULL, \
         fence = fence + 1 \
         WHERE game = $1 AND guild = $2 AND key = $3";
}

/// Adds a delivery, unless there is one with its key; the current trace goes with it.
///
/// # Errors
/// When the database fails.
pub async fn add(
    tx: &mut Tx,
    scope: GuildScope,
    (id, game, notice): (DeliveryId, GameId, &Notice),
    (scheduled_for, now): (Timestamp, Timestamp),
) -> Result<(), StoreError> {
    let (channel, user) = match notice.to {
        Recipient::Channel(channel) => (Some(channel.get().cast_signed()), None),
        Recipient::User(user) => (None, Some(user.get().cast_signed())),
    };
    tx.within(scope).await?;
    let trace = TraceColumns::current();
    execute!(
        tx,
        &ADD,
        [
            id.get(),
            &notice.key,
            scope.column(),
            game.get(),
            notice.kind.as_str(),
            channel,
            user,
            At(now),
            At::maybe(notice.deadline),
            At(scheduled_for),
            trace.traceparent.as_deref(),
            trace.tracestate.as_deref(),
        ]
    )?;
    tx.wake_after_commit(Hint::Deliveries);
    Ok(())
}

/// Ends the pending deliveries of one kind of a game, with the reason.
///
/// # Errors
/// When the database fails.
pub async fn withdraw(
    tx: &mut Tx,
    scope: GuildScope,
    (game, kind): (GameId, NoticeKind),
    (reason, now): (&'static str, Timestamp),
) -> Result<u64, StoreError> {
    tx.within(scope).await?;
    execute!(tx, &WITHDRAW, [game.get(), scope.column(), kind.as_str(), reason, At(now)])
}

/// Makes a delivery pending again whose message was deleted.
///
/// # Errors
/// When the database fails.
pub async fn redo(
    tx: &mut Tx,
    scope: GuildScope,
    (game, key): (GameId, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.within(scope).await?;
    execute!(tx, &REDO, [game.get(), scope.column(), key, At(now)])?;
    tx.wake_after_commit(Hint::Deliveries);
    Ok(())
}
