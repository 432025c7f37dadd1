//! People.

use crate::at::At;
use crate::db::{execute, fetch_optional};
use crate::dialect::statements;
use crate::{StoreError, Tx};
use domain::{ChannelId, UserId};
use jiff::Timestamp;

statements! {
    FIND = "SELECT" "users", "SELECT id, name, dm_channel, dms, memberships_seen_at FROM users WHERE id = $1";
    UPSERT = "INSERT" "users",
        "INSERT INTO users (id, name, dms, created_at) VALUES ($1, $2, 'open', $3) \
         ON CONFLICT (id) DO UPDATE SET name = $2";
    SEEN = "UPDATE" "users", "UPDATE users SET memberships_seen_at = $2 WHERE id = $1";
    SET_DM_CHANNEL = "INSERT" "users",
        "INSERT INTO users (id, name, dm_channel, dms, created_at) VALUES ($1, '', $2, 'open', $3) \
         ON CONFLICT (id) DO UPDATE SET dm_channel = $2, dms = 'open'";
    CLOSE_DMS = "INSERT" "users",
        "INSERT INTO users (id, name, dms, created_at) VALUES ($1, '', 'closed', $2) \
         ON CONFLICT (id) DO UPDATE SET dms = 'closed'";
}

/// Somebody on Discord.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their name; empty while only their id is known.
    pub name: String,
    /// The channel of our DMs with them, once opened.
    pub dm_channel: Option<ChannelId>,
    /// Whether Discord last said that they take no DMs from us.
    pub dms_closed: bool,
    /// When Discord was asked in which guilds they are.
    pub memberships_seen_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct UserRow {
    id: i64,
    name: String,
    dm_channel: Option<i64>,
    dms: String,
    memberships_seen_at: Option<At>,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: UserId::new(row.id.cast_unsigned()),
            name: row.name,
            dm_channel: row.dm_channel.map(|id| ChannelId::new(id.cast_unsigned())),
            dms_closed: row.dms == "closed",
            memberships_seen_at: row.memberships_seen_at.map(Into::into),
        }
    }
}

/// Somebody whom we know.
///
/// # Errors
/// When the database fails.
pub async fn find(tx: &mut Tx, id: UserId) -> Result<Option<User>, StoreError> {
    Ok(fetch_optional!(tx, &FIND => UserRow, [id.get().cast_signed()])?.map(User::from))
}

/// Writes somebody's name.
///
/// # Errors
/// When the database fails.
pub async fn upsert(tx: &mut Tx, id: UserId, name: &str, now: Timestamp) -> Result<(), StoreError> {
    execute!(tx, &UPSERT, [id.get().cast_signed(), name, At(now)])?;
    Ok(())
}

/// Notes that Discord was asked for somebody's memberships.
///
/// # Errors
/// When the database fails.
pub async fn memberships_seen(tx: &mut Tx, id: UserId, now: Timestamp) -> Result<(), StoreError> {
    execute!(tx, &SEEN, [id.get().cast_signed(), At(now)])?;
    Ok(())
}

/// Keeps the channel of our DMs with somebody.
///
/// # Errors
/// When the database fails.
pub async fn set_dm_channel(
    tx: &mut Tx,
    id: UserId,
    channel: ChannelId,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(tx, &SET_DM_CHANNEL, [id.get().cast_signed(), channel.get().cast_signed(), At(now)])?;
    Ok(())
}

/// Notes that somebody takes no DMs from us.
///
/// # Errors
/// When the database fails.
pub async fn close_dms(tx: &mut Tx, id: UserId, now: Timestamp) -> Result<(), StoreError> {
    execute!(tx, &CLOSE_DMS, [id.get().cast_signed(), At(now)])?;
    Ok(())
}
