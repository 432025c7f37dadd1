//! Interactions: what a person did with a button or a command, and what became of it.

use super::snowflake::Snowflake;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The first answer has to come within this time (interactions, "Receiving and Responding").
pub(crate) const ACKNOWLEDGE_WITHIN: SignedDuration = SignedDuration::from_secs(3);
/// The token works for this long.
pub(crate) const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_mins(15);

/// Discord's interaction types.
pub(crate) const COMMAND: u8 = 2;
pub(crate) const COMPONENT: u8 = 3;
pub(crate) const AUTOCOMPLETE: u8 = 4;
pub(crate) const MODAL_SUBMIT: u8 = 5;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Interaction {
    pub(crate) id: Snowflake,
    pub(crate) token: String,
    pub(crate) kind: u8,
    pub(crate) person: Snowflake,
    pub(crate) channel: Snowflake,
    /// The message whose button was pressed.
    pub(crate) message: Option<Snowflake>,
    /// The command's name; empty for a button.
    pub(crate) name: String,
    pub(crate) created: Timestamp,
    /// The first answer, when there was one.
    pub(crate) answer: Option<Answer>,
    /// The message that `@original` means.
    pub(crate) original: Option<Snowflake>,
    /// Further messages sent with the token.
    pub(crate) followups: Vec<Snowflake>,
}

/// The first answer to an interaction.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Discord's callback type.
    pub(crate) kind: u8,
    pub(crate) at: Timestamp,
    /// Choices or a modal, for those callback types.
    pub(crate) data: Option<Value>,
}

impl Interaction {
    /// Whether nobody answered in time.
    pub(crate) fn is_overdue(&self, now: Timestamp) -> bool {
        self.answer.is_none() && now.duration_since(self.created) > ACKNOWLEDGE_WITHIN
    }

    /// Whether the token still works.
    pub(crate) fn is_alive(&self, now: Timestamp) -> bool {
        now.duration_since(self.created) <= TOKEN_LIFETIME
    }
}
