//! Memberships, as Discord told them.

use crate::at::At;
use crate::db::{execute, fetch_all, fetch_optional};
use crate::dialect::statements;
use crate::{GuildScope, StoreError, Tx};
use domain::{GameId, GuildId, Membership, RoleId, UserId};
use sqlx::types::Json;

statements! {
    FIND = "SELECT" "members",
        "SELECT guild, user_id, name, roles, seen_at FROM members WHERE guild = $1 AND user_id = $2";
    OF_USER = "SELECT" "members",
        "SELECT guild, user_id, name, roles, seen_at FROM members WHERE user_id = $1 ORDER BY guild";
    UPSERT = "INSERT" "members",
        "INSERT INTO members (guild, user_id, name, roles, seen_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (guild, user_id) DO UPDATE SET name = $3, roles = $4, seen_at = $5 \
         WHERE members.seen_at <= $5";
    DELETE = "DELETE" "members", "DELETE FROM members WHERE guild = $1 AND user_id = $2";
    NAMES = "SELECT" "members",
        "SELECT guild, user_id, name, roles, seen_at FROM members WHERE guild = $1 AND user_id IN \
         (SELECT user_id FROM participants WHERE game = $2 AND participants.guild = $1)";
    RECIPIENTS = "SELECT" "members",
        "SELECT guild, user_id, name, roles, seen_at FROM members WHERE guild = $1 AND user_id IN \
         (SELECT user_id FROM deliveries WHERE game = $2 AND deliveries.guild = $1)";
}

#[derive(sqlx::FromRow)]
struct MemberRow {
    guild: i64,
    user_id: i64,
    name: String,
    roles: Json<Vec<RoleId>>,
    seen_at: At,
}

impl From<MemberRow> for Membership {
    fn from(row: MemberRow) -> Self {
        Self {
            guild: GuildId::new(row.guild.cast_unsigned()),
            user: UserId::new(row.user_id.cast_unsigned()),
            name: row.name,
            roles: row.roles.0,
            seen_at: row.seen_at.into(),
        }
    }
}

/// What was last heard of somebody in a guild. It takes no scope: it is what a scope is made from.
///
/// # Errors
/// When the database fails.
pub async fn find(tx: &mut Tx, guild: GuildId, user: UserId) -> Result<Option<Membership>, StoreError> {
    tx.as_person(user).await?;
    let row = fetch_optional!(
        tx, &FIND => MemberRow, [guild.get().cast_signed(), user.get().cast_signed()]
    )?;
    Ok(row.map(Membership::from))
}

/// Every membership of somebody.
///
/// # Errors
/// When the database fails.
pub async fn of_user(tx: &mut Tx, user: UserId) -> Result<Vec<Membership>, StoreError> {
    tx.as_person(user).await?;
    let rows = fetch_all!(tx, &OF_USER => MemberRow, [user.get().cast_signed()])?;
    Ok(rows.into_iter().map(Membership::from).collect())
}

/// Those on a game's roster of whom something was heard, for their names.
///
/// # Errors
/// When the database fails.
pub async fn on_roster(tx: &mut Tx, scope: GuildScope, game: GameId) -> Result<Vec<Membership>, StoreError> {
    tx.within(scope).await?;
    let rows = fetch_all!(tx, &NAMES => MemberRow, [scope.column(), game.get()])?;
    Ok(rows.into_iter().map(Membership::from).collect())
}

/// Those to whom a notice about a game goes, of whom something was heard, for their names.
///
/// # Errors
/// When the database fails.
pub async fn told_of(tx: &mut Tx, scope: GuildScope, game: GameId) -> Result<Vec<Membership>, StoreError> {
    tx.within(scope).await?;
    let rows = fetch_all!(tx, &RECIPIENTS => MemberRow, [scope.column(), game.get()])?;
    Ok(rows.into_iter().map(Membership::from).collect())
}

/// Writes what Discord told, unless something was heard later.
///
/// # Errors
/// When the database fails.
pub async fn upsert(tx: &mut Tx, member: &Membership) -> Result<(), StoreError> {
    tx.as_person(member.user).await?;
    execute!(
        tx,
        &UPSERT,
        [
            member.guild.get().cast_signed(),
            member.user.get().cast_signed(),
            &member.name,
            Json(&member.roles),
            At(member.seen_at),
        ]
    )?;
    Ok(())
}

/// Forgets somebody who is no member.
///
/// # Errors
/// When the database fails.
pub async fn delete(tx: &mut Tx, guild: GuildId, user: UserId) -> Result<(), StoreError> {
    tx.as_person(user).await?;
    execute!(tx, &DELETE, [guild.get().cast_signed(), user.get().cast_signed()])?;
    Ok(())
}
