//! Messages that can't exceed Discord's limits.
//!
//! Every part is cut where it is put in, so that a message that exists is one that Discord takes.

mod components;
mod embed;
pub mod text;

pub use components::{BUTTONS_PER_ROW, Button, ButtonStyle, LABEL_MAX_CHARS, LINK_MAX_CHARS, ROWS_MAX};
pub use embed::{
    DESCRIPTION_MAX_CHARS, EMBED_MAX_CHARS, Embed, FIELD_NAME_MAX_CHARS, FIELD_VALUE_MAX_CHARS, FIELDS_MAX,
    FOOTER_MAX_CHARS, TITLE_MAX_CHARS,
};

use components::Rows;
use domain::{RoleId, UserId};
use serde::Serialize;

/// Characters of a message's own text.
pub const CONTENT_MAX_CHARS: usize = 2000;
/// Users, and likewise roles, that one message may name as allowed to be pinged.
const ALLOWED_MENTIONS_MAX: usize = 100;
/// The flag of an answer that only the person who asked can see.
const EPHEMERAL: u32 = 1 << 6;

/// A message within Discord's limits, and with explicit `allowed_mentions`: it pings exactly those it was told
/// to ping, whatever its texts say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    #[serde(skip_serializing_if = "<[Embed]>::is_empty")]
    embeds: Box<[Embed]>,
    #[serde(skip_serializing_if = "Rows::is_empty")]
    components: Rows,
    allowed_mentions: AllowedMentions,
    #[serde(skip_serializing_if = "Option::is_none")]
    flags: Option<u32>,
}

/// Who may be pinged. The empty `parse` switches off what Discord would find in the texts by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct AllowedMentions {
    parse: [&'static str; 0],
    users: Vec<UserId>,
    roles: Vec<RoleId>,
    replied_user: bool,
}

impl Message {
    /// A message of text alone; a blank one is sent as an invisible character.
    pub fn text(content: &str) -> Self {
        let content = content_of(content).unwrap_or_else(|| text::BLANK.to_owned());
        Self { content: Some(content), ..Self::empty() }
    }

    /// A message that is a frame.
    pub fn framed(embed: Embed) -> Self {
        Self { embeds: Box::new([embed]), ..Self::empty() }
    }

    fn empty() -> Self {
        Self {
            content: None,
            embeds: Box::default(),
            components: Rows::default(),
            allowed_mentions: AllowedMentions::default(),
            flags: None,
        }
    }

    /// The text above the frame.
    #[must_use]
    pub fn content(mut self, content: &str) -> Self {
        self.content = content_of(content).or(self.content);
        self
    }

    /// Adds a button, in rows of five. One beyond 25, or with the custom id of another, is left out.
    #[must_use]
    pub fn button(mut self, button: Button) -> Self {
        self.components.push(button);
        self
    }

    /// Lets the message ping these people where it mentions them (at most 100).
    #[must_use]
    pub fn pinging_users(mut self, users: impl IntoIterator<Item = UserId>) -> Self {
        self.allowed_mentions.users = at_most_once(users);
        self
    }

    /// Lets the message ping these roles where it mentions them (at most 100).
    #[must_use]
    pub fn pinging_roles(mut self, roles: impl IntoIterator<Item = RoleId>) -> Self {
        self.allowed_mentions.roles = at_most_once(roles);
        self
    }

    /// An answer that only the person who asked can see.
    #[must_use]
    pub fn ephemeral(mut self) -> Self {
        self.flags = Some(EPHEMERAL);
        self
    }

    /// The body of an edit, which also takes away what this message doesn't have.
    pub(crate) fn as_edit(&self) -> Edit<'_> {
        Edit {
            content: self.content.as_deref(),
            embeds: &self.embeds,
            components: &self.components,
            allowed_mentions: &self.allowed_mentions,
        }
    }
}

/// A message as the body of an edit: every part is there, so that nothing of the old one stays.
#[derive(Debug, Serialize)]
pub(crate) struct Edit<'a> {
    content: Option<&'a str>,
    embeds: &'a [Embed],
    components: &'a Rows,
    allowed_mentions: &'a AllowedMentions,
}

fn content_of(content: &str) -> Option<String> {
    let content = content.trim();
    (!content.is_empty()).then(|| text::cut(content, CONTENT_MAX_CHARS))
}

/// Discord refuses a list that names somebody twice, or more than 100.
fn at_most_once<T: PartialEq>(ids: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut once = Vec::new();
    for id in ids {
        if once.len() < ALLOWED_MENTIONS_MAX && !once.contains(&id) {
            once.push(id);
        }
    }
    once
}

#[cfg(test)]
pub(crate) mod tests;
