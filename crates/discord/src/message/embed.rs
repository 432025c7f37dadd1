//! The framed part of a message.

use super::text::{BLANK, cut, length};
use serde::Serialize;

/// Characters of an embed's title.
pub const TITLE_MAX_CHARS: usize = 256;
/// Characters of an embed's description.
pub const DESCRIPTION_MAX_CHARS: usize = 4096;
/// Characters of a field's name.
pub const FIELD_NAME_MAX_CHARS: usize = 256;
/// Characters of a field's value.
pub const FIELD_VALUE_MAX_CHARS: usize = 1024;
/// Fields of an embed.
pub const FIELDS_MAX: usize = 25;
/// Characters of the small print.
pub const FOOTER_MAX_CHARS: usize = 2048;
/// Characters of title, description, fields and footer together.
pub const EMBED_MAX_CHARS: usize = 6000;
/// Characters of an address.
const URL_MAX_CHARS: usize = 2048;

/// An embed that is within Discord's limits whatever it is given: every part is cut to its own limit and to
/// what is left of the 6000 characters in all (Discord, "Embed Limits").
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Embed {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(rename = "color", skip_serializing_if = "Option::is_none")]
    colour: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field>,
    #[serde(skip_serializing_if = "Option::is_none")]
    footer: Option<Footer>,
    #[serde(skip)]
    used: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Field {
    name: String,
    value: String,
    inline: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Footer {
    text: String,
}

impl Embed {
    /// An embed with this title; a blank one gives none.
    pub fn titled(title: &str) -> Self {
        let mut embed = Self::default();
        embed.title = embed.take(title, TITLE_MAX_CHARS);
        embed
    }

    /// Makes the title a link. What isn't an absolute web address of at most 2048 characters is left out.
    #[must_use]
    pub fn url(mut self, url: &str) -> Self {
        let is_web = url.starts_with("https://") || url.starts_with("http://");
        self.url = (is_web && length(url) <= URL_MAX_CHARS).then(|| url.to_owned());
        self
    }

    /// The text under the title; a blank one gives none.
    #[must_use]
    pub fn description(mut self, text: &str) -> Self {
        self.description = self.take(text, DESCRIPTION_MAX_CHARS);
        self
    }

    /// The colour of the frame, as 0xRRGGBB.
    #[must_use]
    pub fn colour(mut self, rgb: u32) -> Self {
        self.colour = Some(rgb & 0x00FF_FFFF);
        self
    }

    /// A field across the whole width. Beyond 25 fields, or when nothing is left of the 6000 characters, it
    /// is left out.
    #[must_use]
    pub fn field(self, name: &str, value: &str) -> Self {
        self.push_field(name, value, false)
    }

    /// A field that stands beside its neighbours; limits as for [`Self::field`].
    #[must_use]
    pub fn inline_field(self, name: &str, value: &str) -> Self {
        self.push_field(name, value, true)
    }

    /// The small print; a blank one gives none.
    #[must_use]
    pub fn footer(mut self, text: &str) -> Self {
        self.footer = self.take(text, FOOTER_MAX_CHARS).map(|text| Footer { text });
        self
    }

    /// How many characters a field's value may still have, at most 1024.
    pub fn room(&self, name: &str) -> usize {
        let name = length(name.trim()).clamp(1, FIELD_NAME_MAX_CHARS);
        EMBED_MAX_CHARS.saturating_sub(self.used + name).min(FIELD_VALUE_MAX_CHARS)
    }

    fn push_field(mut self, name: &str, value: &str, inline: bool) -> Self {
        if self.fields.len() == FIELDS_MAX || self.room(name) == 0 {
            return self;
        }
        let name = self.take_required(name, FIELD_NAME_MAX_CHARS);
        let value = self.take_required(value, FIELD_VALUE_MAX_CHARS);
        self.fields.push(Field { name, value, inline });
        self
    }

    fn take(&mut self, text: &str, max: usize) -> Option<String> {
        let text = cut(text.trim(), max.min(EMBED_MAX_CHARS - self.used));
        self.used += length(&text);
        (!text.is_empty()).then_some(text)
    }

    /// Discord requires a field to have a name and a value, and trims what it gets.
    fn take_required(&mut self, text: &str, max: usize) -> String {
        let text = if text.trim().is_empty() { BLANK } else { text };
        self.take(text, max).unwrap_or_default()
    }
}
