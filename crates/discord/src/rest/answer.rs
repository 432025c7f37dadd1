//! What Discord answered: its limits from the headers, its complaint from the body.

use crate::RestError;
use crate::limiter::{Report, Scope};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::Deserialize;
use serde_json::Value;
use std::str::FromStr;
use std::time::Duration;

/// Characters of Discord's complaint that are kept.
const COMPLAINT_MAX_CHARS: usize = 300;

/// Reads Discord's rate limit headers ("Rate Limits", "Header Format").
pub(super) fn report(status: u16, headers: &HeaderMap) -> Report {
    Report {
        status: Some(status),
        bucket: text(headers, "x-ratelimit-bucket").map(ToOwned::to_owned),
        limit: number(headers, "x-ratelimit-limit"),
        remaining: number(headers, "x-ratelimit-remaining"),
        reset_after: seconds(headers, "x-ratelimit-reset-after"),
        retry_after: seconds(headers, RETRY_AFTER.as_str()),
        scope: scope(headers),
    }
}

/// A 429 that names no scope comes from Discord's edge, which refuses the whole address.
fn scope(headers: &HeaderMap) -> Scope {
    match text(headers, "x-ratelimit-scope") {
        Some("shared") => Scope::Shared,
        Some("user") if text(headers, "x-ratelimit-global").is_none() => Scope::Own,
        _ => Scope::Global,
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn number<T: FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
    text(headers, name).and_then(|value| value.parse().ok())
}

fn seconds(headers: &HeaderMap, name: &str) -> Option<Duration> {
    number(headers, name).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(default)]
    code: u32,
    #[serde(default)]
    message: String,
    retry_after: Option<f64>,
    #[serde(default)]
    errors: Value,
}

/// The error that an answer other than 2xx stands for.
pub(super) fn refusal(status: u16, report: &Report, body: &[u8]) -> RestError {
    let Ok(complaint) = serde_json::from_slice::<Complaint>(body) else {
        return RestError::Unreadable { status };
    };
    let named = complaint.retry_after.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let mut message = complaint.message;
    faults(&complaint.errors, &mut String::new(), &mut message);
    RestError::Refused {
        status,
        code: complaint.code,
        message: crate::message::text::cut(&message, COMPLAINT_MAX_CHARS),
        retry_after: named.or(report.retry_after),
    }
}

/// Adds the codes of a form's faults with the fields that they are at: `; embeds.0.title BASE_TYPE_MAX_LENGTH`.
/// Discord's sentences stay out: they may repeat what a person wrote.
fn faults(errors: &Value, at: &mut String, message: &mut String) {
    let Value::Object(fields) = errors else { return };
    for (name, inner) in fields {
        if name == "_errors" {
            for code in inner.as_array().into_iter().flatten().filter_map(|fault| fault["code"].as_str()) {
                message.push_str("; ");
                message.push_str(at.trim_start_matches('.'));
                message.push(' ');
                message.push_str(code);
            }
            continue;
        }
        let length = at.len();
        at.push('.');
        at.push_str(name);
        faults(inner, at, message);
        at.truncate(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_error_names_its_fields() {
        let body = br#"{"code": 50035, "message": "Invalid Form Body", "errors": {"embeds": {"0": {"title":
            {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 256 or fewer in length."}]}}}}}"#;
        let error = refusal(400, &Report::default(), body);
        insta::assert_snapshot!(
            error,
            @"Discord refused with 400: Invalid Form Body; embeds.0.title BASE_TYPE_MAX_LENGTH (50035)"
        );
    }

    #[test]
    fn a_page_in_discords_place_is_no_refusal() {
        let error = refusal(502, &Report::default(), b"<html>Bad gateway</html>");
        insta::assert_snapshot!(error, @"Discord's answer (502) could not be read");
    }
}
