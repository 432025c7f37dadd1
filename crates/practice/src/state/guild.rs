//! The guild: its people, roles and channels.

use super::permissions::{READ_MESSAGE_HISTORY, SEND_MESSAGES, VIEW_CHANNEL};
use super::snowflake::Snowflake;
use crate::cast::{self, ChannelKind};
use serde::{Deserialize, Serialize};

/// Discord's number for a text channel.
pub(crate) const TEXT: u8 = 0;
/// Discord's number for a direct message channel.
pub(crate) const DIRECT: u8 = 1;
/// Discord's number for a category.
pub(crate) const CATEGORY: u8 = 4;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Guild {
    pub(crate) id: Snowflake,
    pub(crate) name: String,
    pub(crate) owner: Snowflake,
    pub(crate) roles: Vec<Role>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) members: Vec<Member>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) id: Snowflake,
    pub(crate) name: String,
    pub(crate) color: u32,
    pub(crate) permissions: u64,
    pub(crate) position: u16,
    pub(crate) managed: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Channel {
    pub(crate) id: Snowflake,
    pub(crate) name: String,
    pub(crate) kind: u8,
    pub(crate) topic: String,
    pub(crate) parent: Option<Snowflake>,
    pub(crate) position: u16,
    pub(crate) overwrites: Vec<Overwrite>,
}

/// Bits that a role or a member gains or loses in one channel.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Overwrite {
    pub(crate) id: Snowflake,
    pub(crate) is_member: bool,
    pub(crate) allow: u64,
    pub(crate) deny: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) id: Snowflake,
    pub(crate) name: String,
    pub(crate) global_name: String,
    pub(crate) roles: Vec<Snowflake>,
    pub(crate) is_bot: bool,
    /// Whether the bot may write to this person directly.
    pub(crate) dms_open: bool,
}

impl Guild {
    /// The guild as it is before anything happens.
    pub(crate) fn from_cast() -> Self {
        let guild = cast::guild();
        Self {
            id: Snowflake(guild.id),
            name: guild.name.to_owned(),
            owner: Snowflake(guild.owner_id),
            roles: cast::roles().iter().map(Role::from_cast).collect(),
            channels: (0..)
                .zip(cast::channels())
                .map(|(at, channel)| Channel::from_cast(channel, at))
                .collect(),
            members: cast::people().iter().map(Member::from_cast).chain([Member::bot()]).collect(),
        }
    }

    pub(crate) fn member(&self, id: Snowflake) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id)
    }

    pub(crate) fn member_mut(&mut self, id: Snowflake) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.id == id)
    }

    /// The person (never the bot) of that id, user name or display name, in any case.
    pub(crate) fn person(&self, name: &str) -> Option<&Member> {
        let name = name.trim().trim_start_matches('@');
        self.people().find(|member| {
            member.name.eq_ignore_ascii_case(name)
                || member.global_name.eq_ignore_ascii_case(name)
                || member.id.to_string() == name
        })
    }

    /// Everyone but the bot.
    pub(crate) fn people(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| !member.is_bot)
    }

    pub(crate) fn channel(&self, id: Snowflake) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.id == id)
    }

    pub(crate) fn channel_mut(&mut self, id: Snowflake) -> Option<&mut Channel> {
        self.channels.iter_mut().find(|channel| channel.id == id)
    }

    /// The text channel of that id or name; a leading `#` is fine.
    pub(crate) fn text_channel(&self, name: &str) -> Option<&Channel> {
        let name = name.trim().trim_start_matches('#');
        let named = |channel: &&Channel| {
            channel.kind == TEXT
                && (channel.name.eq_ignore_ascii_case(name) || channel.id.to_string() == name)
        };
        self.channels.iter().find(named)
    }

    /// The role of that id or name, in any case.
    pub(crate) fn role(&self, name: &str) -> Option<&Role> {
        let name = name.trim().trim_start_matches('@');
        self.roles.iter().find(|role| role.name.eq_ignore_ascii_case(name) || role.id.to_string() == name)
    }

    /// Gives or takes `bits` of one member in one channel.
    pub(crate) fn overwrite(&mut self, channel: Snowflake, member: Snowflake, bits: u64, allowed: bool) {
        let Some(channel) = self.channel_mut(channel) else { return };
        let at = channel.overwrites.iter().position(|overwrite| overwrite.id == member);
        let at = at.unwrap_or_else(|| {
            channel.overwrites.push(Overwrite { id: member, is_member: true, allow: 0, deny: 0 });
            channel.overwrites.len() - 1
        });
        let overwrite = &mut channel.overwrites[at];
        if allowed {
            overwrite.deny &= !bits;
        } else {
            overwrite.deny |= bits;
            overwrite.allow &= !bits;
        }
    }
}

impl Role {
    fn from_cast(role: &cast::Role) -> Self {
        Self {
            id: Snowflake(role.id),
            name: role.name.to_owned(),
            color: role.color,
            permissions: role.permissions,
            position: role.position,
            managed: role.id == cast::BOT_ROLE_ID,
        }
    }
}

impl Channel {
    fn from_cast(channel: &cast::Channel, position: u16) -> Self {
        let everyone =
            Overwrite { id: Snowflake(cast::GUILD_ID), is_member: false, allow: 0, deny: VIEW_CHANNEL };
        let seen_by = channel.seen_by.map(|roles| {
            let allow = VIEW_CHANNEL | SEND_MESSAGES | READ_MESSAGE_HISTORY;
            let roles = roles.iter().map(move |role| Overwrite {
                id: Snowflake(*role),
                is_member: false,
                allow,
                deny: 0,
            });
            [everyone].into_iter().chain(roles).collect()
        });
        Self {
            id: Snowflake(channel.id),
            name: channel.name.to_owned(),
            kind: match channel.kind {
                ChannelKind::Text => TEXT,
                ChannelKind::Category => CATEGORY,
            },
            topic: channel.topic.to_owned(),
            parent: channel.parent.map(Snowflake),
            position,
            overwrites: seen_by.unwrap_or_default(),
        }
    }
}

impl Member {
    fn from_cast(person: &cast::Person) -> Self {
        Self {
            id: Snowflake(person.id),
            name: person.name.to_owned(),
            global_name: person.global_name.to_owned(),
            roles: person.roles.iter().copied().map(Snowflake).collect(),
            is_bot: false,
            dms_open: true,
        }
    }

    fn bot() -> Self {
        Self {
            id: Snowflake(cast::APPLICATION_ID),
            name: "Muster".to_owned(),
            global_name: "Muster".to_owned(),
            roles: vec![Snowflake(cast::BOT_ROLE_ID)],
            is_bot: true,
            dms_open: true,
        }
    }
}
