use crate::{Ctx, StoreError};
use jiff::SignedDuration;

/// How long published events, taken events, answers to POSTs and sessions that nobody uses are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 7);

/// Forgets what nobody asks for any more; gives the number of rows.
///
/// # Errors
/// The store failed.
pub async fn sweep(ctx: &Ctx) -> Result<u64, StoreError> {
    let before = ctx.clock.now() - KEPT;
    let mut tx = ctx.quiet.begin().await?;
    let rows = store::outbox::sweep(&mut tx, before).await?
        + store::inbox::sweep(&mut tx, before).await?
        + store::idempotency::sweep(&mut tx, before).await?
        + store::sessions::sweep(&mut tx, before).await?;
    tx.commit().await?;
    Ok(rows)
}
