//! Reading events from what the gateway sends.

use super::event::{Channel, Event, GuildSnapshot};
use crate::interaction::InteractionObject;
use crate::wire::{self, Identified};
use domain::{ChannelId, GuildId, GuildRole, MessageId, RoleId, UserId};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// An event of a kind that we know, in a shape that we don't.
#[derive(Debug, thiserror::Error)]
#[error("the gateway's {event} could not be read")]
pub struct UnreadableEvent {
    /// Discord's name for it, or `?`.
    pub event: String,
    /// What was wrong. It names fields, not what was in them.
    #[source]
    pub source: serde_json::Error,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    op: u8,
    #[serde(borrow)]
    t: Option<Cow<'a, str>>,
    #[serde(borrow)]
    d: Option<&'a RawValue>,
}

/// Reads what the gateway sent; none for what we don't care about.
///
/// # Errors
/// A kind that we know in a shape that we don't.
pub fn read(text: &str) -> Result<Option<Event>, UnreadableEvent> {
    let unreadable = |event: &str| {
        let event = event.to_owned();
        move |source| UnreadableEvent { event, source }
    };
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(unreadable("?"))?;
    match (envelope.op, envelope.t, envelope.d) {
        (0, Some(name), Some(data)) => dispatch(&name, data.get()).map_err(unreadable(&name)),
        _ => Ok(None),
    }
}

fn dispatch(name: &str, data: &str) -> Result<Option<Event>, serde_json::Error> {
    Ok(match name {
        "READY" => Some(from::<Ready>(data)?.into()),
        "RESUMED" => Some(Event::Resumed),
        "GUILD_CREATE" => guild_create(data)?,
        "GUILD_UPDATE" => Some(from::<GuildUpdate>(data)?.into()),
        "GUILD_DELETE" => guild_delete(data)?,
        "CHANNEL_CREATE" | "CHANNEL_UPDATE" => {
            let of: OfGuild = from(data)?;
            Some(Event::ChannelChanged(of.guild_id, from(data)?))
        }
        "CHANNEL_DELETE" => {
            let of: OfGuild = from(data)?;
            Some(Event::ChannelGone(of.guild_id, from::<Identified<ChannelId>>(data)?.id))
        }
        "GUILD_ROLE_CREATE" | "GUILD_ROLE_UPDATE" => {
            let update: RoleUpdate = from(data)?;
            Some(Event::RoleChanged(update.guild_id, update.role.into()))
        }
        "GUILD_ROLE_DELETE" => {
            let gone: RoleDelete = from(data)?;
            Some(Event::RoleGone(gone.guild_id, gone.role_id))
        }
        "MESSAGE_DELETE" | "MESSAGE_DELETE_BULK" => Some(from::<MessageDelete>(data)?.into()),
        "INTERACTION_CREATE" => from::<InteractionObject>(data)?
            .into_interaction()
            .map(|interaction| Event::Interaction(Box::new(interaction))),
        _ => None,
    })
}

fn from<'de, T: Deserialize<'de>>(data: &'de str) -> Result<T, serde_json::Error> {
    serde_json::from_str(data)
}

/// A guild that is down says so and nothing else; it comes again.
fn guild_create(data: &str) -> Result<Option<Event>, serde_json::Error> {
    if from::<Availability>(data)?.unavailable {
        return Ok(None);
    }
    let guild: GuildCreate = from(data)?;
    Ok(Some(Event::GuildAvailable(Box::new(guild.into()))))
}

/// A guild that is down is deleted with `unavailable`; without it the bot was removed.
fn guild_delete(data: &str) -> Result<Option<Event>, serde_json::Error> {
    let id = from::<Identified<GuildId>>(data)?.id;
    Ok((!from::<Availability>(data)?.unavailable).then_some(Event::GuildGone(id)))
}

#[derive(Deserialize)]
struct Availability {
    #[serde(default)]
    unavailable: bool,
}

#[derive(Deserialize)]
struct OfGuild {
    guild_id: GuildId,
}

#[derive(Deserialize)]
struct Ready {
    application: ReadyApplication,
    guilds: Vec<Identified<GuildId>>,
}

#[derive(Deserialize)]
struct ReadyApplication {
    #[serde(deserialize_with = "wire::id")]
    id: u64,
}

impl From<Ready> for Event {
    fn from(ready: Ready) -> Self {
        let guilds = ready.guilds.into_iter().map(|guild| guild.id).collect();
        Self::Ready { application: ready.application.id, guilds }
    }
}

#[derive(Deserialize)]
struct GuildCreate {
    id: GuildId,
    name: String,
    owner_id: UserId,
    roles: Vec<RoleObject>,
    channels: Vec<Channel>,
    preferred_locale: Option<String>,
}

#[derive(Deserialize)]
struct RoleObject {
    id: RoleId,
    name: String,
    #[serde(deserialize_with = "wire::id")]
    permissions: u64,
}

impl From<RoleObject> for GuildRole {
    fn from(role: RoleObject) -> Self {
        Self { id: role.id, name: role.name, permissions: role.permissions }
    }
}

impl From<GuildCreate> for GuildSnapshot {
    fn from(guild: GuildCreate) -> Self {
        Self {
            id: guild.id,
            name: guild.name,
            owner: guild.owner_id,
            roles: guild.roles.into_iter().map(Into::into).collect(),
            channels: guild.channels,
            locale: guild.preferred_locale,
        }
    }
}

#[derive(Deserialize)]
struct GuildUpdate {
    id: GuildId,
    name: String,
    owner_id: UserId,
}

impl From<GuildUpdate> for Event {
    fn from(update: GuildUpdate) -> Self {
        Self::GuildChanged { guild: update.id, name: update.name, owner: update.owner_id }
    }
}

#[derive(Deserialize)]
struct RoleUpdate {
    guild_id: GuildId,
    role: RoleObject,
}

#[derive(Deserialize)]
struct RoleDelete {
    guild_id: GuildId,
    role_id: RoleId,
}

#[derive(Deserialize)]
struct MessageDelete {
    channel_id: ChannelId,
    id: Option<MessageId>,
    #[serde(default)]
    ids: Vec<MessageId>,
}

impl From<MessageDelete> for Event {
    fn from(gone: MessageDelete) -> Self {
        let mut ids = gone.ids;
        ids.extend(gone.id);
        Self::MessagesGone(gone.channel_id, ids)
    }
}

#[cfg(test)]
mod tests;
