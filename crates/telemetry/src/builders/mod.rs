//! The typed span builders: methods of [`Telemetry`](crate::Telemetry), one per kind of span.

pub(crate) mod daemons;
pub(crate) mod discord;
pub(crate) mod http;
pub(crate) mod messaging;
pub(crate) mod storage;
pub(crate) mod verb;

use std::sync::Arc;

use opentelemetry::{KeyValue, StringValue};

/// An attribute of text that has to be owned.
fn text(key: &'static str, value: &str) -> KeyValue {
    KeyValue::new(key, StringValue::from(value.to_owned()))
}

/// An attribute of a number that the API wants signed.
fn count(key: &'static str, value: u64) -> KeyValue {
    KeyValue::new(key, i64::try_from(value).unwrap_or(i64::MAX))
}

/// An attribute of text that many spans share.
fn shared_text(key: &'static str, value: &str) -> KeyValue {
    KeyValue::new(key, StringValue::from(Arc::<str>::from(value)))
}
