//! Buttons.

use super::text::{BLANK, cut, length};
use crate::CustomId;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// Characters of a button's label.
pub const LABEL_MAX_CHARS: usize = 80;
/// Characters of a link button's address.
pub const LINK_MAX_CHARS: usize = 512;
/// Buttons of a row.
pub const BUTTONS_PER_ROW: usize = 5;
/// Rows of a message.
pub const ROWS_MAX: usize = 5;

/// Discord's number for a row of components.
const ACTION_ROW: u8 = 1;
/// Discord's number for a button.
const BUTTON: u8 = 2;

/// What a button looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ButtonStyle {
    /// The main thing to do.
    Primary,
    /// One thing among others.
    Secondary,
    /// Yes.
    Success,
    /// Takes something away.
    Danger,
}

impl ButtonStyle {
    const fn code(self) -> u8 {
        match self {
            Self::Primary => 1,
            Self::Secondary => 2,
            Self::Success => 3,
            Self::Danger => 4,
        }
    }
}

/// Discord's number for a button that opens an address.
const LINK_STYLE: u8 = 5;

/// One button, within Discord's limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    label: String,
    target: Target,
    disabled: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Press(ButtonStyle, String),
    Open(String),
}

impl Button {
    /// A button that sends us an interaction with this custom id.
    pub fn new(style: ButtonStyle, label: &str, id: &CustomId) -> Self {
        Self { label: label_of(label), target: Target::Press(style, id.to_string()), disabled: false }
    }

    /// A button that opens a web address; none when the address is no absolute one or too long.
    pub fn link(label: &str, url: &str) -> Option<Self> {
        let is_web = url.starts_with("https://") || url.starts_with("http://");
        (is_web && length(url) <= LINK_MAX_CHARS).then(|| Self {
            label: label_of(label),
            target: Target::Open(url.to_owned()),
            disabled: false,
        })
    }

    /// Whether it is shown but can't be pressed.
    #[must_use]
    pub fn disabled(mut self, disabled: bool) -> Self {
        self.disabled = disabled;
        self
    }

    /// Whether Discord would take the two for one: two buttons of a message can't share their custom id.
    pub(super) fn collides(&self, other: &Self) -> bool {
        matches!((&self.target, &other.target), (Target::Press(_, a), Target::Press(_, b)) if a == b)
    }
}

fn label_of(label: &str) -> String {
    let label = if label.trim().is_empty() { BLANK } else { label.trim() };
    cut(label, LABEL_MAX_CHARS)
}

impl Serialize for Button {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &BUTTON)?;
        match &self.target {
            Target::Press(style, id) => {
                map.serialize_entry("style", &style.code())?;
                map.serialize_entry("custom_id", id)?;
            }
            Target::Open(url) => {
                map.serialize_entry("style", &LINK_STYLE)?;
                map.serialize_entry("url", url)?;
            }
        }
        map.serialize_entry("label", &self.label)?;
        if self.disabled {
            map.serialize_entry("disabled", &true)?;
        }
        map.end()
    }
}

/// At most five rows of five buttons, filled from the left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rows(Vec<Button>);

impl Rows {
    pub(super) fn push(&mut self, button: Button) {
        let fits = self.0.len() < ROWS_MAX * BUTTONS_PER_ROW;
        if fits && !self.0.iter().any(|other| other.collides(&button)) {
            self.0.push(button);
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[derive(Serialize)]
struct Row<'a> {
    r#type: u8,
    components: &'a [Button],
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            self.0.chunks(BUTTONS_PER_ROW).map(|components| Row { r#type: ACTION_ROW, components }),
        )
    }
}
