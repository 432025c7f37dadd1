use super::recipient;
use crate::at::At;
use crate::db::{fetch_all, fetch_optional};
use crate::dialect::statements;
use crate::{GuildScope, StoreError, Tx};
use domain::notice::Recipient;
use domain::{ChannelId, DeliveryId, GameId, NoticeKind};
use jiff::Timestamp;
use uuid::Uuid;

statements! {
    NEXT = "SELECT" "deliveries",
        "SELECT MIN(available_at) AS at FROM deliveries WHERE state IN ('pending', 'sending')";
    OPEN = "SELECT" "deliveries",
        "SELECT COUNT(*) AS open FROM deliveries WHERE state IN ('pending', 'sending')";
    OF_GAME = "SELECT" "deliveries",
        "SELECT id, kind, channel_id, user_id, state, reason, attempts, scheduled_for, deadline, settled_at \
         FROM deliveries WHERE game = $1 AND guild = $2 ORDER BY created_at, key LIMIT $3";
}

#[derive(sqlx::FromRow)]
struct NextRow {
    at: Option<At>,
}

#[derive(sqlx::FromRow)]
struct OpenRow {
    open: i64,
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

/// How many deliveries have not ended.
///
/// # Errors
/// When the database fails.
pub async fn open(tx: &mut Tx) -> Result<u64, StoreError> {
    tx.as_work().await?;
    Ok(fetch_optional!(tx, &OPEN => OpenRow, [])?.map_or(0, |row| row.open.cast_unsigned()))
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
    /// The guild's channel in which a person was told whose DMs are closed.
    pub via: Option<ChannelId>,
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
        let (to, via) = recipient(row.channel_id, row.user_id)?;
        Ok(Self {
            id: DeliveryId::new(row.id),
            kind: row.kind.parse().map_err(|error| StoreError::corrupt("deliveries", &error))?,
            to,
            via,
            state: row.state,
            reason: row.reason,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            scheduled_for: row.scheduled_for.into(),
            deadline: row.deadline.map(Into::into),
            settled_at: row.settled_at.map(Into::into),
        })
    }
}

/// What became of every notice about a game that can be read, at most `limit`, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn of_game(
    tx: &mut Tx,
    scope: GuildScope,
    game: GameId,
    limit: u32,
) -> Result<Vec<Fate>, StoreError> {
    tx.within(scope).await?;
    let rows = fetch_all!(tx, &OF_GAME => FateRow, [game.get(), scope.column(), i64::from(limit)])?;
    Ok(rows.into_iter().filter_map(|row| Fate::try_from(row).ok()).collect())
}
