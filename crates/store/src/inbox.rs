//! Which events a consumer has taken: each takes effect once, however often it comes.

use crate::at::At;
use crate::db::execute;
use crate::dialect::statements;
use crate::{StoreError, Tx};
use domain::EventId;
use jiff::Timestamp;

statements! {
    TAKE = "INSERT" "inbox",
        "INSERT INTO inbox (consumer, event, taken_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    SWEEP = "DELETE" "inbox", "DELETE FROM inbox WHERE taken_at < $1";
}

/// Takes an event in the transaction of its effect; false when it was taken before.
///
/// # Errors
/// When the database fails.
pub async fn take(
    tx: &mut Tx,
    consumer: &'static str,
    event: EventId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(execute!(tx, &TAKE, [consumer, event.get(), At(now)])? == 1)
}

/// Forgets events taken before `before`, which no bus brings again.
///
/// # Errors
/// When the database fails.
pub async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    execute!(tx, &SWEEP, [At(before)])
}
