//! How much may be held, and for how long.

use std::time::Duration;

use super::environment::{Environment, wrong};
use crate::TelemetryError;

/// How much one span or log record may hold; more is cut off or counted as dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest text of a span's attribute, in characters; a longer one is cut.
    pub span_value_characters: usize,
    /// Longest body, or text of an attribute, of a log record, in characters; a longer one is cut.
    pub log_value_characters: usize,
    /// Attributes of a span.
    pub span_attributes: u32,
    /// Links of a span.
    pub span_links: u32,
    /// Attributes of a log record.
    pub log_attributes: u32,
}

/// Limits that are read, so that a wrong one is told, and bound nothing: spans have no events, since what went wrong is
/// a log record, and links no attributes.
pub(super) const UNBOUNDED: [&str; 3] =
    ["OTEL_SPAN_EVENT_COUNT_LIMIT", "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"];

impl Default for Limits {
    fn default() -> Self {
        Self {
            span_value_characters: 8_192,
            log_value_characters: 8_192,
            span_attributes: 128,
            span_links: 128,
            log_attributes: 128,
        }
    }
}

/// How spans or log records wait for their export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batching {
    /// How many may wait or be on their way; more are dropped and counted.
    pub queue_items: usize,
    /// How many bytes they may take, as far as that can be told.
    pub queue_bytes: usize,
    /// How many go together.
    pub batch_items: usize,
    /// How long they wait for company.
    pub delay: Duration,
    /// After so long a batch, with its retries, is given up; the signal's own timeout may be shorter.
    pub timeout: Duration,
}

impl Default for Batching {
    fn default() -> Self {
        Self {
            queue_items: 8_192,
            queue_bytes: 16 * 1_024 * 1_024,
            batch_items: 512,
            delay: Duration::from_secs(1),
            timeout: Duration::from_secs(30),
        }
    }
}

impl Environment<'_> {
    pub(super) fn limits(&self, default: Limits) -> Result<Limits, TelemetryError> {
        let length = |variable| self.at_least_one(variable, "a number of characters, at least 1");
        let count = |variable| self.number(variable, "a number, at least 0");
        let (any_length, any_count) =
            (length("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")?, count("OTEL_ATTRIBUTE_COUNT_LIMIT")?);
        let or = |own: Option<u32>, default| own.unwrap_or(default);
        for of_what_no_span_has in UNBOUNDED {
            count(of_what_no_span_has)?;
        }
        Ok(Limits {
            span_value_characters: length("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT")?
                .or(any_length)
                .unwrap_or(default.span_value_characters),
            log_value_characters: length("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT")?
                .or(any_length)
                .unwrap_or(default.log_value_characters),
            span_attributes: or(
                count("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT")?.or(any_count),
                default.span_attributes,
            ),
            log_attributes: or(
                count("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT")?.or(any_count),
                default.log_attributes,
            ),
            span_links: or(count("OTEL_SPAN_LINK_COUNT_LIMIT")?, default.span_links),
        })
    }

    /// `processor` is `BSP` (spans) or `BLRP` (log records).
    pub(super) fn batching(&self, processor: &str, default: Batching) -> Result<Batching, TelemetryError> {
        let name = |suffix| format!("OTEL_{processor}_{suffix}");
        let items = |variable: &str| self.at_least_one(variable, "a number of items, at least 1");
        let queue_items = items(&name("MAX_QUEUE_SIZE"))?.unwrap_or(default.queue_items);
        let variable = name("MAX_EXPORT_BATCH_SIZE");
        let batch_items = match items(&variable)? {
            Some(given) if given > queue_items => {
                return Err(wrong(&variable, &given.to_string(), "at most the size of the queue"));
            }
            given => given.unwrap_or(default.batch_items).min(queue_items),
        };
        Ok(Batching {
            queue_items,
            batch_items,
            delay: self.millis(&name("SCHEDULE_DELAY"))?.unwrap_or(default.delay),
            timeout: self.millis(&name("EXPORT_TIMEOUT"))?.unwrap_or(default.timeout),
            ..default
        })
    }
}
