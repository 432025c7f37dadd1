//! Messages: every one that was ever visible, deleted ones too.

use super::snowflake::Snowflake;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// How long a nonce is remembered; Discord says "the past few minutes".
const NONCE_WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// Message flag: only one person sees it.
pub(crate) const EPHEMERAL: u64 = 1 << 6;
/// Message flag: the bot is still thinking.
pub(crate) const LOADING: u64 = 1 << 7;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: Snowflake,
    pub(crate) channel: Snowflake,
    pub(crate) author: Snowflake,
    pub(crate) content: String,
    pub(crate) embeds: Vec<Value>,
    pub(crate) components: Vec<Value>,
    pub(crate) flags: u64,
    /// A string or an integer, given back as it came.
    pub(crate) nonce: Option<Value>,
    pub(crate) mentions: Mentions,
    pub(crate) created: Timestamp,
    pub(crate) edited: Option<Timestamp>,
    pub(crate) edits: u32,
    pub(crate) deleted: Option<Timestamp>,
    /// The only person who sees it, when it is ephemeral.
    pub(crate) only_for: Option<Snowflake>,
    /// The interaction that it answers.
    pub(crate) origin: Option<Origin>,
}

/// Whom a message mentions, after its `allowed_mentions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mentions {
    pub(crate) users: Vec<Snowflake>,
    pub(crate) roles: Vec<Snowflake>,
    pub(crate) everyone: bool,
}

/// The interaction that a message answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub(crate) interaction: Snowflake,
    /// Discord's interaction type.
    pub(crate) kind: u8,
    pub(crate) person: Snowflake,
    /// The command's name; empty for a button.
    pub(crate) name: String,
    /// The message whose button was pressed.
    pub(crate) message: Option<Snowflake>,
}

impl Message {
    pub(crate) fn is_ephemeral(&self) -> bool {
        self.flags & EPHEMERAL != 0
    }

    pub(crate) fn is_loading(&self) -> bool {
        self.flags & LOADING != 0
    }

    /// Whether `person` sees it, given that the channel is seen.
    pub(crate) fn is_visible_to(&self, person: Snowflake) -> bool {
        self.deleted.is_none() && self.only_for.is_none_or(|only| only == person)
    }

    /// Every button and select menu, in the order shown.
    pub(crate) fn controls(&self) -> impl Iterator<Item = &Value> {
        self.components.iter().filter_map(|row| row["components"].as_array()).flatten()
    }
}

/// All messages of all channels.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    by_place: BTreeMap<(Snowflake, Snowflake), Message>,
    by_nonce: HashMap<(Snowflake, String), (Snowflake, Snowflake)>,
}

impl Messages {
    pub(crate) fn insert(&mut self, message: Message) {
        let place = (message.channel, message.id);
        if let Some(nonce) = &message.nonce {
            self.by_nonce.insert((message.author, nonce_text(nonce)), place);
        }
        self.by_place.insert(place, message);
    }

    /// The message, unless it was deleted.
    pub(crate) fn get(&self, channel: Snowflake, id: Snowflake) -> Option<&Message> {
        self.by_place.get(&(channel, id)).filter(|message| message.deleted.is_none())
    }

    /// The message, also when it was deleted.
    pub(crate) fn on_record(&self, channel: Snowflake, id: Snowflake) -> Option<&Message> {
        self.by_place.get(&(channel, id))
    }

    pub(crate) fn get_mut(&mut self, channel: Snowflake, id: Snowflake) -> Option<&mut Message> {
        self.by_place.get_mut(&(channel, id)).filter(|message| message.deleted.is_none())
    }

    /// The message of that id, wherever it is.
    pub(crate) fn find(&self, id: Snowflake) -> Option<&Message> {
        self.all().find(|message| message.id == id && message.deleted.is_none())
    }

    /// The author's message with that nonce, when it is at most a few minutes old.
    pub(crate) fn with_nonce(&self, author: Snowflake, nonce: &Value, now: Timestamp) -> Option<&Message> {
        let (channel, id) = *self.by_nonce.get(&(author, nonce_text(nonce)))?;
        self.get(channel, id).filter(|message| now.duration_since(message.created) <= NONCE_WINDOW)
    }

    /// A channel's messages that weren't deleted, oldest first.
    pub(crate) fn of_channel(
        &self,
        channel: Snowflake,
    ) -> impl DoubleEndedIterator<Item = &Message> + use<'_> {
        self.by_place
            .range((channel, Snowflake(0))..=(channel, Snowflake(u64::MAX)))
            .map(|(_, message)| message)
            .filter(|message| message.deleted.is_none())
    }

    /// Deletes everything in a channel; gives the ids.
    pub(crate) fn delete_all(&mut self, channel: Snowflake, now: Timestamp) -> Vec<Snowflake> {
        let all = self.by_place.range_mut((channel, Snowflake(0))..=(channel, Snowflake(u64::MAX)));
        let left = all.map(|(_, message)| message).filter(|message| message.deleted.is_none());
        left.map(|message| {
            message.deleted = Some(now);
            message.id
        })
        .collect()
    }

    /// Every message that was ever visible, by channel, oldest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Message> {
        self.by_place.values()
    }
}

fn nonce_text(nonce: &Value) -> String {
    nonce.as_str().map_or_else(|| nonce.to_string(), str::to_owned)
}

impl FromIterator<Message> for Messages {
    fn from_iter<T: IntoIterator<Item = Message>>(messages: T) -> Self {
        let mut all = Self::default();
        messages.into_iter().for_each(|message| all.insert(message));
        all
    }
}
