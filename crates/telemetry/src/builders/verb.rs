//! Spans of the verbs that all doors share.

use opentelemetry::trace::SpanKind;

use crate::span::{Beginning, Parent, Start};
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
            beginning: Beginning::Named(SpanKind::Internal, &[verb.name]),
            operation: verb.name,
            parent: Parent::Current,
            link: None,
        };
        self.start(start, |fields| fields.text("muster.action", verb.name))
    }
}
