//! Spans of the verbs that all doors share.

use std::borrow::Cow;

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use crate::span::{Parent, Start};
use crate::{Span, Telemetry};

/// An action of ours.
#[derive(Clone, Copy, Debug)]
pub struct Verb {
    /// `muster.action` and the span's name: `games.join`.
    pub name: &'static str,
}

impl Telemetry {
    /// Starts the span of a verb. A refusal is its outcome, not an error.
    pub fn verb(&self, verb: Verb) -> Span {
        let start = Start {
            name: Cow::Borrowed(verb.name),
            kind: SpanKind::Internal,
            operation: verb.name,
            parent: Parent::Current,
            link: None,
            group: None,
        };
        self.start(start, || [KeyValue::new("muster.action", verb.name)])
    }
}
