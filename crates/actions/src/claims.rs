//! What a process that was cut off has left behind.

use crate::{Ctx, StoreError};

/// Takes over from an earlier process that is gone: what it had claimed can be claimed at once, instead of when its
/// lease runs out. Gives the number of rows.
///
/// Called once, before any service starts, and only by a process that has the database for itself.
///
/// # Errors
/// The store failed.
pub async fn free_claims(ctx: &Ctx) -> Result<u64, StoreError> {
    let mut tx = ctx.quiet.begin().await?;
    let rows = store::claims::free(&mut tx, ctx.clock.now()).await?;
    tx.commit().await?;
    Ok(rows)
}
