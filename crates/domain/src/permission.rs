//! Who may do what. Every door asks these functions and no other.

use crate::{Game, Guild, Membership, RoleId, Status, Template, UserId};

/// Discord's ADMINISTRATOR permission bit (Discord documentation, "Permissions").
const ADMINISTRATOR: u64 = 1 << 3;
/// Discord's `MANAGE_GUILD` permission bit.
const MANAGE_GUILD: u64 = 1 << 5;

/// Whether a list of roles lets a member in; @everyone may stand in any list.
fn allows(list: &[RoleId], guild: &Guild, roles: &[RoleId]) -> bool {
    list.iter().any(|role| *role == guild.id.everyone() || roles.contains(role))
}

/// Whether somebody manages the guild: the owner, ADMINISTRATOR, `MANAGE_GUILD`, or a manager role.
pub fn is_manager(guild: &Guild, member: &Membership) -> bool {
    guild.owner == member.user
        || permissions(guild, &member.roles) & (ADMINISTRATOR | MANAGE_GUILD) != 0
        || allows(&guild.manager_roles, guild, &member.roles)
}

/// Discord's permission bits of a member: those of @everyone and of each role held.
fn permissions(guild: &Guild, roles: &[RoleId]) -> u64 {
    guild
        .roles
        .iter()
        .filter(|role| role.id == guild.id.everyone() || roles.contains(&role.id))
        .fold(0, |bits, role| bits | role.permissions)
}

/// Whether somebody may make games from a template: a host role, or managers.
pub fn may_host(guild: &Guild, member: &Membership, template: &Template) -> bool {
    allows(&template.terms.host_roles, guild, &member.roles) || is_manager(guild, member)
}

/// Whether somebody may edit, cancel and look behind a game: its host, or managers.
pub fn may_run(guild: &Guild, member: &Membership, game: &Game) -> bool {
    game.host == member.user || is_manager(guild, member)
}

/// Whether a member may know of a game: drafts are for its host and managers only.
pub fn may_see(guild: &Guild, member: &Membership, game: &Game) -> bool {
    game.status != Status::Draft || may_run(guild, member, game)
}

/// Whether somebody's roles let them play; a host may always take part in the own game.
pub fn may_play(game: &Game, user: UserId, roles: &[RoleId]) -> bool {
    let allowed = &game.terms.player_roles;
    game.host == user
        || allowed.is_empty()
        || allowed.iter().any(|role| *role == game.guild.everyone() || roles.contains(role))
}
