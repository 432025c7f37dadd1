//! Making, changing and deleting messages.

use super::guild::{Channel, TEXT};
use super::interactions::COMMAND;
use super::mentions::{AllowedMentions, mentions_in};
use super::messages::{EPHEMERAL, LOADING, Message, Origin};
use super::permissions::{EMBED_LINKS, MANAGE_MESSAGES, SEND_MESSAGES, VIEW_CHANNEL};
use super::sessions::{Event, intents};
use super::{BOT, Note, Snowflake, World};
use crate::errors::{ApiError, Code};
use crate::validate::{self, Draft, Purpose};
use crate::wire;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// Edits of messages older than this are limited (30046).
const OLD_MESSAGE: SignedDuration = SignedDuration::from_hours(1);
/// Message flags that an edit may set.
const EDITABLE_FLAGS: u64 = 1 << 2;

/// Where messages go.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'a> {
    Guild(&'a Channel),
    /// The person at the other end.
    Direct(Snowflake),
}

/// A message about to be made.
#[derive(Debug)]
pub(crate) struct Post {
    pub(crate) channel: Snowflake,
    pub(crate) author: Snowflake,
    pub(crate) draft: Draft,
    pub(crate) only_for: Option<Snowflake>,
    pub(crate) origin: Option<Origin>,
}

impl World {
    /// The channel of that id.
    pub(crate) fn place(&self, channel: Snowflake) -> Result<Place<'_>, Code> {
        if let Some(person) = self.direct.get(&channel) {
            return Ok(Place::Direct(*person));
        }
        self.guild.channel(channel).map(Place::Guild).ok_or(Code::UnknownChannel)
    }

    /// Whether the bot sees `channel` and holds `bits` there.
    pub(crate) fn bot_may(&self, channel: Snowflake, bits: u64) -> Result<(), Code> {
        let Place::Guild(channel) = self.place(channel)? else { return Ok(()) };
        let bot = self.guild.member(BOT).ok_or(Code::MissingAccess)?;
        let held = self.guild.permissions_in(bot, channel);
        if held & VIEW_CHANNEL == 0 {
            return Err(Code::MissingAccess);
        }
        if held & bits == bits { Ok(()) } else { Err(Code::MissingPermissions) }
    }

    /// Posts a message of the bot's, as `POST /channels/{id}/messages` asks for.
    pub(crate) fn create_message(
        &mut self,
        channel: Snowflake,
        body: &Value,
        now: Timestamp,
    ) -> Result<Value, ApiError> {
        self.bot_may(channel, SEND_MESSAGES)?;
        let draft = validate::message(body, Purpose::Create, self.faults.require_allowed_mentions)?;
        match self.place(channel)? {
            Place::Guild(place) if place.kind != TEXT => return Err(Code::NonTextChannel.into()),
            Place::Guild(_) if draft.embeds.as_ref().is_some_and(|embeds| !embeds.is_empty()) => {
                self.bot_may(channel, EMBED_LINKS)?;
            }
            Place::Guild(_) => {}
            Place::Direct(person) => self.check_open(person)?,
        }
        if let Some(nonce) = draft.nonce.as_ref().filter(|_| draft.enforce_nonce)
            && let Some(message) = self.messages.with_nonce(BOT, nonce, now)
        {
            return Ok(wire::message(self, message));
        }
        let draft = Draft { flags: draft.flags & !EPHEMERAL, ..draft };
        let post = Post { channel, author: BOT, draft, only_for: None, origin: None };
        let message = self.post(post, now);
        Ok(wire::message(self, &message))
    }

    fn check_open(&self, person: Snowflake) -> Result<(), Code> {
        let open = self.guild.member(person).is_some_and(|member| member.dms_open);
        if open && !self.faults.closed_dms { Ok(()) } else { Err(Code::ClosedDirectMessages) }
    }

    /// Posts a checked message.
    pub(crate) fn post(&mut self, post: Post, now: Timestamp) -> Message {
        let Post { channel, author, draft, only_for, origin } = post;
        let content = draft.content.unwrap_or_default();
        let allowed = draft.allowed_mentions.unwrap_or_else(AllowedMentions::everything);
        let message = Message {
            id: self.ids.next(now),
            channel,
            author,
            mentions: mentions_in(&content, &allowed),
            content,
            embeds: draft.embeds.unwrap_or_default(),
            components: draft.components.unwrap_or_default(),
            flags: draft.flags,
            nonce: draft.nonce,
            created: now,
            edited: None,
            edits: 0,
            deleted: None,
            only_for,
            origin,
        };
        self.messages.insert(message.clone());
        self.notes.push(Note::Message { channel, id: message.id });
        self.tell_of("MESSAGE_CREATE", &message);
        message
    }

    /// Changes a message of the bot's, as `PATCH /channels/{id}/messages/{id}` asks for.
    pub(crate) fn edit_message(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        body: &Value,
        now: Timestamp,
    ) -> Result<Value, ApiError> {
        self.bot_may(channel, 0)?;
        let message = self.messages.get(channel, id).filter(|message| !message.is_ephemeral());
        if message.ok_or(Code::UnknownMessage)?.author != BOT {
            return Err(Code::ForeignMessage.into());
        }
        let draft = validate::message(body, Purpose::Edit, self.faults.require_allowed_mentions)?;
        let message = self.edit(channel, id, draft, now)?;
        Ok(wire::message(self, &message))
    }

    /// Whether that message is so old that Discord limits its edits.
    pub(crate) fn is_old(&self, channel: Snowflake, id: Snowflake, now: Timestamp) -> bool {
        self.messages
            .get(channel, id)
            .is_some_and(|message| now.duration_since(message.created) > OLD_MESSAGE)
    }

    /// Applies a checked change; what the draft leaves out stays as it is.
    pub(crate) fn edit(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        draft: Draft,
        now: Timestamp,
    ) -> Result<Message, ApiError> {
        let message = self.messages.get_mut(channel, id).ok_or(Code::UnknownMessage)?;
        let mut edited = message.clone();
        if let Some(content) = draft.content {
            let allowed = draft.allowed_mentions.unwrap_or_else(AllowedMentions::everything);
            edited.mentions = mentions_in(&content, &allowed);
            edited.content = content;
        }
        edited.embeds = draft.embeds.unwrap_or(edited.embeds);
        edited.components = draft.components.unwrap_or(edited.components);
        edited.flags = edited.flags & !LOADING | draft.flags & EDITABLE_FLAGS;
        if edited.content.trim().is_empty() && edited.embeds.is_empty() && edited.components.is_empty() {
            return Err(Code::EmptyMessage.into());
        }
        edited.edited = Some(now);
        edited.edits += 1;
        *message = edited.clone();
        self.notes.push(Note::Message { channel, id });
        self.tell_of("MESSAGE_UPDATE", &edited);
        Ok(edited)
    }

    /// Deletes a message on the bot's behalf: its own anywhere, others' with `MANAGE_MESSAGES`.
    pub(crate) fn delete_message(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        self.bot_may(channel, 0)?;
        let message = self.messages.get(channel, id).filter(|message| !message.is_ephemeral());
        if message.ok_or(Code::UnknownMessage)?.author != BOT {
            self.bot_may(channel, MANAGE_MESSAGES)?;
        }
        self.remove(channel, id, now);
        Ok(())
    }

    /// Takes a message away; it stays in the record.
    pub(crate) fn remove(&mut self, channel: Snowflake, id: Snowflake, now: Timestamp) {
        let Some(message) = self.messages.get_mut(channel, id) else { return };
        message.deleted = Some(now);
        let is_ephemeral = message.is_ephemeral();
        self.notes.push(Note::Message { channel, id });
        if is_ephemeral {
            return;
        }
        let mut data = json!({ "id": id, "channel_id": channel });
        let guild = self.guild_of(channel);
        if let Some(guild) = guild {
            data["guild_id"] = json!(guild);
        }
        self.tell_channel("MESSAGE_DELETE", guild, false, data);
    }

    /// The guild that the channel is in; none for a direct message channel.
    pub(crate) fn guild_of(&self, channel: Snowflake) -> Option<Snowflake> {
        (!self.direct.contains_key(&channel)).then_some(self.guild.id)
    }

    fn tell_of(&mut self, name: &'static str, message: &Message) {
        if message.is_ephemeral() || self.bot_may(message.channel, 0).is_err() {
            return;
        }
        let guild = self.guild_of(message.channel);
        let about_bot = message.author == BOT || message.mentions.users.contains(&BOT);
        let data = wire::message_event(self, message);
        self.tell_channel(name, guild, guild.is_some() && !about_bot, data);
    }

    fn tell_channel(
        &mut self,
        name: &'static str,
        guild: Option<Snowflake>,
        hides_content: bool,
        data: Value,
    ) {
        let intent = if guild.is_some() { intents::GUILD_MESSAGES } else { intents::DIRECT_MESSAGES };
        let guild = guild.map(|guild| guild.0);
        self.sessions.dispatch(&Event { name, intent, guild, hides_content, data });
    }

    /// The direct message channel with that person, made when there is none.
    pub(crate) fn direct_channel(&mut self, person: Snowflake, now: Timestamp) -> Snowflake {
        if let Some(channel) = self.find_direct(person) {
            return channel;
        }
        let channel = self.ids.next(now);
        self.direct.insert(channel, person);
        self.notes.push(Note::Direct { channel, person });
        channel
    }

    /// The direct message channel with that person, when there is one.
    pub(crate) fn find_direct(&self, person: Snowflake) -> Option<Snowflake> {
        self.direct.iter().find(|(_, known)| **known == person).map(|(channel, _)| *channel)
    }
}

impl Origin {
    /// Discord's message type for an answer: 20 for a command's, 0 for the others.
    pub(crate) fn message_type(&self) -> u8 {
        if self.kind == COMMAND { 20 } else { 0 }
    }
}
