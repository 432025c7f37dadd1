use crate::{GuildId, RoleId, UserId};
use jiff::Timestamp;

/// A guild that the bot is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guild {
    /// Its id.
    pub id: GuildId,
    /// Its name.
    pub name: String,
    /// Who owns it and so holds every permission.
    pub owner: UserId,
    /// IANA time zone.
    pub zone: String,
    /// Roles whose holders are managers.
    pub manager_roles: Vec<RoleId>,
    /// Its roles, @everyone among them.
    pub roles: Vec<GuildRole>,
    /// When the bot was removed from it; a removed guild is frozen at once.
    pub removed_at: Option<Timestamp>,
}

/// A role of a guild.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct GuildRole {
    /// Its id.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    /// Discord's permission bits.
    pub permissions: u64,
}

/// Somebody's membership in a guild, as Discord told it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Membership {
    /// The guild.
    pub guild: GuildId,
    /// Who.
    pub user: UserId,
    /// The name shown in that guild.
    pub name: String,
    /// The roles they hold, without @everyone.
    pub roles: Vec<RoleId>,
    /// When Discord told it.
    pub seen_at: Timestamp,
}
