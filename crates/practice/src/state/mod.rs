//! Everything that the practice Discord knows, and the pure functions that change it.

mod answers;
mod commands;
mod file;
mod forms;
mod guild;
mod interactions;
mod invoke;
mod journal;
mod mentions;
mod messages;
mod moderation;
pub(crate) mod permissions;
mod play;
mod posting;
mod sessions;
mod snowflake;

pub(crate) use file::{LoadError, Loaded, load, save};
pub(crate) use forms::{Field, fields};
pub(crate) use guild::{CATEGORY, Channel, DIRECT, Guild, Member, Overwrite, Role, TEXT};
pub(crate) use interactions::{COMMAND, Interaction};
pub(crate) use invoke::Filled;
pub(crate) use journal::{Journal, Note, forget_before};
pub(crate) use mentions::AllowedMentions;
pub(crate) use messages::{Message, Messages, Origin};
pub(crate) use play::{Invocation, PlayError};
pub(crate) use posting::Place;
pub(crate) use sessions::{Event, Order, Session, Sessions, intents};
pub(crate) use snowflake::{Ids, Snowflake};

use crate::cast;
use crate::faults::Faults;
use serde_json::Value;
use std::collections::BTreeMap;

/// The bot's user id, which is also its application's.
pub(crate) const BOT: Snowflake = Snowflake(cast::APPLICATION_ID);

/// The state of the whole practice Discord.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) guild: Guild,
    pub(crate) messages: Messages,
    /// Direct message channels of the bot: channel to person.
    pub(crate) direct: BTreeMap<Snowflake, Snowflake>,
    /// Registered commands as Discord gives them back.
    pub(crate) commands: Vec<Value>,
    pub(crate) interactions: BTreeMap<Snowflake, Interaction>,
    pub(crate) faults: Faults,
    /// The bot's token.
    pub(crate) token: String,
    pub(crate) ids: Ids,
    pub(crate) sessions: Sessions,
    /// What the journal has to hear of; emptied after every change.
    pub(crate) notes: Vec<Note>,
}

impl World {
    /// The world before anything happens.
    pub(crate) fn new(token: String) -> Self {
        Self {
            guild: Guild::from_cast(),
            messages: Messages::default(),
            direct: BTreeMap::new(),
            commands: Vec::new(),
            interactions: BTreeMap::new(),
            faults: Faults::default(),
            token,
            ids: Ids::default(),
            sessions: Sessions::default(),
            notes: Vec::new(),
        }
    }

    /// Forgets everything that happened; the token, registered commands and open sessions stay, since a
    /// bot wouldn't know that it had to log in anew.
    pub(crate) fn reset(&mut self) {
        let fresh = Self::new(std::mem::take(&mut self.token));
        let old = std::mem::replace(self, fresh);
        self.ids = old.ids;
        self.commands = old.commands;
        self.sessions = old.sessions;
    }

    /// Tells every session that something happened in the guild.
    pub(crate) fn dispatch(&mut self, name: &'static str, intent: u64, data: Value) {
        let guild = Some(self.guild.id.0);
        self.sessions.dispatch(&Event { name, intent, guild, hides_content: false, data });
    }
}
