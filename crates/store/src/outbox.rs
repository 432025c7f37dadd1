//! Events on their way to the bus.

use crate::at::{At, microseconds};
use crate::db::{execute, fetch_all, fetch_optional};
use crate::dialect::{per_dialect, statements};
use crate::trace::{self, TraceColumns};
use crate::{GuildScope, Hint, StoreError, Tx};
use domain::{Event, EventId, GameId, UserId};
use jiff::{SignedDuration, Timestamp};
use telemetry::TraceContext;
use uuid::Uuid;

/// How long the service that wrote an event has to publish it before any other may.
pub const ORIGIN_FIRST: SignedDuration = SignedDuration::from_secs(5);

statements! {
    PUSH = "INSERT" "outbox",
        "INSERT INTO outbox (id, origin, guild, game, sequence, type, payload, traceparent, tracestate, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    PUBLISHED = "UPDATE" "outbox",
        "UPDATE outbox SET published_at = $2 WHERE id = $1 AND published_at IS NULL";
    RELEASE = "UPDATE" "outbox",
        "UPDATE outbox SET lease_until = $3 WHERE id = $1 AND attempts = $2 AND published_at IS NULL";
    WAITING = "SELECT" "outbox",
        "SELECT COUNT(*) AS pending, MIN(created_at) AS oldest FROM outbox \
         WHERE published_at IS NULL AND dead_at IS NULL";
    AFTER = "SELECT" "outbox",
        "SELECT payload FROM outbox WHERE id > $1 AND guild IN \
         (SELECT guild FROM members WHERE user_id = $2) AND created_at > $3 AND dead_at IS NULL \
         ORDER BY id LIMIT $4";
    SWEEP = "DELETE" "outbox", "DELETE FROM outbox WHERE published_at < $1";
    REDO_UNTAKEN = "UPDATE" "outbox",
        "UPDATE outbox SET published_at = NULL, lease_until = NULL WHERE published_at IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM inbox WHERE inbox.consumer = $1 AND inbox.event = outbox.id)";
    => MINE, CLAIM;
}

per_dialect! {
    MINE = "SELECT" "outbox",
        "SELECT COUNT(*) AS pending, MIN(created_at) AS oldest FROM outbox WHERE published_at IS NULL \
         AND dead_at IS NULL AND (origin = $2 OR created_at < " now " - $3" us
        ") AND (lease_until IS NULL OR lease_until < " now ")"
}

// Chosen once, as the due moments are.
per_dialect! {
    CLAIM = "UPDATE" "outbox",
        "WITH due AS (SELECT id FROM outbox WHERE published_at IS NULL AND dead_at IS NULL \
         AND (origin = $3 OR created_at < " now " - $4" us ") AND (lease_until IS NULL OR lease_until < " now
        ") ORDER BY created_at, id LIMIT $5" skip_locked
        ") UPDATE outbox SET lease_until = " now " + $2" us ", attempts = attempts + 1 \
         WHERE id IN (SELECT id FROM due) RETURNING id, type, game, created_at, payload, traceparent, \
         tracestate, attempts"
}

/// An event to publish. Nothing looks into its envelope on the way: a newer version may have written it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Unique; a consumer takes effect once per id.
    pub id: EventId,
    /// What happened, as words with dots between.
    pub event_type: String,
    /// To which game; none for what concerns the whole guild.
    pub game: Option<GameId>,
    /// When.
    pub occurred_at: Timestamp,
    /// The envelope, as it goes on the bus.
    pub payload: String,
    /// The trace of the verb that wrote it.
    pub trace: TraceContext,
    /// How often it was claimed, this time included; it has to be unchanged for this process to give it back.
    pub attempts: u32,
}

#[derive(sqlx::FromRow)]
struct ClaimedRow {
    id: Uuid,
    r#type: String,
    game: Option<Uuid>,
    created_at: At,
    payload: String,
    traceparent: Option<String>,
    tracestate: Option<String>,
    attempts: i64,
}

impl From<ClaimedRow> for OutboxRow {
    fn from(row: ClaimedRow) -> Self {
        Self {
            id: EventId::new(row.id),
            event_type: row.r#type,
            game: row.game.map(GameId::new),
            occurred_at: row.created_at.into(),
            trace: trace::read(row.traceparent.as_deref(), row.tracestate.as_deref()),
            payload: row.payload,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
        }
    }
}

#[derive(sqlx::FromRow)]
struct PayloadRow {
    payload: String,
}

#[derive(sqlx::FromRow)]
struct WaitingRow {
    pending: i64,
    oldest: Option<At>,
}

/// How much waits to be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Events.
    pub pending: u64,
    /// When the oldest was written.
    pub oldest: Option<Timestamp>,
}

impl From<Option<WaitingRow>> for Waiting {
    fn from(row: Option<WaitingRow>) -> Self {
        let pending = row.as_ref().map_or(0, |row| row.pending.cast_unsigned());
        Self { pending, oldest: row.and_then(|row| row.oldest).map(Into::into) }
    }
}

/// Tells what happened, in the transaction in which it happens; the current trace goes with it.
///
/// # Errors
/// When the database fails.
pub async fn push(tx: &mut Tx, event: &Event) -> Result<(), StoreError> {
    let payload = serde_json::to_string(event).map_err(|error| StoreError::corrupt("outbox", &error))?;
    tx.within(GuildScope::of_event(event)).await?;
    let trace = TraceColumns::current();
    let origin = tx.origin;
    execute!(
        tx,
        &PUSH,
        [
            event.id.get(),
            origin,
            event.guild.get().cast_signed(),
            event.game.map(domain::GameId::get),
            event.sequence.cast_signed(),
            event.body.event_type(),
            &payload,
            trace.traceparent.as_deref(),
            trace.tracestate.as_deref(),
            At(event.occurred_at),
        ]
    )?;
    tx.wake_after_commit(Hint::Outbox);
    Ok(())
}

/// Claims the oldest events that this service may publish: its own at once, another's after [`ORIGIN_FIRST`].
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut Tx,
    now: Timestamp,
    lease: SignedDuration,
    limit: u32,
) -> Result<Vec<OutboxRow>, StoreError> {
    tx.as_work().await?;
    let statement = CLAIM.on(tx.system());
    let (origin, by) = (tx.origin, tx.due_by(now));
    let (lease, first) = (microseconds(lease), microseconds(ORIGIN_FIRST));
    let rows = fetch_all!(tx, statement => ClaimedRow, [by, lease, origin, first, i64::from(limit)])?;
    let mut rows: Vec<_> = rows.into_iter().map(OutboxRow::from).collect();
    rows.sort_by_key(|row| (row.occurred_at, row.id));
    Ok(rows)
}

/// Marks an event that the bus has confirmed; it is out, whoever holds its claim by now.
///
/// # Errors
/// When the database fails.
pub async fn published(tx: &mut Tx, id: EventId, now: Timestamp) -> Result<(), StoreError> {
    tx.as_work().await?;
    execute!(tx, &PUBLISHED, [id.get(), At(now)])?;
    Ok(())
}

/// Gives an event back that the bus did not take, to be claimed again at `at`; false when the claim was lost.
///
/// # Errors
/// When the database fails.
pub async fn release(tx: &mut Tx, row: &OutboxRow, at: Timestamp) -> Result<bool, StoreError> {
    tx.as_work().await?;
    Ok(execute!(tx, &RELEASE, [row.id.get(), i64::from(row.attempts), At(at)])? == 1)
}

/// How much waits, whoever may publish it.
///
/// # Errors
/// When the database fails.
pub async fn waiting(tx: &mut Tx) -> Result<Waiting, StoreError> {
    tx.as_work().await?;
    Ok(fetch_optional!(tx, &WAITING => WaitingRow, [])?.into())
}

/// How much waits that this service may claim now.
///
/// # Errors
/// When the database fails.
pub async fn claimable(tx: &mut Tx, now: Timestamp) -> Result<Waiting, StoreError> {
    tx.as_work().await?;
    let statement = MINE.on(tx.system());
    let (origin, by, first) = (tx.origin, tx.due_by(now), microseconds(ORIGIN_FIRST));
    Ok(fetch_optional!(tx, statement => WaitingRow, [by, origin, first])?.into())
}

/// The events of somebody's guilds after one that they saw, written after `since`, oldest first; those that can't
/// be read are left out.
///
/// # Errors
/// When the database fails.
pub async fn after(
    tx: &mut Tx,
    viewer: UserId,
    (seen, since): (EventId, Timestamp),
    limit: u32,
) -> Result<Vec<Event>, StoreError> {
    tx.as_viewer(viewer).await?;
    let user = viewer.get().cast_signed();
    let rows = fetch_all!(tx, &AFTER => PayloadRow, [seen.get(), user, At(since), i64::from(limit)])?;
    Ok(rows.into_iter().filter_map(|row| serde_json::from_str(&row.payload).ok()).collect())
}

/// Forgets events published before `before`.
///
/// # Errors
/// When the database fails.
pub async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    tx.as_work().await?;
    execute!(tx, &SWEEP, [At(before)])
}

/// Gives back what was published and this consumer has not taken; gives the number of events.
///
/// # Errors
/// When the database fails.
pub async fn redo_untaken(tx: &mut Tx, consumer: &'static str) -> Result<u64, StoreError> {
    tx.as_work().await?;
    let rows = execute!(tx, &REDO_UNTAKEN, [consumer])?;
    tx.wake_after_commit(Hint::Outbox);
    Ok(rows)
}
