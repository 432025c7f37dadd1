//! Connections to Discord's gateway: which process holds which.
//!
//! Leases go by the server's clock, or by the machine's where there is only one: connections live in that time, also
//! where a practice clock is moved.

use crate::Ctx;
use clock::Clock;
use jiff::SignedDuration;
use std::time::Duration;
use store::StoreError;

pub use store::shards::{ShardRow, ShardSession};

/// Claims a connection that nobody holds; none when all of the `total` are held. What another Discord has left is
/// forgotten: nobody may go on with it, and what was begun there is not counted here.
///
/// # Errors
/// The store failed.
pub async fn claim(
    ctx: &Ctx,
    total: u32,
    lease: SignedDuration,
    is_ours: impl Fn(&ShardSession) -> bool,
) -> Result<Option<ShardRow>, StoreError> {
    let mut tx = ctx.quiet.begin().await?;
    let now = tx.shared_now(Clock::System.now()).await?;
    let mut row = store::shards::claim(&mut tx, total, now, lease).await?;
    if let Some(row) = &mut row
        && let Some(foreign) = row.session.take_if(|session| !is_ours(session))
    {
        store::shards::forget(&mut tx, total, &foreign).await?;
    }
    tx.commit().await?;
    Ok(row)
}

/// Keeps a connection and what is to be gone on with; false when somebody else has it.
///
/// # Errors
/// The store failed.
pub async fn keep(ctx: &Ctx, shard: &ShardRow, lease: SignedDuration) -> Result<bool, StoreError> {
    let mut tx = ctx.quiet.begin().await?;
    let now = tx.shared_now(Clock::System.now()).await?;
    let ours = store::shards::keep(&mut tx, shard, now, lease).await?;
    tx.commit().await?;
    Ok(ours)
}

/// Gives a connection back for whoever comes next.
///
/// # Errors
/// The store failed.
pub async fn release(ctx: &Ctx, shard: &ShardRow) -> Result<(), StoreError> {
    let mut tx = ctx.quiet.begin().await?;
    store::shards::release(&mut tx, shard).await?;
    tx.commit().await
}

/// Asks for the right to begin a session, of which Discord lets `concurrency` begin at once: how long to wait when
/// another shard has just begun one.
///
/// # Errors
/// The store failed.
pub async fn may_identify(
    ctx: &Ctx,
    shard: &ShardRow,
    concurrency: u32,
) -> Result<Result<(), Duration>, StoreError> {
    let mut tx = ctx.quiet.begin().await?;
    let now = tx.shared_now(Clock::System.now()).await?;
    let answer = store::shards::may_identify(&mut tx, shard, now, concurrency).await?;
    tx.commit().await?;
    Ok(answer.map_err(|free| Duration::try_from(free.duration_since(now)).unwrap_or_default()))
}
