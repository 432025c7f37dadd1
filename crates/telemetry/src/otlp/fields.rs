//! What is said of a span until it ends, as fields of OTLP's message.

use std::fmt::{Display, Write as _};

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanContext, SpanKind};

use super::span::{flags_of, ids};
use super::text::end_of;
use super::values::{STRING, pair, text, value};
use super::wire::{bytes, flags, key_and_length, message, number, some_number};
use crate::Limits;

const NAME: u32 = 5;
const KIND: u32 = 6;
const ATTRIBUTE: u32 = 9;
const LINK: u32 = 13;
const STATUS: u32 = 15;

/// The code of a status that is an error.
const ERROR: u64 = 2;
/// Room for what most spans say beside what all of their kind say, in bytes.
const ROOM_BYTES: usize = 192;

/// How much one span may say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    characters: usize,
    attributes: u32,
    links: u32,
}

impl From<Limits> for Bounds {
    fn from(limits: Limits) -> Self {
        let Limits { span_value_characters: characters, span_attributes, span_links, .. } = limits;
        Self { characters, attributes: span_attributes, links: span_links }
    }
}

/// Fields, ready to be sent, and how much they hold.
#[derive(Debug)]
pub(crate) struct Fields {
    bytes: Vec<u8>,
    bounds: Bounds,
    attributes: u32,
    pub(super) dropped_attributes: u32,
    links: u32,
    pub(super) dropped_links: u32,
}

impl Fields {
    /// A span's kind, and its name in pieces.
    pub(crate) fn new(bounds: Bounds, kind: &SpanKind, name: &[&str]) -> Self {
        let mut bytes = Vec::with_capacity(ROOM_BYTES);
        key_and_length(&mut bytes, NAME, name.iter().map(|piece| piece.len()).sum());
        for piece in name {
            bytes.extend_from_slice(piece.as_bytes());
        }
        number(&mut bytes, KIND, number_of(kind));
        Self { bytes, bounds, attributes: 0, dropped_attributes: 0, links: 0, dropped_links: 0 }
    }

    /// The beginning of one more span that says the same, with room for more.
    pub(crate) fn again(&self) -> Self {
        let mut bytes = Vec::with_capacity(self.bytes.len() + ROOM_BYTES);
        bytes.extend_from_slice(&self.bytes);
        Self { bytes, ..*self }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// An attribute of any value.
    pub(crate) fn set(&mut self, attribute: &KeyValue) {
        let characters = self.bounds.characters;
        self.attribute(attribute.key.as_str(), |out| value(out, &attribute.value, characters));
    }

    /// An attribute of text.
    pub(crate) fn text(&mut self, key: &'static str, value: &str) {
        let characters = self.bounds.characters;
        self.attribute(key, |out| text(out, value, characters));
    }

    /// An attribute of what is shown as text.
    pub(crate) fn shown(&mut self, key: &'static str, value: &dyn Display) {
        let characters = self.bounds.characters;
        self.attribute(key, |out| message(out, STRING, |out| show(out, value, characters)));
    }

    /// An attribute of a number.
    pub(crate) fn number(&mut self, key: &'static str, value: i64) {
        self.set(&KeyValue::new(key, value));
    }

    /// An attribute of a number that the protocol wants signed.
    pub(crate) fn count(&mut self, key: &'static str, value: u64) {
        self.number(key, i64::try_from(value).unwrap_or(i64::MAX));
    }

    /// An attribute of yes or no.
    pub(crate) fn flag(&mut self, key: &'static str, value: bool) {
        self.set(&KeyValue::new(key, value));
    }

    /// A link to another span.
    pub(crate) fn link(&mut self, other: &SpanContext) {
        if self.links == self.bounds.links {
            self.dropped_links += 1;
            return;
        }
        self.links += 1;
        message(&mut self.bytes, LINK, |out| {
            ids(out, other);
            flags(out, 6, flags_of(other, other.is_remote()));
        });
    }

    /// The status of a span that failed; the other status, unset, is what is read when there is none.
    pub(crate) fn fail(&mut self, description: &str) {
        message(&mut self.bytes, STATUS, |out| {
            bytes(out, 2, description.as_bytes());
            some_number(out, 3, ERROR);
        });
    }

    fn attribute(&mut self, key: &str, write: impl FnOnce(&mut Vec<u8>)) {
        if self.attributes == self.bounds.attributes {
            self.dropped_attributes += 1;
            return;
        }
        self.attributes += 1;
        pair(&mut self.bytes, ATTRIBUTE, key, write);
    }
}

/// Shown right where it belongs, and cut there.
fn show(out: &mut Vec<u8>, value: &dyn Display, characters: usize) {
    let begin = out.len();
    let _ = write!(Text(out), "{value}");
    let shown = std::str::from_utf8(&out[begin..]).unwrap_or_default();
    if let Some(end) = end_of(shown, characters) {
        out.truncate(begin + end);
    }
}

/// Bytes that text is written to.
struct Text<'a>(&'a mut Vec<u8>);

impl std::fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

const fn number_of(kind: &SpanKind) -> u64 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::trace::v1::Span;
    use prost::Message as _;

    use super::*;

    fn written(characters: usize, write: impl FnOnce(&mut Fields)) -> Span {
        let limits = Limits { span_value_characters: characters, ..Limits::default() };
        let mut fields = Fields::new(limits.into(), &SpanKind::Internal, &["games.join"]);
        write(&mut fields);
        Span::decode(fields.as_bytes()).expect("it is one")
    }

    #[test]
    fn what_is_shown_is_a_text_like_any_other() {
        let shown = written(100, |fields| {
            fields.shown("short", &80_351_110_224_678_912_u64);
            fields.shown("long", &"x".repeat(99));
        });
        let said = written(100, |fields| {
            fields.text("short", "80351110224678912");
            fields.text("long", &"x".repeat(99));
        });
        assert_eq!(shown, said);
    }

    #[test]
    fn what_is_shown_is_cut_between_characters() {
        let shown = written(3, |fields| fields.shown("a", &"éééé"));
        assert_eq!(shown, written(100, |fields| fields.text("a", "ééé")));
    }
}
