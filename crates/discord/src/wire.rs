//! The parts of Discord's objects that we read.
//!
//! Only these, so that nothing that Discord adds or changes elsewhere can make an event unreadable.

use crate::nonce::Marker;
use domain::{MessageId, UserId};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use telemetry::Personal;

/// Reads a snowflake that has no type of its own.
pub(crate) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = Cow::<str>::deserialize(deserializer)?;
    text.parse().map_err(|_| serde::de::Error::custom("expected an id"))
}

/// Anything of which only the id matters.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Identified<T> {
    pub(crate) id: T,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct User {
    pub(crate) id: UserId,
    username: Personal<String>,
    global_name: Option<Personal<String>>,
}

impl User {
    /// The name that a guild sees: the nickname there, else the name chosen everywhere, else the account's.
    pub(crate) fn shown_as(self, nick: Option<String>) -> Personal<String> {
        nick.map(Personal::new).or(self.global_name).unwrap_or(self.username)
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: MessageId,
    #[serde(default)]
    components: Vec<Component>,
}

impl Message {
    /// Whether one of its buttons has a delivery's marker.
    pub(crate) fn carries(&self, marker: &Marker) -> bool {
        let buttons = self.components.iter().flat_map(|row| &row.components);
        buttons.filter_map(|button| button.custom_id.as_deref()).any(|id| id.ends_with(marker.as_str()))
    }
}

#[derive(Clone, Debug, Deserialize)]
struct Component {
    custom_id: Option<String>,
    #[serde(default)]
    components: Vec<Component>,
}
