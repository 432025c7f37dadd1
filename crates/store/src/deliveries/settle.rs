use super::DeliveryRow;
use crate::at::At;
use crate::db::execute;
use crate::dialect::statements;
use crate::{GuildScope, Hint, StoreError, Tx};
use domain::{ChannelId, MessageId};
use jiff::Timestamp;

statements! {
    // What is claimed is being tried already.
    WAKE = "UPDATE" "deliveries",
        "UPDATE deliveries SET available_at = $3 WHERE state IN ('pending', 'sending') AND available_at > $3 \
         AND guild = $1 AND reason = $2 AND lease_until IS NULL";
    SENDING = "UPDATE" "deliveries",
        "UPDATE deliveries SET state = 'sending', sending_since = COALESCE(sending_since, $3) \
         WHERE id = $1 AND fence = $2 AND state IN ('pending', 'sending')";
    SENT = "UPDATE" "deliveries",
        "UPDATE deliveries SET state = 'sent', sent_channel = $3, sent_message = $4, settled_at = $5 \
         WHERE id = $1 AND fence = $2 AND state = 'sending'";
    END = "UPDATE" "deliveries",
        "UPDATE deliveries SET state = $3, reason = $4, settled_at = $5 \
         WHERE id = $1 AND fence = $2 AND state IN ('pending', 'sending')";
    RETRY = "UPDATE" "deliveries",
        "UPDATE deliveries SET available_at = $3, lease_until = NULL, reason = $4, \
         sending_since = CASE WHEN $5 THEN NULL ELSE sending_since END, \
         state = CASE WHEN $5 THEN 'pending' ELSE state END \
         WHERE id = $1 AND fence = $2 AND state IN ('pending', 'sending')";
    TO_CHANNEL = "UPDATE" "deliveries",
        "UPDATE deliveries SET channel_id = $3, state = 'pending', sending_since = NULL, \
         available_at = $4, lease_until = NULL WHERE id = $1 AND fence = $2 AND state IN ('pending', 'sending')";
}

/// Writes that the message may be out from now on; false when the claim was lost and it must not be sent.
///
/// # Errors
/// When the database fails.
pub async fn sending(tx: &mut Tx, row: &DeliveryRow, now: Timestamp) -> Result<bool, StoreError> {
    tx.within(GuildScope::of_delivery(row)).await?;
    Ok(execute!(tx, &SENDING, [row.id.get(), row.fence, At(now)])? == 1)
}

/// Writes that the message is out; false when the claim was lost.
///
/// # Errors
/// When the database fails.
pub async fn sent(
    tx: &mut Tx,
    row: &DeliveryRow,
    (channel, message): (ChannelId, MessageId),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (channel, message) = (channel.get().cast_signed(), message.get().cast_signed());
    tx.within(GuildScope::of_delivery(row)).await?;
    Ok(execute!(tx, &SENT, [row.id.get(), row.fence, channel, message, At(now)])? == 1)
}

/// How a delivery ends without a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// On purpose, or because nobody would see it.
    Skipped(&'static str),
    /// Because it can't be done.
    Dead(&'static str),
}

/// Ends a delivery without a message; false when the claim was lost.
///
/// # Errors
/// When the database fails.
pub async fn end(tx: &mut Tx, row: &DeliveryRow, unsent: Unsent, now: Timestamp) -> Result<bool, StoreError> {
    let (state, reason) = match unsent {
        Unsent::Skipped(reason) => ("skipped", reason),
        Unsent::Dead(reason) => ("dead", reason),
    };
    tx.within(GuildScope::of_delivery(row)).await?;
    Ok(execute!(tx, &END, [row.id.get(), row.fence, state, reason, At(now)])? == 1)
}

/// Puts a delivery off. `surely_unsent` says that Discord has refused it, so that its nonce's time starts anew.
///
/// # Errors
/// When the database fails.
pub async fn retry(
    tx: &mut Tx,
    row: &DeliveryRow,
    (at, reason): (Timestamp, &str),
    surely_unsent: bool,
) -> Result<bool, StoreError> {
    tx.within(GuildScope::of_delivery(row)).await?;
    Ok(execute!(tx, &RETRY, [row.id.get(), row.fence, At(at), reason, surely_unsent])? == 1)
}

/// Lets a guild's deliveries that were put off for a reason be tried at once; gives their number.
///
/// # Errors
/// When the database fails.
pub async fn wake(
    tx: &mut Tx,
    scope: GuildScope,
    reason: &'static str,
    now: Timestamp,
) -> Result<u64, StoreError> {
    tx.within(scope).await?;
    let woken = execute!(tx, &WAKE, [scope.column(), reason, At(now)])?;
    if woken > 0 {
        tx.wake_after_commit(Hint::Deliveries);
    }
    Ok(woken)
}

/// Sends a notice in a channel instead, to somebody whose DMs are closed; false when the claim was lost.
///
/// # Errors
/// When the database fails.
pub async fn redirect(
    tx: &mut Tx,
    row: &DeliveryRow,
    channel: ChannelId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let channel = channel.get().cast_signed();
    tx.within(GuildScope::of_delivery(row)).await?;
    let redirected = execute!(tx, &TO_CHANNEL, [row.id.get(), row.fence, channel, At(now)])? == 1;
    if redirected {
        tx.wake_after_commit(Hint::Deliveries);
    }
    Ok(redirected)
}
