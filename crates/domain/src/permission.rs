//! Who may do what. Every door asks these functions and no other.

use crate::{Game, Guild, GuildId, Membership, RoleId, Status, Template, UserId};

/// Discord's ADMINISTRATOR permission bit (Discord documentation, "Permissions").
const ADMINISTRATOR: u64 = 1 << 3;
/// Discord's `MANAGE_GUILD` permission bit.
const MANAGE_GUILD: u64 = 1 << 5;

/// Whether a list of roles lets somebody in; every member holds @everyone, so it may stand in any list.
fn allows(list: &[RoleId], guild: GuildId, roles: &[RoleId]) -> bool {
    list.iter().any(|role| holds(roles, *role, guild))
}

/// Whether a member whose `roles` come without @everyone holds `role`.
pub(crate) fn holds(roles: &[RoleId], role: RoleId, guild: GuildId) -> bool {
    role == guild.everyone() || roles.contains(&role)
}

/// Whether somebody manages the guild: the owner, ADMINISTRATOR, `MANAGE_GUILD`, or a manager role.
pub fn is_manager(guild: &Guild, member: &Membership) -> bool {
    guild.owner == member.user
        || permissions(guild, &member.roles) & (ADMINISTRATOR | MANAGE_GUILD) != 0
        || allows(&guild.manager_roles, guild.id, &member.roles)
}

/// Discord's permission bits of a member: those of @everyone and of each role held.
fn permissions(guild: &Guild, roles: &[RoleId]) -> u64 {
    guild
        .roles
        .iter()
        .filter(|role| holds(roles, role.id, guild.id))
        .fold(0, |bits, role| bits | role.permissions)
}

/// Whether somebody may make games from a template: a host role, or managers.
pub fn may_host(guild: &Guild, member: &Membership, template: &Template) -> bool {
    allows(&template.terms.host_roles, guild.id, &member.roles) || is_manager(guild, member)
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
    game.host == user || allowed.is_empty() || allows(allowed, game.guild, roles)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{
        ADMIN, GUILD, HOST, KEEPER, MODERATOR, OWNER, PLAYER, RAIDER, game, guild, member, template,
    };

    fn marks(answers: [bool; 5]) -> String {
        answers.map(|yes| if yes { "yes" } else { "-" }.to_owned()).map(|mark| format!("{mark:8}")).concat()
    }

    /// Raiders host and play; one row for each kind of person.
    #[test]
    fn who_may_do_what() {
        let guild = guild();
        let mut template = template();
        template.terms.host_roles = vec![RAIDER];
        let mut game = game();
        game.terms.player_roles = vec![RAIDER];
        let draft = Game { status: Status::Draft, ..game.clone() };
        let rows = [
            ("owner", member(OWNER, &[])),
            ("admin", member(PLAYER, &[ADMIN])),
            ("manage guild", member(PLAYER, &[MODERATOR])),
            ("manager role", member(PLAYER, &[KEEPER])),
            ("raider", member(PLAYER, &[RAIDER])),
            ("host", member(HOST, &[])),
            ("member", member(PLAYER, &[])),
        ]
        .map(|(name, who)| {
            let answers = marks([
                is_manager(&guild, &who),
                may_host(&guild, &who, &template),
                may_run(&guild, &who, &game),
                may_see(&guild, &who, &draft),
                may_play(&game, who.user, &who.roles),
            ]);
            format!("{name:14}{answers}").trim_end().to_owned()
        });
        insta::assert_snapshot!(format!("              manage  host    run     draft   play\n{}", rows.join("\n")), @r"
                      manage  host    run     draft   play
        owner         yes     yes     yes     yes     -
        admin         yes     yes     yes     yes     -
        manage guild  yes     yes     yes     yes     -
        manager role  yes     yes     yes     yes     -
        raider        -       yes     -       -       yes
        host          -       -       yes     yes     yes
        member        -       -       -       -       -
        ");
    }

    #[test]
    fn everyone_may_stand_in_any_list() {
        let everyone = GUILD.everyone();
        let nobody = member(PLAYER, &[]);
        let (mut guild, mut template, mut game) = (guild(), template(), game());

        assert!(!may_host(&guild, &nobody, &template), "an empty list is for managers only");
        template.terms.host_roles = vec![everyone];
        assert!(may_host(&guild, &nobody, &template));

        game.terms.player_roles = vec![RAIDER, everyone];
        assert!(may_play(&game, PLAYER, &[]));

        assert!(!is_manager(&guild, &nobody));
        guild.manager_roles = vec![everyone];
        assert!(is_manager(&guild, &nobody));
    }

    #[test]
    fn everyone_passes_its_permissions_on() {
        let mut guild = guild();
        guild.roles[0].permissions = MANAGE_GUILD;
        assert!(is_manager(&guild, &member(PLAYER, &[])));
    }

    #[test]
    fn a_role_that_is_not_held_gives_nothing() {
        assert!(!is_manager(&guild(), &member(PLAYER, &[RAIDER, RoleId::new(999)])));
    }

    #[test]
    fn only_drafts_are_hidden() {
        for status in Status::ALL {
            let game = Game { status, ..game() };
            assert_eq!(may_see(&guild(), &member(PLAYER, &[]), &game), status != Status::Draft, "{status}");
        }
    }

    #[test]
    fn a_game_without_player_roles_is_for_all() {
        assert!(may_play(&game(), PLAYER, &[]));
    }
}
