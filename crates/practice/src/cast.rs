//! The practice guild: its people, roles and channels, each with an id that never changes.
//!
//! Everything here is a constant, so that a name can be resolved to an id without a running server.

/// A made-up member of the practice guild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// Discord id (snowflake).
    pub id: u64,
    /// Discord user name, lower case.
    pub name: &'static str,
    /// Display name.
    pub global_name: &'static str,
    /// Ids of the roles that the person starts with, without @everyone.
    pub roles: &'static [u64],
    /// Whether the person owns the guild.
    pub is_owner: bool,
}

/// The practice guild itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guild {
    /// Discord id (snowflake); also the id of the @everyone role.
    pub id: u64,
    /// The guild's name.
    pub name: &'static str,
    /// Id of the person who owns it.
    pub owner_id: u64,
}

/// A role of the practice guild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    /// Discord id (snowflake).
    pub id: u64,
    /// The role's name.
    pub name: &'static str,
    /// Colour as 0xRRGGBB; zero means none.
    pub color: u32,
    /// Permission bits.
    pub permissions: u64,
    /// Place in the list, higher is mightier.
    pub position: u16,
}

/// What a channel holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    /// Messages.
    Text,
    /// Other channels.
    Category,
}

/// A channel of the practice guild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Discord id (snowflake).
    pub id: u64,
    /// The channel's name, without `#`.
    pub name: &'static str,
    /// What it holds.
    pub kind: ChannelKind,
    /// What it is for.
    pub topic: &'static str,
    /// The category that it stands in.
    pub parent: Option<u64>,
    /// Who sees it, when that isn't everyone.
    pub seen_by: Option<&'static [u64]>,
}

/// Id of the practice guild and of its @everyone role.
pub const GUILD_ID: u64 = 1_200_000_000_000_000_000;
/// Id of the role "Manager", which holds `MANAGE_GUILD`.
pub const MANAGER_ROLE_ID: u64 = 1_200_000_000_000_000_101;
/// Id of the role "Host".
pub const HOST_ROLE_ID: u64 = 1_200_000_000_000_000_102;
/// Id of the role "Player".
pub const PLAYER_ROLE_ID: u64 = 1_200_000_000_000_000_103;
/// Id of the role "Veteran".
pub const VETERAN_ROLE_ID: u64 = 1_200_000_000_000_000_104;
/// Id of the bot's own managed role.
pub const BOT_ROLE_ID: u64 = 1_200_000_000_000_000_109;
/// Id of the category "Community".
pub const COMMUNITY_CATEGORY_ID: u64 = 1_200_000_000_000_000_200;
/// Id of #general.
pub const GENERAL_CHANNEL_ID: u64 = 1_200_000_000_000_000_201;
/// Id of #announcements.
pub const ANNOUNCEMENTS_CHANNEL_ID: u64 = 1_200_000_000_000_000_202;
/// Id of #games.
pub const GAMES_CHANNEL_ID: u64 = 1_200_000_000_000_000_203;
/// Id of #archive.
pub const ARCHIVE_CHANNEL_ID: u64 = 1_200_000_000_000_000_204;
/// Id of #staff, which managers see and the bot doesn't.
pub const STAFF_CHANNEL_ID: u64 = 1_200_000_000_000_000_205;
/// Id of the bot's application, which is also the bot's user id.
pub const APPLICATION_ID: u64 = 1_200_000_000_000_000_400;

const VIEW_AND_TALK: u64 = (1 << 6) // ADD_REACTIONS
    | (1 << 10) // VIEW_CHANNEL
    | (1 << 11) // SEND_MESSAGES
    | (1 << 14) // EMBED_LINKS
    | (1 << 15) // ATTACH_FILES
    | (1 << 16) // READ_MESSAGE_HISTORY
    | (1 << 18) // USE_EXTERNAL_EMOJIS
    | (1 << 31); // USE_APPLICATION_COMMANDS
const MANAGE_GUILD: u64 = 1 << 5;
const MANAGE_MESSAGES: u64 = 1 << 13;
const MENTION_EVERYONE: u64 = 1 << 17;

const GUILD: Guild = Guild { id: GUILD_ID, name: "Practice Guild", owner_id: PEOPLE[0].id };

const ROLES: [Role; 6] = [
    role(GUILD_ID, "@everyone", 0, VIEW_AND_TALK, 0),
    role(VETERAN_ROLE_ID, "Veteran", 0x00B8_860B, 0, 1),
    role(PLAYER_ROLE_ID, "Player", 0x002E_8B57, 0, 2),
    role(HOST_ROLE_ID, "Host", 0x0041_69E1, 0, 3),
    role(MANAGER_ROLE_ID, "Manager", 0x00C0_392B, MANAGE_GUILD | MANAGE_MESSAGES, 4),
    role(BOT_ROLE_ID, "Muster", 0x0058_65F2, VIEW_AND_TALK | MENTION_EVERYONE, 5),
];

const CHANNELS: [Channel; 6] = [
    Channel {
        id: COMMUNITY_CATEGORY_ID,
        name: "Community",
        kind: ChannelKind::Category,
        topic: "",
        parent: None,
        seen_by: None,
    },
    text(GENERAL_CHANNEL_ID, "general", "Talk about anything"),
    text(ANNOUNCEMENTS_CHANNEL_ID, "announcements", "What is coming up"),
    text(GAMES_CHANNEL_ID, "games", "Tables that look for players"),
    text(ARCHIVE_CHANNEL_ID, "archive", "Games that are over"),
    Channel {
        seen_by: Some(&[MANAGER_ROLE_ID]),
        ..text(STAFF_CHANNEL_ID, "staff", "Managers only; the bot can't see it")
    },
];

const PEOPLE: [Person; 8] = [
    Person { is_owner: true, ..person(301, "ada", "Ada", &[MANAGER_ROLE_ID, HOST_ROLE_ID]) },
    person(302, "bruno", "Bruno", &[HOST_ROLE_ID, PLAYER_ROLE_ID]),
    person(303, "chidi", "Chidi", &[MANAGER_ROLE_ID, PLAYER_ROLE_ID]),
    person(304, "dana", "Dana", &[PLAYER_ROLE_ID, VETERAN_ROLE_ID]),
    person(305, "emre", "Emre", &[PLAYER_ROLE_ID]),
    person(306, "freya", "Freya", &[PLAYER_ROLE_ID, VETERAN_ROLE_ID]),
    person(307, "goro", "Goro", &[PLAYER_ROLE_ID]),
    person(308, "hana", "Hana", &[]),
];

const fn role(id: u64, name: &'static str, color: u32, permissions: u64, position: u16) -> Role {
    Role { id, name, color, permissions, position }
}

const fn text(id: u64, name: &'static str, topic: &'static str) -> Channel {
    let parent = Some(COMMUNITY_CATEGORY_ID);
    Channel { id, name, kind: ChannelKind::Text, topic, parent, seen_by: None }
}

const fn person(number: u64, name: &'static str, global_name: &'static str, roles: &'static [u64]) -> Person {
    Person { id: GUILD_ID + number, name, global_name, roles, is_owner: false }
}

/// The practice guild.
pub fn guild() -> &'static Guild {
    &GUILD
}

/// Its roles, from the lowest (@everyone) to the highest.
pub fn roles() -> &'static [Role] {
    &ROLES
}

/// Its channels, in the order in which they are shown; the category comes first.
pub fn channels() -> &'static [Channel] {
    &CHANNELS
}

/// Its people, in alphabetical order.
pub fn people() -> &'static [Person] {
    &PEOPLE
}

/// The person of that user name or display name, in any case.
pub fn find_person(name: &str) -> Option<&'static Person> {
    let name = name.trim();
    people().iter().find(|person| {
        person.name.eq_ignore_ascii_case(name) || person.global_name.eq_ignore_ascii_case(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_found_by_name_in_any_case() {
        assert_eq!(find_person("ADA").map(|person| person.id), Some(GUILD_ID + 301));
        assert_eq!(find_person(" goro ").map(|person| person.global_name), Some("Goro"));
        assert_eq!(find_person("nobody"), None);
    }

    #[test]
    fn every_role_that_a_person_holds_exists_and_one_person_owns_the_guild() {
        for role in people().iter().flat_map(|person| person.roles) {
            assert!(roles().iter().any(|known| known.id == *role), "{role}");
        }
        let owners: Vec<u64> =
            people().iter().filter(|person| person.is_owner).map(|person| person.id).collect();
        assert_eq!(owners, [guild().owner_id]);
    }
}
