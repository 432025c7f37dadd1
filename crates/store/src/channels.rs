//! Channels of guilds.

use crate::at::At;
use crate::db::{execute, fetch_all};
use crate::dialect::statements;
use crate::{GuildScope, StoreError, Tx};
use domain::ChannelId;
use jiff::Timestamp;

statements! {
    OF_GUILD = "SELECT" "channels",
        "SELECT id, name, kind, position, forbidden_since FROM channels WHERE guild = $1 \
         ORDER BY position, id";
    UPSERT = "INSERT" "channels",
        "INSERT INTO channels (id, guild, name, kind, position) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (id) DO UPDATE SET name = $3, kind = $4, position = $5, forbidden_since = NULL \
         WHERE channels.guild = $2";
    DELETE = "DELETE" "channels", "DELETE FROM channels WHERE id = $1 AND guild = $2";
    FORBID = "UPDATE" "channels",
        "UPDATE channels SET forbidden_since = $3 WHERE id = $1 AND guild = $2 AND forbidden_since IS NULL";
}

/// A channel as Discord told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// Its name.
    pub name: String,
    /// Discord's channel type.
    pub kind: u8,
    /// Its place in the list.
    pub position: i64,
    /// Since when the bot is known not to be allowed to write there.
    pub forbidden_since: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct ChannelRow {
    id: i64,
    name: String,
    kind: i64,
    position: i64,
    forbidden_since: Option<At>,
}

impl From<ChannelRow> for Channel {
    fn from(row: ChannelRow) -> Self {
        Self {
            id: ChannelId::new(row.id.cast_unsigned()),
            name: row.name,
            kind: u8::try_from(row.kind).unwrap_or(u8::MAX),
            position: row.position,
            forbidden_since: row.forbidden_since.map(Into::into),
        }
    }
}

/// The channels of a guild in their order.
///
/// # Errors
/// When the database fails.
pub async fn of_guild(tx: &mut Tx, scope: GuildScope) -> Result<Vec<Channel>, StoreError> {
    tx.within(scope).await?;
    let rows = fetch_all!(tx, &OF_GUILD => ChannelRow, [scope.column()])?;
    Ok(rows.into_iter().map(Channel::from).collect())
}

/// Writes a channel; whether the bot may write there is open again.
///
/// # Errors
/// When the database fails.
pub async fn upsert(tx: &mut Tx, scope: GuildScope, channel: &Channel) -> Result<(), StoreError> {
    tx.within(scope).await?;
    execute!(
        tx,
        &UPSERT,
        [
            channel.id.get().cast_signed(),
            scope.column(),
            &channel.name,
            i64::from(channel.kind),
            channel.position,
        ]
    )?;
    Ok(())
}

/// Forgets a channel.
///
/// # Errors
/// When the database fails.
pub async fn delete(tx: &mut Tx, scope: GuildScope, id: ChannelId) -> Result<(), StoreError> {
    tx.within(scope).await?;
    execute!(tx, &DELETE, [id.get().cast_signed(), scope.column()])?;
    Ok(())
}

/// Marks a channel as one that the bot may not write to.
///
/// # Errors
/// When the database fails.
pub async fn forbid(tx: &mut Tx, scope: GuildScope, id: ChannelId, now: Timestamp) -> Result<(), StoreError> {
    tx.within(scope).await?;
    execute!(tx, &FORBID, [id.get().cast_signed(), scope.column(), At(now)])?;
    Ok(())
}
