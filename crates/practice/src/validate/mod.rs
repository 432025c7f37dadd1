//! Request bodies against Discord's limits; what passes comes out as values that can't be wrong.

mod answers;
mod commands;
mod components;
mod embeds;
mod fields;

pub(crate) use answers::{choices, form};
pub(crate) use commands::{command, commands};

use crate::errors::{ApiError, Code, Problems};
use crate::state::{AllowedMentions, Snowflake};
use fields::{boolean, flags, list, text};
use serde_json::{Map, Value};

const CONTENT_LIMIT: usize = 2000;
const NONCE_LIMIT: usize = 25;
const MENTIONS_LIMIT: usize = 100;
/// `SUPPRESS_EMBEDS`, EPHEMERAL, `SUPPRESS_NOTIFICATIONS`.
const SETTABLE_FLAGS: u64 = 1 << 2 | 1 << 6 | 1 << 12;

/// A message as a request describes it; a field that is `None` was left out.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) content: Option<String>,
    pub(crate) embeds: Option<Vec<Value>>,
    pub(crate) components: Option<Vec<Value>>,
    pub(crate) flags: u64,
    pub(crate) allowed_mentions: Option<AllowedMentions>,
    pub(crate) nonce: Option<Value>,
    pub(crate) enforce_nonce: bool,
}

impl Draft {
    /// A message with nothing to see in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.content.as_ref().is_none_or(|content| content.trim().is_empty())
            && self.embeds.as_ref().is_none_or(Vec::is_empty)
            && self.components.as_ref().is_none_or(Vec::is_empty)
    }
}

/// Whether a message is made or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Create,
    Edit,
}

/// Reads a message body. With `mentions_required`, a text without `allowed_mentions` is refused.
pub(crate) fn message(body: &Value, purpose: Purpose, mentions_required: bool) -> Result<Draft, ApiError> {
    let mut problems = Problems::default();
    let Some(body) = body.as_object() else {
        return Err(
            Problems::one("", "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType").into()
        );
    };
    let draft = Draft {
        content: content(body, &mut problems),
        embeds: embeds::read(body, &mut problems),
        components: components::read(body, &mut problems),
        flags: flags(body, SETTABLE_FLAGS, &mut problems),
        allowed_mentions: allowed_mentions(body, &mut problems),
        nonce: nonce(body, &mut problems),
        enforce_nonce: boolean(body, "enforce_nonce", &mut problems),
    };
    let can_mention =
        purpose == Purpose::Create || draft.content.as_ref().is_some_and(|text| !text.is_empty());
    if mentions_required && can_mention && draft.allowed_mentions.is_none() {
        problems.add("allowed_mentions", "PRACTICE_ALLOWED_MENTIONS_REQUIRED", MENTIONS_SENTENCE);
    }
    problems.into_result()?;
    if purpose == Purpose::Create && draft.is_empty() {
        return Err(Code::EmptyMessage.into());
    }
    Ok(draft)
}

const MENTIONS_SENTENCE: &str = "The practice Discord wants every message to say whom it may mention. \
    Discord itself doesn't: switch the fault setting require_allowed_mentions off for other libraries.";

fn content(body: &Map<String, Value>, problems: &mut Problems) -> Option<String> {
    let value = body.get("content")?;
    if value.is_null() {
        return Some(String::new());
    }
    text(value, "content", CONTENT_LIMIT, problems).map(str::to_owned)
}

fn nonce(body: &Map<String, Value>, problems: &mut Problems) -> Option<Value> {
    let value = body.get("nonce").filter(|value| !value.is_null())?;
    match value {
        Value::Number(number) if number.is_i64() || number.is_u64() => {}
        Value::String(text) => problems.at_most("nonce", text.chars().count(), NONCE_LIMIT),
        _ => problems.add("nonce", "NONCE_TYPE_INVALID", "Must be a string or integer."),
    }
    Some(value.clone())
}

fn allowed_mentions(body: &Map<String, Value>, problems: &mut Problems) -> Option<AllowedMentions> {
    let value = body.get("allowed_mentions").filter(|value| !value.is_null())?;
    let Some(value) = value.as_object() else {
        problems.add(
            "allowed_mentions",
            "MODEL_TYPE_CONVERT",
            "Only dictionaries may be used in a ModelType",
        );
        return None;
    };
    let mut allowed = AllowedMentions {
        users: mention_ids(value, "users", problems),
        roles: mention_ids(value, "roles", problems),
        ..AllowedMentions::default()
    };
    for (at, kind) in list(value, "parse", "allowed_mentions.parse", problems).iter().enumerate() {
        match kind.as_str() {
            Some("users") => allowed.parse_users = true,
            Some("roles") => allowed.parse_roles = true,
            Some("everyone") => allowed.parse_everyone = true,
            _ => problems.choice(&format!("allowed_mentions.parse.{at}"), "'users', 'roles', 'everyone'"),
        }
    }
    let both =
        (allowed.parse_users && !allowed.users.is_empty(), allowed.parse_roles && !allowed.roles.is_empty());
    if both.0 || both.1 {
        let message = "parse:[\"users\"] and users: [ids...] are mutually exclusive.";
        problems.add("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message);
    }
    Some(allowed)
}

fn mention_ids(value: &Map<String, Value>, name: &str, problems: &mut Problems) -> Vec<Snowflake> {
    let path = format!("allowed_mentions.{name}");
    let ids = list(value, name, &path, problems);
    problems.at_most(&path, ids.len(), MENTIONS_LIMIT);
    let mut known = Vec::new();
    for (at, id) in ids.iter().enumerate() {
        if let Ok(id) = serde_json::from_value(id.clone()) {
            known.push(id);
        } else {
            let message = format!("Value {id} is not snowflake.");
            problems.add(&format!("{path}.{at}"), "NUMBER_TYPE_COERCE", message);
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_message_needs_something_to_see() {
        let refused = message(&json!({ "content": " " }), Purpose::Create, false).unwrap_err();
        assert!(matches!(refused, ApiError::Refused(Code::EmptyMessage)), "{refused:?}");
        assert!(message(&json!({ "content": " " }), Purpose::Edit, false).is_ok());
    }

    #[test]
    fn a_message_has_to_say_whom_it_may_mention_while_that_is_asked() {
        let silent = json!({ "content": "hello" });
        assert!(message(&silent, Purpose::Create, true).is_err());
        assert!(message(&silent, Purpose::Create, false).is_ok());
        let said = json!({ "content": "hello", "allowed_mentions": { "parse": [] } });
        assert!(message(&said, Purpose::Create, true).is_ok());
    }
}
