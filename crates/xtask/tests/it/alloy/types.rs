//! What an argument takes.

use super::syntax::Value;

/// The type of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Texts,
    Number,
    Flag,
    /// A text such as `1m30s`.
    Duration,
    Durations,
    /// A text such as `350MiB`.
    Size,
    Map,
    /// What components export; told by the kind of the export.
    Capsule(&'static str),
    /// A list of such.
    Capsules(&'static str),
    /// A list of what takes the signal that the argument is called after.
    Consumers,
    /// Nobody looks.
    Any,
}

impl Type {
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "" => Self::Text,
            "texts" => Self::Texts,
            "number" => Self::Number,
            "flag" => Self::Flag,
            "duration" => Self::Duration,
            "durations" => Self::Durations,
            "size" => Self::Size,
            "map" => Self::Map,
            "auth" => Self::Capsule("auth"),
            "storage" => Self::Capsule("storage"),
            "targets" => Self::Capsule("targets"),
            "metrics-receivers" => Self::Capsules("metrics-receiver"),
            "logs-receivers" => Self::Capsules("logs-receiver"),
            "consumers" => Self::Consumers,
            "any" => Self::Any,
            other => panic!("there is no type {other}"),
        }
    }

    /// Whether a value may be of it, as far as the value itself tells.
    pub(crate) fn takes(self, value: &Value) -> bool {
        let all = |inner: Self| matches!(value, Value::List(values) if values.iter().all(|value| inner.takes(value)));
        match self {
            Self::Text => is_text(value),
            Self::Texts => all(Self::Text),
            Self::Number => matches!(value, Value::Number(_)),
            Self::Flag => matches!(value, Value::Name(name) if ["true", "false"].contains(&name.as_str())),
            Self::Duration => matches!(value, Value::Text(text) if is_duration(text)),
            Self::Durations => all(Self::Duration),
            Self::Size => matches!(value, Value::Text(text) if is_size(text)),
            Self::Map => matches!(value, Value::Object(_)),
            // Targets may be written out.
            Self::Capsule("targets") => is_reference(value) || all(Self::Map),
            Self::Capsule(_) => is_reference(value),
            Self::Capsules(_) | Self::Consumers => {
                matches!(value, Value::List(values) if values.iter().all(is_reference))
            }
            Self::Any => true,
        }
    }
}

/// Functions give texts, and texts can be put together.
fn is_text(value: &Value) -> bool {
    match value {
        Value::Text(_) | Value::Call(..) => true,
        Value::Terms(terms) => terms.iter().all(is_text),
        _ => false,
    }
}

fn is_reference(value: &Value) -> bool {
    matches!(value, Value::Name(name) if name.contains('.'))
}

/// As Go reads it, without fractions.
fn is_duration(text: &str) -> bool {
    is_made_of(text, &["ns", "us", "ms", "s", "m", "h"])
}

fn is_size(text: &str) -> bool {
    is_made_of(text, &["B", "KB", "MB", "GB", "KiB", "MiB", "GiB"])
}

/// Numbers with units behind them.
fn is_made_of(text: &str, units: &[&str]) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let end = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        if behind.len() == rest.len() || !units.contains(&&behind[..end]) {
            return false;
        }
        rest = &behind[end..];
    }
    !text.is_empty()
}

#[test]
fn durations_and_sizes_are_told_from_texts() {
    assert!(["0s", "60s", "1m30s", "500ms"].iter().all(|text| is_duration(text)));
    assert!(!["", "60", "s", "1d", "1 s", "60S"].iter().any(|text| is_duration(text)));
    assert!(is_size("350MiB") && !is_size("350M") && !is_size("350"));
}
