//! Interactions as we work with them.

use crate::wire;
use domain::{ChannelId, GuildId, MessageId, RoleId, UserId};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use telemetry::{Personal, Secret};

/// Somebody pressed a button or ran a command.
#[derive(Clone, Debug)]
pub struct Interaction {
    /// Its id.
    pub id: u64,
    /// Our application, whose webhook takes the later answers.
    pub application: u64,
    /// Lets us answer for 15 minutes.
    pub token: Secret<String>,
    /// What was done.
    pub kind: InteractionKind,
    /// By whom.
    pub user: UserId,
    /// The name that the guild sees, or the person's own in a DM.
    pub name: Personal<String>,
    /// The guild, and what the person is there; none in a DM.
    pub member: Option<InteractionMember>,
    /// The channel.
    pub channel: Option<ChannelId>,
    /// The language of the person's client, such as `en-GB`.
    pub locale: Option<String>,
}

/// What somebody is in the guild, as Discord signs it at that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InteractionMember {
    /// The guild.
    pub guild: GuildId,
    /// The roles held, without @everyone.
    pub roles: Vec<RoleId>,
    /// Discord's permission bits in that channel.
    pub permissions: u64,
}

/// What was done.
#[derive(Clone, Debug, PartialEq)]
pub enum InteractionKind {
    /// Discord asks whether we are there.
    Ping,
    /// A slash command.
    Command {
        /// Its name with those of its subcommands: `game show`.
        name: String,
        /// What was given, by the options' names; texts, numbers or flags.
        options: BTreeMap<String, Value>,
    },
    /// A button, or another component.
    Component {
        /// What the button says.
        custom_id: String,
        /// The message that it is on.
        message: Option<MessageId>,
    },
    /// Something that we never ask for, by Discord's number for it.
    Other(u8),
}

impl InteractionKind {
    /// The word for telemetry.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Command { .. } => "command",
            Self::Component { .. } => "component",
            Self::Other(_) => "other",
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct InteractionObject {
    #[serde(deserialize_with = "wire::id")]
    id: u64,
    #[serde(deserialize_with = "wire::id")]
    application_id: u64,
    r#type: u8,
    token: Secret<String>,
    guild_id: Option<GuildId>,
    channel_id: Option<ChannelId>,
    channel: Option<wire::Identified<ChannelId>>,
    member: Option<MemberObject>,
    user: Option<wire::User>,
    data: Option<DataObject>,
    message: Option<wire::Identified<MessageId>>,
    locale: Option<String>,
}

#[derive(Deserialize)]
struct MemberObject {
    user: wire::User,
    nick: Option<String>,
    #[serde(default)]
    roles: Vec<RoleId>,
    #[serde(default, deserialize_with = "wire::id")]
    permissions: u64,
}

#[derive(Default, Deserialize)]
struct DataObject {
    #[serde(default)]
    custom_id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    options: Vec<OptionObject>,
}

#[derive(Deserialize)]
struct OptionObject {
    name: String,
    value: Option<Value>,
    #[serde(default)]
    options: Vec<OptionObject>,
}

impl InteractionObject {
    /// None when it doesn't say who did it, which Discord always does.
    pub(crate) fn into_interaction(self) -> Option<Interaction> {
        let data = self.data.unwrap_or_default();
        let kind = match self.r#type {
            1 => InteractionKind::Ping,
            2 => command(data),
            3 => InteractionKind::Component {
                custom_id: data.custom_id,
                message: self.message.map(|message| message.id),
            },
            other => InteractionKind::Other(other),
        };
        let (user, nick, member) = match (self.member, self.guild_id) {
            (Some(member), Some(guild)) => {
                let there = InteractionMember { guild, roles: member.roles, permissions: member.permissions };
                (member.user, member.nick, Some(there))
            }
            _ => (self.user?, None, None),
        };
        Some(Interaction {
            id: self.id,
            application: self.application_id,
            token: self.token,
            kind,
            user: user.id,
            name: user.shown_as(nick),
            member,
            channel: self.channel_id.or(self.channel.map(|channel| channel.id)),
            locale: self.locale,
        })
    }
}

/// Follows the subcommands down to the options that were given.
fn command(data: DataObject) -> InteractionKind {
    let mut name = data.name;
    let mut options = data.options;
    while let [only] = options.as_mut_slice()
        && only.value.is_none()
    {
        name.push(' ');
        name.push_str(&only.name);
        options = std::mem::take(&mut only.options);
    }
    let options = options.into_iter().filter_map(|option| Some((option.name, option.value?))).collect();
    InteractionKind::Command { name, options }
}
