//! A JSON body.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use crate::problem::{BODY_TOO_LARGE, MALFORMED_JSON, MALFORMED_REQUEST, Problem, UNSUPPORTED_MEDIA_TYPE};

/// A body of `application/json`. What is wrong is told apart: not JSON (415, 400), or JSON that can't be so
/// (422).
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        if !is_json(request.headers()) {
            return Err(Problem::new(&UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json."));
        }
        read(&body(request, state).await?).map(Self)
    }
}

/// The whole body, up to the limit.
pub(crate) async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Problem::new(&BODY_TOO_LARGE, "The body has more than 1 MiB.")
        } else {
            Problem::new(&MALFORMED_REQUEST, "The body ended early.")
        }
    })
}

/// `application/json` or `application/…+json`, with or without parameters.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Reads JSON, pointing to the place that can't be so.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        refuse(error.inner(), pointer)
    })?;
    deserializer.end().map_err(|error| refuse(&error, String::new()))?;
    Ok(value)
}

fn refuse(error: &serde_json::Error, pointer: String) -> Problem {
    match error.classify() {
        Category::Data => Problem::invalid_field(pointer, sentence(error)),
        Category::Syntax | Category::Eof | Category::Io => {
            let place = format!("It stops making sense at line {}, column {}.", error.line(), error.column());
            Problem::new(&MALFORMED_JSON, place)
        }
    }
}

/// What serde says, without the place in the text, as a sentence.
fn sentence(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    let mut letters = said.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// RFC 6901.
fn pointer(path: &Path) -> String {
    path.iter()
        .map(|segment| match segment {
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Seq { index } => format!("/{index}"),
            Segment::Enum { .. } | Segment::Unknown => String::new(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the reading matters")]
    struct Body {
        title: String,
        reminders: Option<Vec<u32>>,
    }

    fn refused(text: &str) -> String {
        let problem = read::<Body>(text.as_bytes()).unwrap_err();
        let errors: Vec<_> = problem
            .errors
            .iter()
            .map(|it| format!("{} {}", it.pointer.as_deref().unwrap_or("-"), it.detail))
            .collect();
        format!("{} {} {}", problem.kind.status, problem.kind.slug, errors.join("; "))
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        insta::assert_snapshot!(refused("{\"title\": "), @"400 malformed-json ");
        insta::assert_snapshot!(refused("{\"title\": \"a\"} x"), @"400 malformed-json ");
        insta::assert_snapshot!(refused("{\"title\": 1}"), @"422 invalid-input /title Invalid type: integer `1`, expected a string.");
        insta::assert_snapshot!(refused("{\"title\": \"a\", \"reminders\": [1, -2]}"), @"422 invalid-input /reminders/1 Invalid value: integer `-2`, expected u32.");
        insta::assert_snapshot!(refused("{\"title\": \"a\", \"a/b\": 1}"), @"422 invalid-input /a~1b Unknown field `a/b`, expected `title` or `reminders`.");
        insta::assert_snapshot!(refused("{}"), @"422 invalid-input  Missing field `title`.");
    }
}
