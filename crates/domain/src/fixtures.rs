//! The small world of the unit tests: one guild, one template, one game.

use crate::{
    ChannelId, Game, GameId, Guild, GuildId, GuildRole, Membership, Participant, ParticipantId,
    PositionClass, RoleId, Status, Template, TemplateId, UserId, Who,
};
use jiff::Timestamp;
use uuid::Uuid;

pub(crate) const GUILD: GuildId = GuildId::new(100);
pub(crate) const CHANNEL: ChannelId = ChannelId::new(200);
pub(crate) const OWNER: UserId = UserId::new(1);
pub(crate) const HOST: UserId = UserId::new(2);
pub(crate) const PLAYER: UserId = UserId::new(3);

pub(crate) const ADMIN: RoleId = RoleId::new(301);
pub(crate) const MODERATOR: RoleId = RoleId::new(302);
pub(crate) const KEEPER: RoleId = RoleId::new(303);
pub(crate) const RAIDER: RoleId = RoleId::new(304);

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Owned by [`OWNER`]; ADMIN holds ADMINISTRATOR, MODERATOR `MANAGE_GUILD`, KEEPER is a manager role and
/// RAIDER is nothing.
pub(crate) fn guild() -> Guild {
    let role = |id, name: &str, permissions| GuildRole { id, name: name.to_owned(), permissions };
    Guild {
        id: GUILD,
        name: "The Lantern".to_owned(),
        owner: OWNER,
        zone: "Europe/Berlin".to_owned(),
        manager_roles: vec![KEEPER],
        roles: vec![
            role(GUILD.everyone(), "@everyone", 1 << 10),
            role(ADMIN, "Admin", 1 << 3),
            role(MODERATOR, "Moderator", 1 << 5),
            role(KEEPER, "Keeper", 0),
            role(RAIDER, "Raider", 1 << 11),
        ],
        removed_at: None,
    }
}

pub(crate) fn member(user: UserId, roles: &[RoleId]) -> Membership {
    Membership {
        guild: GUILD,
        user,
        name: String::new(),
        roles: roles.to_vec(),
        seen_at: Timestamp::UNIX_EPOCH,
    }
}

pub(crate) fn template() -> Template {
    Template::first(TemplateId::new(Uuid::from_u128(1)), GUILD, CHANNEL)
}

/// Scheduled for eight in the evening, for an hour, with reminders an hour and a quarter before.
pub(crate) fn game() -> Game {
    Game {
        id: GameId::new(Uuid::from_u128(7)),
        guild: GUILD,
        template: template().id,
        host: HOST,
        title: "Lost Mine".to_owned(),
        description: String::new(),
        start: at("2026-11-22T20:00:00Z"),
        zone: "Europe/Berlin".to_owned(),
        terms: template().terms,
        status: Status::Scheduled,
        post_at: None,
        completed_at: None,
        version: 1,
        created_at: at("2026-11-20T12:00:00Z"),
    }
}

/// Somebody's place, taken `second` seconds after the game was made.
pub(crate) fn place(who: Who, class: PositionClass, position: u32, second: i64) -> Participant {
    let joined_at = game().created_at + jiff::SignedDuration::from_secs(second);
    let id = ParticipantId::new(Uuid::from_u128(u128::from(second.unsigned_abs())));
    Participant { id, who, class, position, joined_at }
}

/// The place of somebody who joined.
pub(crate) fn joined(user: u64, second: i64) -> Participant {
    place(Who::User(UserId::new(user)), PositionClass::SelfJoined, 0, second)
}
