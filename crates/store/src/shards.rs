//! Connections to Discord's gateway: who holds which, and the session to go on with.
//!
//! Each connection is told of a share of the guilds; two processes with the same one would do everything twice.

use crate::at::At;
use crate::db::{execute, fetch_all, fetch_optional};
use crate::dialect::{per_dialect, statements};
use crate::{StoreError, Tx};
use jiff::{SignedDuration, Timestamp};

/// Between two new sessions of one bot in one of its rate limit keys (Discord, "Rate Limiting", "Max Concurrency").
const IDENTIFY_EVERY: SignedDuration = SignedDuration::from_secs(5);

statements! {
    ADD = "INSERT" "shards",
        "INSERT INTO shards (total, number) VALUES ($1, $2) ON CONFLICT (total, number) DO NOTHING";
    KEEP = "UPDATE" "shards",
        "UPDATE shards SET lease_until = $4, session_id = $5, session_sequence = $6, session_url = $7 \
         WHERE total = $1 AND number = $2 AND fence = $3";
    RELEASE = "UPDATE" "shards",
        "UPDATE shards SET lease_until = NULL, session_id = $4, session_sequence = $5, session_url = $6 \
         WHERE total = $1 AND number = $2 AND fence = $3";
    IDENTIFY = "UPDATE" "shards",
        "UPDATE shards SET identified_at = $4 WHERE total = $1 AND number = $2 AND fence = $3";
    FORGET = "UPDATE" "shards",
        "UPDATE shards SET session_id = NULL, session_sequence = NULL, session_url = NULL, identified_at = NULL \
         WHERE total = $1 AND session_url = $2";
    => LOCK, CLAIM;
}

per_dialect! {
    LOCK = "SELECT" "shards",
        "SELECT number, identified_at FROM shards WHERE total = $1 ORDER BY number" for_update
}

per_dialect! {
    CLAIM = "UPDATE" "shards",
        "UPDATE shards SET fence = fence + 1, lease_until = $3 \
         WHERE total = $1 AND number = (SELECT number FROM shards WHERE total = $1 \
         AND (lease_until IS NULL OR lease_until <= $2) ORDER BY number LIMIT 1" skip_locked
        ") RETURNING number, fence, session_id, session_sequence, session_url"
}

/// One connection, as it was claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardRow {
    /// Of how many.
    pub total: u32,
    /// From zero.
    pub number: u32,
    /// Grows with each claim; who has an older one has lost it.
    pub fence: u64,
    /// What the last holder left.
    pub session: Option<ShardSession>,
}

/// A session of the gateway that can be gone on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardSession {
    /// Discord's id for it.
    pub id: String,
    /// The number of the last event that was handled.
    pub sequence: u64,
    /// Where it has to be resumed.
    pub resume_url: String,
}

#[derive(sqlx::FromRow)]
struct ClaimedRow {
    number: i64,
    fence: i64,
    session_id: Option<String>,
    session_sequence: Option<i64>,
    session_url: Option<String>,
}

#[derive(sqlx::FromRow)]
struct IdentifiedRow {
    number: i64,
    identified_at: Option<At>,
}

/// Claims a connection that nobody holds, the lowest first; none when all of the `total` are held.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut Tx,
    total: u32,
    now: Timestamp,
    lease: SignedDuration,
) -> Result<Option<ShardRow>, StoreError> {
    for number in 0..total {
        execute!(tx, &ADD, [i64::from(total), i64::from(number)])?;
    }
    let until = At(now.saturating_add(lease).unwrap_or(now));
    let statement = CLAIM.on(tx.system());
    let row = fetch_optional!(tx, statement => ClaimedRow, [i64::from(total), At(now), until])?;
    Ok(row.map(|row| ShardRow {
        total,
        number: u32::try_from(row.number).unwrap_or_default(),
        fence: row.fence.cast_unsigned(),
        session: session(row.session_id, row.session_sequence, row.session_url),
    }))
}

fn session(id: Option<String>, sequence: Option<i64>, url: Option<String>) -> Option<ShardSession> {
    Some(ShardSession { id: id?, sequence: sequence?.cast_unsigned(), resume_url: url? })
}

/// Keeps a connection until `now + lease`, and what is to be gone on with; false when somebody else has it.
///
/// # Errors
/// When the database fails.
pub async fn keep(
    tx: &mut Tx,
    shard: &ShardRow,
    now: Timestamp,
    lease: SignedDuration,
) -> Result<bool, StoreError> {
    let until = At(now.saturating_add(lease).unwrap_or(now));
    let (total, number, fence) = key(shard);
    let (id, sequence, url) = columns(shard.session.as_ref());
    Ok(execute!(tx, &KEEP, [total, number, fence, until, id, sequence, url])? > 0)
}

/// Gives a connection back, for whoever comes next; nothing when somebody else has it.
///
/// # Errors
/// When the database fails.
pub async fn release(tx: &mut Tx, shard: &ShardRow) -> Result<(), StoreError> {
    let (total, number, fence) = key(shard);
    let (id, sequence, url) = columns(shard.session.as_ref());
    execute!(tx, &RELEASE, [total, number, fence, id, sequence, url])?;
    Ok(())
}

/// Forgets every session that is resumed where this one is, and when each was begun: they are of another Discord.
///
/// # Errors
/// When the database fails.
pub async fn forget(tx: &mut Tx, total: u32, foreign: &ShardSession) -> Result<(), StoreError> {
    execute!(tx, &FORGET, [i64::from(total), foreign.resume_url.as_str()])?;
    Ok(())
}

/// Asks for the right to begin a new session: an instant to wait for when another shard has just begun one. Of so many
/// in a row as `concurrency` says each has a limit of its own.
///
/// # Errors
/// When the database fails.
pub async fn may_identify(
    tx: &mut Tx,
    shard: &ShardRow,
    now: Timestamp,
    concurrency: u32,
) -> Result<Result<(), Timestamp>, StoreError> {
    let (total, number, fence) = key(shard);
    let keys = i64::from(concurrency.max(1));
    let statement = LOCK.on(tx.system());
    let rows = fetch_all!(tx, statement => IdentifiedRow, [total])?;
    let rivals = rows.into_iter().filter(|row| row.number % keys == number % keys);
    let last = rivals.filter_map(|row| row.identified_at).map(Timestamp::from).max();
    let free = last.and_then(|last| last.checked_add(IDENTIFY_EVERY).ok()).filter(|free| *free > now);
    if let Some(free) = free {
        return Ok(Err(free));
    }
    execute!(tx, &IDENTIFY, [total, number, fence, At(now)])?;
    Ok(Ok(()))
}

fn key(shard: &ShardRow) -> (i64, i64, i64) {
    (i64::from(shard.total), i64::from(shard.number), shard.fence.cast_signed())
}

fn columns(session: Option<&ShardSession>) -> (Option<&str>, Option<i64>, Option<&str>) {
    session.map_or((None, None, None), |session| {
        (Some(session.id.as_str()), Some(session.sequence.cast_signed()), Some(session.resume_url.as_str()))
    })
}
