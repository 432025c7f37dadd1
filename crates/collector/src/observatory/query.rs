//! Filters as they stand in addresses: a permalink is an address with its filters.

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use serde::Deserialize;

use super::format::timestamp;
use crate::{
    ids::TraceId,
    store::{LogFilter, TraceFilter},
};

/// A list shows so many lines unless asked otherwise.
const DEFAULT_LIMIT: u16 = 50;
/// And never more than this.
const MAX_LIMIT: u16 = 500;

/// The filters of the list of traces. Forms send every field: an empty one is no filter.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TraceQuery {
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) game: String,
    /// `key=value`, or only the key.
    pub(crate) attribute: String,
    pub(crate) error: String,
    pub(crate) min_ms: String,
    /// RFC 3339, or the local form of a date field (read as UTC).
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) limit: String,
}

/// The filters of the list of logs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LogQuery {
    pub(crate) service: String,
    pub(crate) trace_id: String,
    pub(crate) severity: String,
    pub(crate) q: String,
    /// RFC 3339, or the local form of a date field (read as UTC).
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) limit: String,
}

/// Which metric, and how far back.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct MetricQuery {
    pub(crate) name: String,
    /// Minutes; a quarter of an hour if it is not said, as on the overview.
    pub(crate) minutes: String,
}

/// Which game, and which part of its story.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct GameQuery {
    pub(crate) game: String,
    /// Only what began before this moment.
    pub(crate) before: String,
}

/// A filter that makes no sense, by name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub(crate) struct BadFilter {
    pub(crate) field: &'static str,
    pub(crate) problem: &'static str,
}

impl TraceQuery {
    /// The fields that are filled in, as they stand in an address.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, &str)> {
        let pairs = [
            ("service", &*self.service),
            ("name", &self.name),
            ("game", &self.game),
            ("attribute", &self.attribute),
            ("error", &self.error),
            ("min_ms", &self.min_ms),
            ("from", &self.from),
            ("to", &self.to),
            ("limit", &self.limit),
        ];
        pairs.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect()
    }

    /// The permalink of this search.
    pub(crate) fn href(&self, path: &str) -> String {
        href(path, &self.pairs())
    }

    /// The same up to a moment.
    pub(crate) fn before(&self, unix_ns: i64) -> Self {
        Self { to: before(unix_ns), ..self.clone() }
    }

    pub(crate) fn wants_errors(&self) -> bool {
        matches!(self.error.trim(), "1" | "true" | "on")
    }

    pub(crate) fn filter(&self) -> Result<TraceFilter, BadFilter> {
        Ok(TraceFilter {
            service: text(&self.service),
            name: text(&self.name),
            game: text(&self.game),
            attribute: text(&self.attribute).map(|text| attribute(&text)),
            errors: self.wants_errors(),
            min_ms: number("min_ms", &self.min_ms)?,
            from_ns: instant("from", &self.from)?,
            until_ns: instant("to", &self.to)?,
            limit: usize::from(limit(&self.limit)?),
        })
    }
}

impl LogQuery {
    /// The fields that are filled in, as they stand in an address.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, &str)> {
        let pairs = [
            ("q", &*self.q),
            ("service", &self.service),
            ("severity", &self.severity),
            ("trace_id", &self.trace_id),
            ("from", &self.from),
            ("to", &self.to),
            ("limit", &self.limit),
        ];
        pairs.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect()
    }

    /// The permalink of this search.
    pub(crate) fn href(&self, path: &str) -> String {
        href(path, &self.pairs())
    }

    /// The same up to a moment.
    pub(crate) fn before(&self, unix_ns: i64) -> Self {
        Self { to: before(unix_ns), ..self.clone() }
    }

    pub(crate) fn filter(&self) -> Result<LogFilter, BadFilter> {
        let trace_id = text(&self.trace_id).map(|text| text.parse::<TraceId>()).transpose();
        Ok(LogFilter {
            service: text(&self.service),
            trace_id: trace_id
                .map_err(|_| BadFilter { field: "trace_id", problem: "32 hexadecimal digits" })?,
            min_severity: severity(&self.severity)?,
            text: text(&self.q),
            from_ns: instant("from", &self.from)?,
            until_ns: instant("to", &self.to)?,
            limit: limit(&self.limit)?,
        })
    }
}

impl GameQuery {
    /// The end of the part of the story, in Unix nanoseconds, exclusive.
    pub(crate) fn until_ns(&self) -> Result<i64, BadFilter> {
        Ok(instant("before", &self.before)?.unwrap_or(i64::MAX))
    }
}

impl MetricQuery {
    /// How far back, in minutes.
    pub(crate) fn minutes(&self) -> Result<u32, BadFilter> {
        Ok(number("minutes", &self.minutes)?.unwrap_or(15).clamp(1, 7 * 24 * 60))
    }
}

/// An address with its query, everything escaped that must be.
pub(crate) fn href(path: &str, pairs: &[(&str, &str)]) -> String {
    if pairs.is_empty() {
        return path.into();
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{path}?{query}")
}

/// As precise as a date field; rounded up, so that nothing is skipped.
fn before(unix_ns: i64) -> String {
    timestamp(unix_ns.saturating_add(999_999)).strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string()
}

fn text(field: &str) -> Option<String> {
    Some(field.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The key and, if there is one, the value.
fn attribute(text: &str) -> (String, Option<String>) {
    match text.split_once('=') {
        Some((key, value)) => (key.trim().into(), Some(value.trim().into())),
        None => (text.into(), None),
    }
}

fn number(field: &'static str, value: &str) -> Result<Option<u32>, BadFilter> {
    let parsed = text(value).map(|text| text.parse()).transpose();
    parsed.map_err(|_| BadFilter { field, problem: "a whole number" })
}

fn limit(value: &str) -> Result<u16, BadFilter> {
    let wanted = number("limit", value)?.unwrap_or(u32::from(DEFAULT_LIMIT));
    Ok(u16::try_from(wanted).unwrap_or(MAX_LIMIT).clamp(1, MAX_LIMIT))
}

/// An instant with its offset, or a date and time of day that is read as UTC.
fn instant(field: &'static str, value: &str) -> Result<Option<i64>, BadFilter> {
    let Some(text) = text(value) else { return Ok(None) };
    let in_utc =
        |civil: jiff::civil::DateTime| civil.to_zoned(jiff::tz::TimeZone::UTC).map(|zoned| zoned.timestamp());
    let instant = text.parse::<jiff::Timestamp>().or_else(|_| text.parse().and_then(in_utc));
    let instant = instant.map_err(|_| BadFilter { field, problem: "a time like 2026-05-01T18:30:00Z" })?;
    Ok(Some(i64::try_from(instant.as_nanosecond()).unwrap_or(i64::MAX)))
}

/// A level by its name or by its `SeverityNumber`.
fn severity(value: &str) -> Result<Option<i32>, BadFilter> {
    let number = match value.trim().to_ascii_lowercase().as_str() {
        "" | "all" => return Ok(None),
        "trace" => 1,
        "debug" => 5,
        "info" => 9,
        "warn" => 13,
        "error" => 17,
        "fatal" => 21,
        number => {
            number.parse().map_err(|_| BadFilter { field: "severity", problem: "a level like warn" })?
        }
    };
    Ok(Some(number))
}

/// Takes the filters from the address.
pub(crate) struct Filters<T>(pub(crate) T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned> FromRequestParts<S> for Filters<T> {
    type Rejection = (http::StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let query = Query::try_from_uri(&parts.uri);
        query
            .map(|Query(filters)| Self(filters))
            .map_err(|_| (http::StatusCode::BAD_REQUEST, "the filters cannot be read\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_fields_of_a_form_are_no_filters() {
        let filter = TraceQuery::default().filter().unwrap();
        assert!(filter.service.is_none() && filter.min_ms.is_none() && !filter.errors);
        assert_eq!(filter.limit, 50);
    }

    #[test]
    fn a_permalink_carries_what_is_filled_in() {
        let query = TraceQuery { name: "a & b".into(), error: "true".into(), ..TraceQuery::default() };
        assert_eq!(query.href("/observatory/traces"), "/observatory/traces?name=a+%26+b&error=true");
    }

    #[test]
    fn a_filter_that_makes_no_sense_is_named() {
        let query = TraceQuery { min_ms: "fast".into(), ..TraceQuery::default() };
        assert_eq!(query.filter().unwrap_err().to_string(), "min_ms: a whole number");
        let query = TraceQuery { from: "yesterday".into(), ..TraceQuery::default() };
        assert_eq!(query.filter().unwrap_err().field, "from");
    }

    #[test]
    fn times_are_instants_or_utc() {
        let at = |text| instant("from", text).unwrap().unwrap();
        assert_eq!(at("2026-05-01T18:30:00Z"), at("2026-05-01T18:30"));
        assert_eq!(at("2026-05-01T20:30:00+02:00"), at("2026-05-01T18:30:00Z"));
    }
}
