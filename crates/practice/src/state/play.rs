//! What people do: press a button, run a command, write a message.

use super::guild::{Channel, Member};
use super::interactions::{COMPONENT, Interaction};
use super::mentions::AllowedMentions;
use super::permissions::{SEND_MESSAGES, USE_APPLICATION_COMMANDS, VIEW_CHANNEL};
use super::posting::{Place, Post};
use super::sessions::Event;
use super::{Message, Snowflake, World};
use crate::validate::Draft;
use crate::wire;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// How long interactions are remembered; their tokens die much earlier.
const INTERACTIONS_KEPT: SignedDuration = SignedDuration::from_hours(1);
const LINK_STYLE: u64 = 5;

/// Why a person can't do that.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlayError {
    #[error("nobody here is called {0:?}")]
    UnknownPerson(String),
    #[error("there is no channel {0:?} that this person sees")]
    UnknownChannel(String),
    #[error("there is no message {0} that this person sees")]
    UnknownMessage(Snowflake),
    #[error("the message has no button {0:?}; it has {1}")]
    UnknownButton(String, String),
    #[error("the button {0:?} is switched off")]
    Disabled(String),
    #[error("the button {0:?} is a link")]
    Link(String),
    #[error("the bot has no command {0:?}; it has {1}")]
    UnknownCommand(String, String),
    #[error("{0}")]
    BadOption(String),
    #[error("this person may not do that here")]
    Forbidden,
}

/// What a person asks of the bot.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) kind: u8,
    pub(crate) person: Snowflake,
    pub(crate) channel: Snowflake,
    pub(crate) message: Option<Snowflake>,
    pub(crate) name: String,
    /// Discord's interaction data.
    pub(crate) data: Value,
}

impl World {
    /// The person of that name.
    pub(crate) fn person(&self, name: &str) -> Result<&Member, PlayError> {
        self.guild.person(name).ok_or_else(|| PlayError::UnknownPerson(name.to_owned()))
    }

    /// Whether a person sees a channel and holds `bits` there.
    pub(crate) fn person_may(&self, person: &Member, channel: &Channel, bits: u64) -> bool {
        let bits = bits | VIEW_CHANNEL;
        self.guild.permissions_in(person, channel) & bits == bits
    }

    /// The channel that a person means: a text channel by id or name, or `dm` or the id of the person's own DM.
    pub(crate) fn seen_channel(&self, person: Snowflake, name: &str) -> Result<Snowflake, PlayError> {
        let unknown = || PlayError::UnknownChannel(name.to_owned());
        let own = self.find_direct(person);
        if name.eq_ignore_ascii_case("dm") || own.is_some_and(|own| own.to_string() == name) {
            return own.ok_or_else(unknown);
        }
        let member = self.guild.member(person).ok_or_else(unknown)?;
        let channel = self.guild.text_channel(name).ok_or_else(unknown)?;
        if self.person_may(member, channel, 0) { Ok(channel.id) } else { Err(unknown()) }
    }

    /// The message of that id, when that person sees it.
    pub(crate) fn seen_message(&self, person: Snowflake, id: Snowflake) -> Result<&Message, PlayError> {
        let unknown = || PlayError::UnknownMessage(id);
        let message =
            self.messages.find(id).filter(|message| message.is_visible_to(person)).ok_or_else(unknown)?;
        let channel = message.channel.to_string();
        self.seen_channel(person, &channel).map_err(|_| unknown())?;
        Ok(message)
    }

    /// A press of the button of that label or `custom_id`; select menus take `values`.
    pub(crate) fn press(
        &self,
        person: Snowflake,
        message: Snowflake,
        button: &str,
        values: &[String],
    ) -> Result<Invocation, PlayError> {
        let message = self.seen_message(person, message)?;
        let control = message
            .controls()
            .find(|control| named(control, button))
            .ok_or_else(|| PlayError::UnknownButton(button.to_owned(), names(message)))?;
        if control["disabled"].as_bool().unwrap_or(false) {
            return Err(PlayError::Disabled(button.to_owned()));
        }
        let Some(custom_id) = control["custom_id"].as_str().filter(|_| control["style"] != LINK_STYLE) else {
            return Err(PlayError::Link(button.to_owned()));
        };
        let mut data =
            json!({ "component_type": control["type"], "custom_id": custom_id, "id": control["id"] });
        if control["type"] != 2 {
            data["values"] = json!(values);
        }
        let (channel, message) = (message.channel, Some(message.id));
        Ok(Invocation { kind: COMPONENT, person, channel, message, name: String::new(), data })
    }

    /// Hands an invocation to the bot; the answer comes later, by REST.
    pub(crate) fn interact(&mut self, invocation: Invocation, token: String, now: Timestamp) -> Snowflake {
        let Invocation { kind, person, channel, message, name, data } = invocation;
        let id = self.ids.next(now);
        let interaction = Interaction {
            id,
            token,
            kind,
            person,
            channel,
            message,
            name,
            created: now,
            answer: None,
            original: None,
            followups: Vec::new(),
        };
        let data = wire::interaction(self, &interaction, &data);
        self.interactions.retain(|_, known| now.duration_since(known.created) < INTERACTIONS_KEPT);
        self.interactions.insert(id, interaction);
        let guild = self.guild_of(channel).map(|guild| guild.0);
        let event = Event { name: "INTERACTION_CREATE", intent: 0, guild, hides_content: false, data };
        self.sessions.dispatch(&event);
        id
    }

    /// Whether a person may run commands in a channel.
    pub(crate) fn may_command(&self, person: Snowflake, channel: Snowflake) -> bool {
        let Some(member) = self.guild.member(person) else { return false };
        match self.place(channel) {
            Ok(Place::Guild(channel)) => self.person_may(member, channel, USE_APPLICATION_COMMANDS),
            Ok(Place::Direct(owner)) => owner == person,
            Err(_) => false,
        }
    }

    /// A message that a person writes.
    pub(crate) fn say(
        &mut self,
        person: Snowflake,
        channel: Snowflake,
        content: &str,
        now: Timestamp,
    ) -> Result<Message, PlayError> {
        let member = self.guild.member(person).ok_or(PlayError::Forbidden)?;
        if let Ok(Place::Guild(place)) = self.place(channel)
            && !self.person_may(member, place, SEND_MESSAGES)
        {
            return Err(PlayError::Forbidden);
        }
        if content.trim().is_empty() || content.chars().count() > 2000 {
            return Err(PlayError::BadOption("a message has 1 to 2000 characters".to_owned()));
        }
        let allowed_mentions =
            Some(AllowedMentions { parse_everyone: false, ..AllowedMentions::everything() });
        let draft = Draft { content: Some(content.to_owned()), allowed_mentions, ..Draft::default() };
        Ok(self.post(Post { channel, author: person, draft, only_for: None, origin: None }, now))
    }
}

fn named(control: &Value, name: &str) -> bool {
    let is = |field: &str| control[field].as_str().is_some_and(|value| value.eq_ignore_ascii_case(name));
    control["custom_id"].as_str() == Some(name) || is("label") || is("placeholder")
}

fn names(message: &Message) -> String {
    let label =
        |control: &Value| control["label"].as_str().or(control["custom_id"].as_str()).map(str::to_owned);
    let names: Vec<String> = message.controls().filter_map(label).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
