//! Typed reading of single fields; what has the wrong type is noted and left out.

use crate::errors::Problems;
use serde_json::{Map, Value};

/// A text of at most `most` characters.
pub(super) fn text<'a>(
    value: &'a Value,
    path: &str,
    most: usize,
    problems: &mut Problems,
) -> Option<&'a str> {
    let Some(text) = value.as_str() else {
        problems.add(path, "STRING_TYPE_CONVERT", format!("Could not interpret \"{value}\" as string."));
        return None;
    };
    problems.at_most(path, text.chars().count(), most);
    Some(text)
}

/// The text field `name`, of at most `most` characters, when it is there.
pub(super) fn optional_text<'a>(
    object: &'a Value,
    name: &str,
    path: &str,
    most: usize,
    problems: &mut Problems,
) -> Option<&'a str> {
    let value = object.get(name).filter(|value| !value.is_null())?;
    text(value, &join(path, name), most, problems)
}

/// The text field `name`, which has to be there with `1..=most` characters.
pub(super) fn required_text(object: &Value, name: &str, path: &str, most: usize, problems: &mut Problems) {
    let path = join(path, name);
    match object.get(name).filter(|value| !value.is_null()) {
        None => problems.required(&path),
        Some(Value::String(text)) if text.trim().is_empty() => problems.required(&path),
        Some(value) => {
            text(value, &path, most, problems);
        }
    }
}

/// The list field `name`; nothing when it is missing or null.
pub(super) fn list<'a>(
    object: &'a Map<String, Value>,
    name: &str,
    path: &str,
    problems: &mut Problems,
) -> &'a [Value] {
    match object.get(name) {
        None | Some(Value::Null) => &[],
        Some(Value::Array(items)) => items,
        Some(_) => {
            problems.add(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
            &[]
        }
    }
}

/// The boolean field `name`; false when it is missing or null.
pub(super) fn boolean(object: &Map<String, Value>, name: &str, problems: &mut Problems) -> bool {
    match object.get(name) {
        None | Some(Value::Null) => false,
        Some(Value::Bool(value)) => *value,
        Some(other) => {
            problems.add(
                name,
                "BOOLEAN_TYPE_CONVERT",
                format!("Could not interpret \"{other}\" as boolean."),
            );
            false
        }
    }
}

/// The field `flags`, of which only the bits in `settable` are taken over; components v2 is refused.
pub(super) fn flags(object: &Map<String, Value>, settable: u64, problems: &mut Problems) -> u64 {
    const IS_COMPONENTS_V2: u64 = 1 << 15;
    let Some(value) = object.get("flags").filter(|value| !value.is_null()) else { return 0 };
    let Some(bits) = value.as_u64() else {
        problems.add("flags", "NUMBER_TYPE_COERCE", format!("Value {value} is not int."));
        return 0;
    };
    if bits & IS_COMPONENTS_V2 != 0 {
        let message = "The practice Discord knows action rows and what stands in them, not components v2.";
        problems.add("flags", "PRACTICE_COMPONENTS_V2_UNSUPPORTED", message);
    }
    bits & settable
}

/// A step further down a path.
pub(super) fn join(path: &str, step: &str) -> String {
    if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") }
}
