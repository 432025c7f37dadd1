//! Guilds that the bot is in.

use crate::at::At;
use crate::db::{execute, fetch_all, fetch_optional};
use crate::dialect::statements;
use crate::{GuildScope, StoreError, Tx};
use domain::{Guild, GuildId, GuildRole, RoleId, UserId};
use jiff::Timestamp;
use sqlx::types::Json;

statements! {
    FIND = "SELECT" "guilds",
        "SELECT id, name, owner, zone, manager_roles, roles, removed_at FROM guilds WHERE id = $1";
    OF_USER = "SELECT" "guilds",
        "SELECT id, name, owner, zone, manager_roles, roles, removed_at FROM guilds \
         WHERE removed_at IS NULL AND id IN (SELECT guild FROM members WHERE user_id = $1) ORDER BY name, id";
    KNOWN = "SELECT" "guilds", "SELECT id FROM guilds WHERE id = $1 AND removed_at IS NULL";
    IDS = "SELECT" "guilds", "SELECT id FROM guilds WHERE removed_at IS NULL ORDER BY id LIMIT $1";
    UPSERT = "INSERT" "guilds",
        "INSERT INTO guilds (id, name, owner, zone, manager_roles, roles, removed_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, NULL, $7) ON CONFLICT (id) DO UPDATE SET name = $2, owner = $3, \
         roles = $6, removed_at = NULL, updated_at = $7";
    SET_ROLES = "UPDATE" "guilds", "UPDATE guilds SET roles = $2, updated_at = $3 WHERE id = $1";
    REMOVE = "UPDATE" "guilds", "UPDATE guilds SET removed_at = $2, updated_at = $2 WHERE id = $1";
}

#[derive(sqlx::FromRow)]
struct GuildRow {
    id: i64,
    name: String,
    owner: i64,
    zone: String,
    manager_roles: Json<Vec<RoleId>>,
    roles: Json<Vec<GuildRole>>,
    removed_at: Option<At>,
}

impl From<GuildRow> for Guild {
    fn from(row: GuildRow) -> Self {
        Self {
            id: GuildId::new(row.id.cast_unsigned()),
            name: row.name,
            owner: UserId::new(row.owner.cast_unsigned()),
            zone: row.zone,
            manager_roles: row.manager_roles.0,
            roles: row.roles.0,
            removed_at: row.removed_at.map(Into::into),
        }
    }
}

#[derive(sqlx::FromRow)]
struct IdColumn {
    id: i64,
}

/// The guild itself, also when it was removed.
///
/// # Errors
/// When the database fails.
pub async fn find(tx: &mut Tx, scope: GuildScope) -> Result<Option<Guild>, StoreError> {
    tx.within(scope).await?;
    Ok(fetch_optional!(tx, &FIND => GuildRow, [scope.column()])?.map(Guild::from))
}

/// The guilds that somebody is a member of, as far as has been heard.
///
/// # Errors
/// When the database fails.
pub async fn of_user(tx: &mut Tx, user: UserId) -> Result<Vec<Guild>, StoreError> {
    tx.as_viewer(user).await?;
    let rows = fetch_all!(tx, &OF_USER => GuildRow, [user.get().cast_signed()])?;
    Ok(rows.into_iter().map(Guild::from).collect())
}

/// Whether the bot is in a guild. It takes no scope: it is asked before anybody's right can be.
///
/// # Errors
/// When the database fails.
pub async fn is_known(tx: &mut Tx, id: GuildId) -> Result<bool, StoreError> {
    tx.as_work().await?;
    Ok(fetch_optional!(tx, &KNOWN => IdColumn, [id.get().cast_signed()])?.is_some())
}

/// The ids of the guilds that the bot is in, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn ids(tx: &mut Tx, limit: u32) -> Result<Vec<GuildId>, StoreError> {
    tx.as_work().await?;
    let rows = fetch_all!(tx, &IDS => IdColumn, [i64::from(limit)])?;
    Ok(rows.into_iter().map(|row| GuildId::new(row.id.cast_unsigned())).collect())
}

/// Writes what the gateway tells of a guild; its own settings stay, and it is no longer removed.
///
/// # Errors
/// When the database fails.
pub async fn upsert(tx: &mut Tx, guild: &Guild, now: Timestamp) -> Result<(), StoreError> {
    tx.within(GuildScope::new(guild.id)).await?;
    execute!(
        tx,
        &UPSERT,
        [
            guild.id.get().cast_signed(),
            &guild.name,
            guild.owner.get().cast_signed(),
            &guild.zone,
            Json(&guild.manager_roles),
            Json(&guild.roles),
            At(now),
        ]
    )?;
    Ok(())
}

/// Writes a guild's roles.
///
/// # Errors
/// When the database fails.
pub async fn set_roles(
    tx: &mut Tx,
    scope: GuildScope,
    roles: &[GuildRole],
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.within(scope).await?;
    execute!(tx, &SET_ROLES, [scope.column(), Json(roles), At(now)])?;
    Ok(())
}

/// Freezes a guild that the bot was removed from.
///
/// # Errors
/// When the database fails.
pub async fn remove(tx: &mut Tx, scope: GuildScope, now: Timestamp) -> Result<(), StoreError> {
    tx.within(scope).await?;
    execute!(tx, &REMOVE, [scope.column(), At(now)])?;
    Ok(())
}
