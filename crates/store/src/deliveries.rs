//! The delivery ledger: one row for each recipient of each notice.
//!
//! `pending → sending → sent | skipped(reason) | dead(reason)`. A row becomes `sending`, and that is committed,
//! before Discord is called; so after a crash it is known which messages may be out already.

use crate::at::At;
use crate::db::{execute, fetch_all, fetch_optional};
use crate::dialect::{locking, statements};
use crate::trace::{self, TraceColumns};
use crate::{GuildScope, Hint, StoreError, Tx};
use domain::notice::{Notice, Recipient};
use domain::{ChannelId, DeliveryId, GameId, GuildId, MessageId, NoticeKind, UserId};
use jiff::{SignedDuration, Timestamp};
use telemetry::TraceContext;
use uuid::Uuid;

statements! {
    ADD = "INSERT" "deliveries",
        "INSERT INTO deliveries (id, key, guild, game, kind, channel_id, user_id, state, available_at, deadline, \
         scheduled_for, created_at, traceparent, tracestate) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', $8, $9, $10, $8, $11, $12) ON CONFLICT (key) DO NOTHING";
    NEXT = "SELECT" "deliveries",
        "SELECT MIN(available_at) AS at FROM deliveries WHERE state IN ('pending', 'sending')";
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
        "UPDATE deliveries SET available_at = $3, reason = $4, \
         sending_since = CASE WHEN $5 THEN NULL ELSE sending_since END, \
         state = CASE WHEN $5 THEN 'pending' ELSE state END \
         WHERE id = $1 AND fence = $2 AND state IN ('pending', 'sending')";
    TO_CHANNEL = "UPDATE" "deliveries",
        "UPDATE deliveries SET user_id = NULL, channel_id = $3, state = 'pending', sending_since = NULL, \
         available_at = $4 WHERE id = $1 AND fence = $2";
    WITHDRAW = "UPDATE" "deliveries",
        "UPDATE deliveries SET state = 'skipped', reason = $4, settled_at = $5, fence = fence + 1 \
         WHERE game = $1 AND guild = $2 AND state = 'pending' AND kind = $3";
    OF_GAME = "SELECT" "deliveries",
        "SELECT id, kind, channel_id, user_id, state, reason, attempts, scheduled_for, deadline, settled_at \
         FROM deliveries WHERE game = $1 AND guild = $2 ORDER BY created_at, key LIMIT $3";
    REDO = "UPDATE" "deliveries",
        "UPDATE deliveries SET state = 'pending', sending_since = NULL, reason = NULL, settled_at = NULL, \
         sent_channel = NULL, sent_message = NULL, attempts = 0, available_at = $4, fence = fence + 1 \
         WHERE game = $1 AND guild = $2 AND key = $3";
    OPEN = "SELECT" "deliveries",
        "SELECT COUNT(*) AS open FROM deliveries WHERE state IN ('pending', 'sending')";
    => CLAIM;
}

locking! {
    CLAIM = "UPDATE" "deliveries",
        "UPDATE deliveries SET fence = fence + 1, attempts = attempts + 1, available_at = $2 WHERE id IN \
         (SELECT id FROM deliveries WHERE state IN ('pending', 'sending') AND available_at <= $1 \
         ORDER BY available_at, id LIMIT $3",
        "FOR UPDATE SKIP LOCKED",
        ") RETURNING id, key, guild, game, kind, channel_id, user_id, attempts, fence, deadline, sending_since, \
         scheduled_for, traceparent, tracestate"
}

/// A delivery that this process has claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Its id.
    pub id: DeliveryId,
    /// What makes it one of a kind; the nonce is made from it.
    pub key: String,
    /// The guild.
    pub guild: GuildId,
    /// The game.
    pub game: GameId,
    /// What it says.
    pub kind: NoticeKind,
    /// To whom.
    pub to: Recipient,
    /// How often it was claimed, this time included.
    pub attempts: u32,
    /// What has to be unchanged for this process to settle it.
    pub fence: i64,
    /// After which it is not sent any more.
    pub deadline: Option<Timestamp>,
    /// When it was first tried under its nonce, if it was: the message may be out already.
    pub sending_since: Option<Timestamp>,
    /// When it should have gone out.
    pub scheduled_for: Timestamp,
    /// The trace that asked for it.
    pub trace: TraceContext,
}

#[derive(sqlx::FromRow)]
struct ClaimedRow {
    id: Uuid,
    key: String,
    guild: i64,
    game: Uuid,
    kind: String,
    channel_id: Option<i64>,
    user_id: Option<i64>,
    attempts: i64,
    fence: i64,
    deadline: Option<At>,
    sending_since: Option<At>,
    scheduled_for: At,
    traceparent: Option<String>,
    tracestate: Option<String>,
}

impl TryFrom<ClaimedRow> for DeliveryRow {
    type Error = StoreError;

    fn try_from(row: ClaimedRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: DeliveryId::new(row.id),
            key: row.key,
            guild: GuildId::new(row.guild.cast_unsigned()),
            game: GameId::new(row.game),
            kind: row.kind.parse().map_err(|error| StoreError::corrupt("deliveries", &error))?,
            to: recipient(row.channel_id, row.user_id)?,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            fence: row.fence,
            deadline: row.deadline.map(Into::into),
            sending_since: row.sending_since.map(Into::into),
            scheduled_for: row.scheduled_for.into(),
            trace: trace::read(row.traceparent.as_deref(), row.tracestate.as_deref()),
        })
    }
}

fn recipient(channel: Option<i64>, user: Option<i64>) -> Result<Recipient, StoreError> {
    match (channel, user) {
        (Some(channel), None) => Ok(Recipient::Channel(ChannelId::new(channel.cast_unsigned()))),
        (None, Some(user)) => Ok(Recipient::User(UserId::new(user.cast_unsigned()))),
        _ => Err(StoreError::corrupt("deliveries", &"neither a channel nor a person")),
    }
}

#[derive(sqlx::FromRow)]
struct NextRow {
    at: Option<At>,
}

#[derive(sqlx::FromRow)]
struct OpenRow {
    open: i64,
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

/// When the bot has to look next.
///
/// # Errors
/// When the database fails.
pub async fn next_due(tx: &mut Tx) -> Result<Option<Timestamp>, StoreError> {
    let row = fetch_optional!(tx, &NEXT => NextRow, [])?;
    Ok(row.and_then(|row| row.at).map(Into::into))
}

/// How many deliveries have not ended.
///
/// # Errors
/// When the database fails.
pub async fn open(tx: &mut Tx) -> Result<u64, StoreError> {
    Ok(fetch_optional!(tx, &OPEN => OpenRow, [])?.map_or(0, |row| row.open.cast_unsigned()))
}

/// Claims the deliveries that have waited longest, under a lease, with a new fence each.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut Tx,
    (now, lease): (Timestamp, SignedDuration),
    limit: u32,
) -> Result<Vec<DeliveryRow>, StoreError> {
    let statement = CLAIM.on(tx.system());
    let rows = fetch_all!(tx, statement => ClaimedRow, [At(now), At(now + lease), i64::from(limit)])?;
    rows.into_iter().map(DeliveryRow::try_from).collect()
}

/// Writes that the message may be out from now on; false when the claim was lost and it must not be sent.
///
/// # Errors
/// When the database fails.
pub async fn sending(tx: &mut Tx, row: &DeliveryRow, now: Timestamp) -> Result<bool, StoreError> {
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
    Ok(execute!(tx, &RETRY, [row.id.get(), row.fence, At(at), reason, surely_unsent])? == 1)
}

/// Sends a notice to a channel instead, to somebody whose DMs are closed.
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
    Ok(execute!(tx, &TO_CHANNEL, [row.id.get(), row.fence, channel, At(now)])? == 1)
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
    execute!(tx, &REDO, [game.get(), scope.column(), key, At(now)])?;
    tx.wake_after_commit(Hint::Deliveries);
    Ok(())
}

/// What became of one notice to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// Its id.
    pub id: DeliveryId,
    /// What it says.
    pub kind: NoticeKind,
    /// To whom.
    pub to: Recipient,
    /// `pending`, `sending`, `sent`, `skipped` or `dead`.
    pub state: String,
    /// Why it was skipped, is dead or is tried again.
    pub reason: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it should have gone out.
    pub scheduled_for: Timestamp,
    /// After which it is not sent any more.
    pub deadline: Option<Timestamp>,
    /// When it ended.
    pub settled_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct FateRow {
    id: Uuid,
    kind: String,
    channel_id: Option<i64>,
    user_id: Option<i64>,
    state: String,
    reason: Option<String>,
    attempts: i64,
    scheduled_for: At,
    deadline: Option<At>,
    settled_at: Option<At>,
}

impl TryFrom<FateRow> for Fate {
    type Error = StoreError;

    fn try_from(row: FateRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: DeliveryId::new(row.id),
            kind: row.kind.parse().map_err(|error| StoreError::corrupt("deliveries", &error))?,
            to: recipient(row.channel_id, row.user_id)?,
            state: row.state,
            reason: row.reason,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            scheduled_for: row.scheduled_for.into(),
            deadline: row.deadline.map(Into::into),
            settled_at: row.settled_at.map(Into::into),
        })
    }
}

/// What became of every notice about a game, at most `limit`, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn of_game(
    tx: &mut Tx,
    scope: GuildScope,
    game: GameId,
    limit: u32,
) -> Result<Vec<Fate>, StoreError> {
    let rows = fetch_all!(tx, &OF_GAME => FateRow, [game.get(), scope.column(), i64::from(limit)])?;
    rows.into_iter().map(Fate::try_from).collect()
}
