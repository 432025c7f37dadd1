//! The typed span builders: methods of [`Telemetry`](crate::Telemetry), one per kind of span.

pub(crate) mod daemons;
pub(crate) mod discord;
pub(crate) mod http;
pub(crate) mod messaging;
pub(crate) mod storage;
pub(crate) mod verb;

use std::sync::Arc;

use opentelemetry::trace::SpanKind;
use opentelemetry::{KeyValue, StringValue};

use crate::Telemetry;
use crate::measure::Common;
use crate::otlp::fields::Fields;

impl Telemetry {
    /// What spans of a kind and name have in common: what metrics tell apart, and what only spans say.
    fn common(
        &self,
        (kind, name): (&SpanKind, &[&str]),
        attributes: Vec<KeyValue>,
        beside: Option<&KeyValue>,
    ) -> Common {
        let mut fields = Fields::new(self.recorder().bounds(), kind, name);
        for attribute in attributes.iter().chain(beside) {
            fields.set(attribute);
        }
        Common { attributes, fields }
    }
}

/// An attribute of text that many series share.
fn shared_text(key: &'static str, value: &str) -> KeyValue {
    KeyValue::new(key, StringValue::from(Arc::<str>::from(value)))
}
