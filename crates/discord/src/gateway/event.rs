//! What the gateway tells us, as far as we care.

use crate::interaction::Interaction;
use domain::{ChannelId, GuildId, GuildRole, MessageId, RoleId, UserId};
use serde::Deserialize;

/// Something that happened on Discord.
#[derive(Clone, Debug)]
pub enum Event {
    /// A session has begun; its guilds follow.
    Ready {
        /// Our application.
        application: u64,
        /// The guilds that the bot is in.
        guilds: Vec<GuildId>,
    },
    /// A session goes on where it was cut; nothing was missed.
    Resumed,
    /// A guild as it is: after the start, when the bot is added, and when it is back after an outage.
    GuildAvailable(Box<GuildSnapshot>),
    /// A guild's name or owner changed.
    GuildChanged {
        /// The guild.
        guild: GuildId,
        /// Its name.
        name: String,
        /// Its owner.
        owner: UserId,
    },
    /// The bot was removed from a guild.
    GuildGone(GuildId),
    /// A channel was made or changed.
    ChannelChanged(GuildId, Channel),
    /// A channel was deleted.
    ChannelGone(GuildId, ChannelId),
    /// A role was made or changed.
    RoleChanged(GuildId, GuildRole),
    /// A role was deleted.
    RoleGone(GuildId, RoleId),
    /// Messages were deleted.
    MessagesGone(ChannelId, Vec<MessageId>),
    /// Somebody pressed a button or ran a command.
    Interaction(Box<Interaction>),
}

/// A guild as the gateway tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuildSnapshot {
    /// Its id.
    pub id: GuildId,
    /// Its name.
    pub name: String,
    /// Who owns it.
    pub owner: UserId,
    /// Its roles, @everyone among them.
    pub roles: Vec<GuildRole>,
    /// Its channels.
    pub channels: Vec<Channel>,
    /// Its language, such as `en-GB`.
    pub locale: Option<String>,
}

/// A channel of a guild.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Discord's number for what it is.
    #[serde(rename = "type")]
    pub kind: u8,
    /// Its place in the list.
    #[serde(default)]
    pub position: i32,
}

/// Discord's numbers for channels of a guild that take messages: text and announcements.
const TAKES_MESSAGES: [u8; 2] = [0, 5];

impl Channel {
    /// Whether messages can be sent to it.
    pub fn takes_messages(&self) -> bool {
        TAKES_MESSAGES.contains(&self.kind)
    }
}

impl Event {
    /// Discord's name for it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ready { .. } => "READY",
            Self::Resumed => "RESUMED",
            Self::GuildAvailable(_) => "GUILD_CREATE",
            Self::GuildChanged { .. } => "GUILD_UPDATE",
            Self::GuildGone(_) => "GUILD_DELETE",
            Self::ChannelChanged(..) => "CHANNEL_UPDATE",
            Self::ChannelGone(..) => "CHANNEL_DELETE",
            Self::RoleChanged(..) => "GUILD_ROLE_UPDATE",
            Self::RoleGone(..) => "GUILD_ROLE_DELETE",
            Self::MessagesGone(..) => "MESSAGE_DELETE",
            Self::Interaction(_) => "INTERACTION_CREATE",
        }
    }

    /// The guild that it is about.
    pub fn guild(&self) -> Option<GuildId> {
        match self {
            Self::GuildAvailable(guild) => Some(guild.id),
            Self::GuildChanged { guild, .. }
            | Self::GuildGone(guild)
            | Self::ChannelChanged(guild, _)
            | Self::ChannelGone(guild, _)
            | Self::RoleChanged(guild, _)
            | Self::RoleGone(guild, _) => Some(*guild),
            Self::Interaction(interaction) => interaction.member.as_ref().map(|member| member.guild),
            Self::Ready { .. } | Self::Resumed | Self::MessagesGone(..) => None,
        }
    }
}
