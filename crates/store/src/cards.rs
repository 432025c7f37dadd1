//! Announcement cards: which message shows a game, and in which version.

use crate::at::{At, microseconds};
use crate::db::{execute, fetch_all, fetch_optional};
use crate::dialect::{per_dialect, statements};
use crate::trace::{self, TraceColumns};
use crate::{GuildScope, Hint, StoreError, Tx};
use domain::{ChannelId, GameId, GuildId, MessageId};
use jiff::{SignedDuration, Timestamp};
use telemetry::TraceContext;
use uuid::Uuid;

statements! {
    PUT = "INSERT" "cards",
        "INSERT INTO cards (game, guild, channel_id, message_id, wanted_version, shown_version, available_at, \
         traceparent, tracestate) VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8) ON CONFLICT (game) DO UPDATE SET \
         channel_id = $3, message_id = $4, shown_version = $5, available_at = $6, lease_until = NULL, \
         fence = cards.fence + 1 \
         WHERE cards.guild = $2";
    WANT = "UPDATE" "cards",
        "UPDATE cards SET wanted_version = $3, traceparent = $4, tracestate = $5 \
         WHERE game = $1 AND guild = $2 AND wanted_version < $3";
    NEXT = "SELECT" "cards",
        "SELECT MIN(available_at) AS at FROM cards WHERE wanted_version > shown_version";
    SHOWN = "UPDATE" "cards",
        "UPDATE cards SET shown_version = $3, available_at = $4, lease_until = NULL \
         WHERE game = $1 AND fence = $2";
    RETRY = "UPDATE" "cards",
        "UPDATE cards SET available_at = $3, lease_until = NULL WHERE game = $1 AND fence = $2";
    LOST = "UPDATE" "cards",
        "UPDATE cards SET reposts = reposts + 1, shown_version = wanted_version WHERE game = $1 AND fence = $2";
    FIND = "SELECT" "cards",
        "SELECT game, guild, channel_id, message_id, wanted_version, fence, reposts, traceparent, tracestate \
         FROM cards WHERE game = $1 AND guild = $2";
    => CLAIM;
}

// Chosen once, as the due moments are.
per_dialect! {
    CLAIM = "UPDATE" "cards",
        "WITH due AS (SELECT game FROM cards WHERE wanted_version > shown_version AND available_at <= " now
        " ORDER BY available_at, game LIMIT $3" skip_locked
        ") UPDATE cards SET fence = fence + 1, available_at = " now " + $2" us ", lease_until = " now " + $2" us
        " WHERE game IN (SELECT game FROM due) \
         RETURNING game, guild, channel_id, message_id, wanted_version, fence, reposts, traceparent, tracestate"
}

/// A card that shows an older version than is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardRow {
    /// The game it shows.
    pub game: GameId,
    /// The guild.
    pub guild: GuildId,
    /// The channel it is in.
    pub channel: ChannelId,
    /// The message that it is.
    pub message: MessageId,
    /// The version that has to be seen at least.
    pub wanted_version: u64,
    /// How often it was posted anew after somebody had deleted it.
    pub reposts: u32,
    /// What has to be unchanged for this process to settle it.
    pub fence: i64,
    /// The trace of the newest change.
    pub trace: TraceContext,
}

#[derive(sqlx::FromRow)]
struct Row {
    game: Uuid,
    guild: i64,
    channel_id: i64,
    message_id: i64,
    wanted_version: i64,
    fence: i64,
    reposts: i64,
    traceparent: Option<String>,
    tracestate: Option<String>,
}

impl From<Row> for CardRow {
    fn from(row: Row) -> Self {
        Self {
            game: GameId::new(row.game),
            guild: GuildId::new(row.guild.cast_unsigned()),
            channel: ChannelId::new(row.channel_id.cast_unsigned()),
            message: MessageId::new(row.message_id.cast_unsigned()),
            wanted_version: row.wanted_version.cast_unsigned(),
            reposts: u32::try_from(row.reposts).unwrap_or(u32::MAX),
            fence: row.fence,
            trace: trace::read(row.traceparent.as_deref(), row.tracestate.as_deref()),
        }
    }
}

#[derive(sqlx::FromRow)]
struct NextRow {
    at: Option<At>,
}

/// Keeps the message that now shows a game in `version`.
///
/// # Errors
/// When the database fails.
pub async fn put(
    tx: &mut Tx,
    scope: GuildScope,
    (game, version): (GameId, u64),
    (channel, message): (ChannelId, MessageId),
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.within(scope).await?;
    let trace = TraceColumns::current();
    execute!(
        tx,
        &PUT,
        [
            game.get(),
            scope.column(),
            channel.get().cast_signed(),
            message.get().cast_signed(),
            version.cast_signed(),
            At(now),
            trace.traceparent.as_deref(),
            trace.tracestate.as_deref(),
        ]
    )?;
    tx.wake_after_commit(Hint::Cards);
    Ok(())
}

/// Asks for a card to show `version` or a newer one; the current trace goes with it. Without a card nothing
/// happens: it is posted with the newest state.
///
/// # Errors
/// When the database fails.
pub async fn want(tx: &mut Tx, scope: GuildScope, game: GameId, version: u64) -> Result<(), StoreError> {
    tx.within(scope).await?;
    let trace = TraceColumns::current();
    let (parent, state) = (trace.traceparent.as_deref(), trace.tracestate.as_deref());
    execute!(tx, &WANT, [game.get(), scope.column(), version.cast_signed(), parent, state])?;
    tx.wake_after_commit(Hint::Cards);
    Ok(())
}

/// When the bot has to look next.
///
/// # Errors
/// When the database fails.
pub async fn next_due(tx: &mut Tx) -> Result<Option<Timestamp>, StoreError> {
    tx.as_work().await?;
    let row = fetch_optional!(tx, &NEXT => NextRow, [])?;
    Ok(row.and_then(|row| row.at).map(Into::into))
}

/// Claims dirty cards, under a lease, with a new fence each.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut Tx,
    (now, lease): (Timestamp, SignedDuration),
    limit: u32,
) -> Result<Vec<CardRow>, StoreError> {
    tx.as_work().await?;
    let statement = CLAIM.on(tx.system());
    let by = tx.due_by(now);
    let rows = fetch_all!(tx, statement => Row, [by, microseconds(lease), i64::from(limit)])?;
    Ok(rows.into_iter().map(CardRow::from).collect())
}

/// The card of a game.
///
/// # Errors
/// When the database fails.
pub async fn find(tx: &mut Tx, scope: GuildScope, game: GameId) -> Result<Option<CardRow>, StoreError> {
    tx.within(scope).await?;
    Ok(fetch_optional!(tx, &FIND => Row, [game.get(), scope.column()])?.map(CardRow::from))
}

/// Writes which version a card shows now, and from when on it may be edited again.
///
/// # Errors
/// When the database fails.
pub async fn shown(tx: &mut Tx, row: &CardRow, version: u64, next: Timestamp) -> Result<bool, StoreError> {
    tx.within(GuildScope::of_card(row)).await?;
    Ok(execute!(tx, &SHOWN, [row.game.get(), row.fence, version.cast_signed(), At(next)])? == 1)
}

/// Puts an edit off.
///
/// # Errors
/// When the database fails.
pub async fn retry(tx: &mut Tx, row: &CardRow, at: Timestamp) -> Result<bool, StoreError> {
    tx.within(GuildScope::of_card(row)).await?;
    Ok(execute!(tx, &RETRY, [row.game.get(), row.fence, At(at)])? == 1)
}

/// Gives up on a message that is gone; whether another one is posted is the caller's.
///
/// # Errors
/// When the database fails.
pub async fn lost(tx: &mut Tx, row: &CardRow) -> Result<bool, StoreError> {
    tx.within(GuildScope::of_card(row)).await?;
    Ok(execute!(tx, &LOST, [row.game.get(), row.fence])? == 1)
}
