use discord::GuildSnapshot;
use domain::{ChannelId, GuildId, GuildRole, RoleId, UserId};
use practice::cast;

/// The practice guild.
pub const GUILD: GuildId = GuildId::new(cast::GUILD_ID);

/// Discord's type of a text channel.
const TEXT: u8 = 0;
/// Discord's type of a category.
const CATEGORY: u8 = 4;

/// One of the practice guild's people.
///
/// # Panics
/// When nobody is called that.
pub fn person(name: &str) -> UserId {
    UserId::new(cast::find_person(name).unwrap_or_else(|| panic!("nobody is called {name}")).id)
}

/// The practice guild as the gateway tells of it.
pub fn snapshot() -> GuildSnapshot {
    let guild = cast::guild();
    let role = |role: &cast::Role| GuildRole {
        id: RoleId::new(role.id),
        name: role.name.to_owned(),
        permissions: role.permissions,
    };
    let channel = |channel: &cast::Channel| discord::Channel {
        id: ChannelId::new(channel.id),
        name: channel.name.to_owned(),
        kind: if channel.kind == cast::ChannelKind::Category { CATEGORY } else { TEXT },
        position: 0,
    };
    GuildSnapshot {
        id: GUILD,
        name: guild.name.to_owned(),
        owner: UserId::new(guild.owner_id),
        roles: cast::roles().iter().map(role).collect(),
        channels: cast::channels().iter().map(channel).collect(),
        locale: None,
    }
}
