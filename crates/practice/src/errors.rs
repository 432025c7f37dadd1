//! What a refused request is told, in Discord's words.
//!
//! Codes, statuses and the nested `errors` object follow Discord's "Opcodes and Status Codes" and
//! "Reference: Error Messages".

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Map, Value, json};

/// A refused request.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// No `Authorization` header, or one that isn't the bot's.
    Unauthorized,
    /// No such route.
    NoRoute,
    /// A known route, but not with this method.
    WrongMethod,
    /// One of Discord's numbered refusals.
    Refused(Code),
    /// A body or parameter that fails validation (50035).
    Invalid(Problems),
    /// The service is out, as a fault asks for.
    Unavailable,
}

/// Discord's numbered refusals that this server gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    UnknownApplication,
    UnknownChannel,
    UnknownGuild,
    UnknownMember,
    UnknownMessage,
    UnknownUser,
    UnknownWebhook,
    UnknownInteraction,
    UnknownCommand,
    BodyTooLarge,
    AlreadyAcknowledged,
    MissingAccess,
    ForeignMessage,
    EmptyMessage,
    ClosedDirectMessages,
    NonTextChannel,
    MissingPermissions,
    InvalidWebhookToken,
    InvalidVersion,
    InvalidJson,
}

impl Code {
    /// HTTP status, JSON code and message.
    fn parts(self) -> (StatusCode, u32, &'static str) {
        use StatusCode as S;
        match self {
            Self::UnknownApplication => (S::NOT_FOUND, 10002, "Unknown Application"),
            Self::UnknownChannel => (S::NOT_FOUND, 10003, "Unknown Channel"),
            Self::UnknownGuild => (S::NOT_FOUND, 10004, "Unknown Guild"),
            Self::UnknownMember => (S::NOT_FOUND, 10007, "Unknown Member"),
            Self::UnknownMessage => (S::NOT_FOUND, 10008, "Unknown Message"),
            Self::UnknownUser => (S::NOT_FOUND, 10013, "Unknown User"),
            Self::UnknownWebhook => (S::NOT_FOUND, 10015, "Unknown Webhook"),
            Self::UnknownInteraction => (S::NOT_FOUND, 10062, "Unknown interaction"),
            Self::UnknownCommand => (S::NOT_FOUND, 10063, "Unknown application command"),
            Self::BodyTooLarge => (S::PAYLOAD_TOO_LARGE, 40005, "Request entity too large"),
            Self::AlreadyAcknowledged => {
                (S::BAD_REQUEST, 40060, "Interaction has already been acknowledged.")
            }
            Self::MissingAccess => (S::FORBIDDEN, 50001, "Missing Access"),
            Self::ForeignMessage => (S::FORBIDDEN, 50005, "Cannot edit a message authored by another user"),
            Self::EmptyMessage => (S::BAD_REQUEST, 50006, "Cannot send an empty message"),
            Self::ClosedDirectMessages => (S::FORBIDDEN, 50007, "Cannot send messages to this user"),
            Self::NonTextChannel => (S::BAD_REQUEST, 50008, "Cannot send messages in a non-text channel"),
            Self::MissingPermissions => (S::FORBIDDEN, 50013, "Missing Permissions"),
            Self::InvalidWebhookToken => (S::UNAUTHORIZED, 50027, "Invalid Webhook Token"),
            Self::InvalidVersion => (S::BAD_REQUEST, 50041, "Invalid API version"),
            Self::InvalidJson => (S::BAD_REQUEST, 50109, "The request body contains invalid JSON."),
        }
    }
}

impl From<Code> for ApiError {
    fn from(code: Code) -> Self {
        Self::Refused(code)
    }
}

impl From<Problems> for ApiError {
    fn from(problems: Problems) -> Self {
        Self::Invalid(problems)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let general = |status: StatusCode, message: &str| {
            (status, Json(json!({ "message": message, "code": 0 }))).into_response()
        };
        match self {
            Self::Unauthorized => general(StatusCode::UNAUTHORIZED, "401: Unauthorized"),
            Self::NoRoute => general(StatusCode::NOT_FOUND, "404: Not Found"),
            Self::WrongMethod => general(StatusCode::METHOD_NOT_ALLOWED, "405: Method Not Allowed"),
            Self::Refused(code) => {
                let (status, number, message) = code.parts();
                (status, Json(json!({ "message": message, "code": number }))).into_response()
            }
            Self::Invalid(problems) => {
                let body =
                    json!({ "message": "Invalid Form Body", "code": 50035, "errors": problems.to_json() });
                (StatusCode::BAD_REQUEST, Json(body)).into_response()
            }
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "upstream connect error").into_response(),
        }
    }
}

/// What is wrong with a body, by field.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    root: Map<String, Value>,
}

impl Problems {
    /// One problem of one field.
    pub(crate) fn one(path: &str, code: &str, message: impl Into<String>) -> Self {
        let mut problems = Self::default();
        problems.add(path, code, message);
        problems
    }

    /// Notes a problem of the field at `path`, whose steps are separated by dots (`embeds.0.title`).
    pub(crate) fn add(&mut self, path: &str, code: &str, message: impl Into<String>) {
        let mut node = &mut self.root;
        for step in path.split('.').filter(|step| !step.is_empty()) {
            let child = node.entry(step).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(child) = child else { return };
            node = child;
        }
        let list = node.entry("_errors").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            list.push(json!({ "code": code, "message": message.into() }));
        }
    }

    /// The field is missing.
    pub(crate) fn required(&mut self, path: &str) {
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required");
    }

    /// The value isn't one of `choices`.
    pub(crate) fn choice(&mut self, path: &str, choices: &str) {
        self.add(path, "BASE_TYPE_CHOICES", format!("Value must be one of {{{choices}}}."));
    }

    /// Notes when a text or list of `length` is over `most`.
    pub(crate) fn at_most(&mut self, path: &str, length: usize, most: usize) {
        if length > most {
            self.add(path, "BASE_TYPE_MAX_LENGTH", format!("Must be {most} or fewer in length."));
        }
    }

    /// Notes when a text or list of `length` isn't within `least..=most`.
    pub(crate) fn between(&mut self, path: &str, length: usize, least: usize, most: usize) {
        if length < least || length > most {
            let message = format!("Must be between {least} and {most} in length.");
            self.add(path, "BASE_TYPE_BAD_LENGTH", message);
        }
    }

    /// The same problems one step further down.
    pub(crate) fn under(self, step: &str) -> Self {
        Self { root: Map::from_iter([(step.to_owned(), Value::Object(self.root))]) }
    }

    /// `Ok` when nothing was noted.
    pub(crate) fn into_result(self) -> Result<(), Self> {
        if self.root.is_empty() { Ok(()) } else { Err(self) }
    }

    fn to_json(&self) -> Value {
        Value::Object(self.root.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_nest_by_field() {
        let mut problems = Problems::default();
        problems.at_most("embeds.0.title", 300, 256);
        problems.required("content");
        insta::assert_json_snapshot!(problems.to_json(), @r#"
        {
          "content": {
            "_errors": [
              {
                "code": "BASE_TYPE_REQUIRED",
                "message": "This field is required"
              }
            ]
          },
          "embeds": {
            "0": {
              "title": {
                "_errors": [
                  {
                    "code": "BASE_TYPE_MAX_LENGTH",
                    "message": "Must be 256 or fewer in length."
                  }
                ]
              }
            }
          }
        }
        "#);
    }
}
