//! Claims that nobody will settle: those of a process that was cut off.

use crate::at::At;
use crate::db::execute;
use crate::dialect::statements;
use crate::{StoreError, Tx};
use jiff::Timestamp;

statements! {
    EVENTS = "UPDATE" "outbox",
        "UPDATE outbox SET lease_until = NULL WHERE published_at IS NULL AND lease_until IS NOT NULL";
    MOMENTS = "UPDATE" "schedule",
        "UPDATE schedule SET available_at = $1, lease_until = NULL \
         WHERE duty IN ('notify', 'transition') AND state = 'pending' AND available_at > $1 \
         AND lease_until IS NOT NULL";
    DELIVERIES = "UPDATE" "deliveries",
        "UPDATE deliveries SET available_at = $1, lease_until = NULL \
         WHERE state IN ('pending', 'sending') AND available_at > $1 AND lease_until IS NOT NULL";
    CARDS = "UPDATE" "cards",
        "UPDATE cards SET available_at = $1, lease_until = NULL \
         WHERE wanted_version > shown_version AND available_at > $1 AND lease_until IS NOT NULL";
    SHARDS = "UPDATE" "shards", "UPDATE shards SET lease_until = NULL WHERE lease_until IS NOT NULL";
}

/// Lets everything that is claimed be claimed anew at once, instead of when its lease runs out; what was put off
/// stays put off. So can the connections to Discord. Only for a process that has the database for itself, and before
/// it claims anything. Gives the number of rows of work.
///
/// # Errors
/// When the database fails.
pub async fn free(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    tx.as_work().await?;
    let events = execute!(tx, &EVENTS, [])?;
    let moments = execute!(tx, &MOMENTS, [At(now)])?;
    let deliveries = execute!(tx, &DELIVERIES, [At(now)])?;
    let cards = execute!(tx, &CARDS, [At(now)])?;
    execute!(tx, &SHARDS, [])?;
    Ok(events + moments + deliveries + cards)
}
