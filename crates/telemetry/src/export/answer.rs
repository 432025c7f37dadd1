//! What a receiver's answer means, after the OTLP specification
//! (<https://opentelemetry.io/docs/specs/otlp/>).

use std::borrow::Cow;
use std::time::Duration;

use http::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use tonic::Code;

use super::Kind;

/// What one attempt to deliver came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It was taken, but for so many items.
    Taken { rejected: u64 },
    /// It may be taken later.
    Later(Failure, Option<Duration>),
    /// It will never be taken.
    Never(Failure),
}

/// Why it was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The `error.type` that it is counted under: one of few words, a status.
    pub(crate) error_type: Cow<'static, str>,
    /// For a person.
    pub(crate) reason: String,
}

impl Failure {
    pub(crate) fn new(error_type: impl Into<Cow<'static, str>>, reason: impl Into<String>) -> Self {
        Self { error_type: error_type.into(), reason: reason.into() }
    }
}

/// Reads an HTTP answer.
pub(crate) fn of_http(kind: Kind, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Answer {
    if status.is_success() {
        return success(kind, headers, body);
    }
    let failure = Failure::new(status.as_u16().to_string(), format!("it answers {status}"));
    match status.as_u16() {
        429 | 502 | 503 | 504 => Answer::Later(failure, retry_after(headers)),
        _ => Answer::Never(failure),
    }
}

/// Reads a gRPC status that is not OK.
pub(crate) fn of_grpc(status: &tonic::Status) -> Answer {
    let failure = Failure::new(code_name(status.code()), format!("it answers {:?}", status.code()));
    let retry_info = retry_delay(status.details());
    match status.code() {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => Answer::Later(failure, retry_info),
        Code::ResourceExhausted if retry_info.is_some() => Answer::Later(failure, retry_info),
        _ => Answer::Never(failure),
    }
}

/// Reads the message of an answer that says it is well.
pub(crate) fn of_message(kind: Kind, body: &[u8]) -> Answer {
    match rejected_items(kind, body) {
        Ok(rejected) => Answer::Taken { rejected: u64::try_from(rejected).unwrap_or(0) },
        Err(_) => Answer::Never(Failure::new("invalid_response", "its answer is no OTLP")),
    }
}

/// A page that says 200 is no receiver: who answers in neither protobuf nor JSON took nothing.
fn success(kind: Kind, headers: &HeaderMap, body: &[u8]) -> Answer {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match content_type.split(';').next().unwrap_or_default().trim() {
        _ if body.is_empty() => Answer::Taken { rejected: 0 },
        "application/json" => of_json(kind, body),
        "application/x-protobuf" | "" => of_message(kind, body),
        other => Answer::Never(Failure::new("invalid_response", format!("it answers in {other:.40}"))),
    }
}

/// Some receivers answer protobuf with JSON; 64-bit numbers are text there.
fn of_json(kind: Kind, body: &[u8]) -> Answer {
    let Ok(answer) = serde_json::from_slice::<serde_json::Value>(body) else {
        return Answer::Never(Failure::new("invalid_response", "its answer is no JSON"));
    };
    let rejected = &answer["partialSuccess"][kind.rejected_field()];
    let count = rejected.as_u64().or_else(|| rejected.as_str()?.parse().ok());
    Answer::Taken { rejected: count.unwrap_or(0) }
}

fn rejected_items(kind: Kind, body: &[u8]) -> Result<i64, prost::DecodeError> {
    Ok(match kind {
        Kind::Traces => {
            let answer = ExportTraceServiceResponse::decode(body)?;
            answer.partial_success.map_or(0, |partial| partial.rejected_spans)
        }
        Kind::Metrics => {
            let answer = ExportMetricsServiceResponse::decode(body)?;
            answer.partial_success.map_or(0, |partial| partial.rejected_data_points)
        }
        Kind::Logs => {
            let answer = ExportLogsServiceResponse::decode(body)?;
            answer.partial_success.map_or(0, |partial| partial.rejected_log_records)
        }
    })
}

/// Seconds, or a date, which is compared with the receiver's own clock (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let now = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    httpdate::parse_http_date(text).ok()?.duration_since(now).ok()
}

/// `google.rpc.Status`, as gRPC carries it beside the code.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct RpcStatus {
    #[prost(message, repeated, tag = "3")]
    pub(crate) details: Vec<RpcDetail>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct RpcDetail {
    #[prost(string, tag = "1")]
    pub(crate) type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) value: Vec<u8>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    pub(crate) retry_delay: Option<RpcDuration>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct RpcDuration {
    #[prost(int64, tag = "1")]
    pub(crate) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(crate) nanos: i32,
}

fn retry_delay(details: &[u8]) -> Option<Duration> {
    let status = RpcStatus::decode(details).ok()?;
    let detail = status.details.iter().find(|detail| detail.type_url.ends_with("/google.rpc.RetryInfo"))?;
    let delay = RetryInfo::decode(detail.value.as_slice()).ok()?.retry_delay?;
    Some(Duration::new(delay.seconds.try_into().ok()?, delay.nanos.try_into().ok()?))
}

/// As the conventions write gRPC's codes.
const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(http::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn what_may_be_tried_again_is_what_the_specification_says() {
        let again = |status: u16| {
            let status = StatusCode::from_u16(status).expect("it is a status");
            matches!(of_http(Kind::Traces, status, &HeaderMap::new(), b""), Answer::Later(..))
        };
        let tried_again: Vec<u16> = (400..600).filter(|status| again(*status)).collect();

        assert_eq!(tried_again, [429, 502, 503, 504]);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_by_the_receivers_clock() {
        let wait = |pairs: &[_]| retry_after(&headers(pairs));

        assert_eq!(wait(&[(RETRY_AFTER, "7")]), Some(Duration::from_secs(7)));
        let date = (DATE, "Sun, 22 Nov 2026 18:00:00 GMT");
        let later = (RETRY_AFTER, "Sun, 22 Nov 2026 18:01:30 GMT");
        assert_eq!(wait(&[date.clone(), later.clone()]), Some(Duration::from_secs(90)));
        assert_eq!(wait(&[later]), None, "without the receiver's clock a date says nothing");
        assert_eq!(wait(&[(RETRY_AFTER, "soon")]), None);
        assert_eq!(wait(&[(RETRY_AFTER, "-1")]), None);
    }

    #[test]
    fn a_page_is_no_receiver() {
        let html = headers(&[(CONTENT_TYPE, "text/html; charset=utf-8")]);
        let protobuf = headers(&[(CONTENT_TYPE, "application/x-protobuf")]);
        let json = headers(&[(CONTENT_TYPE, "application/json")]);
        let error_type =
            |headers: &HeaderMap, body: &[u8]| match of_http(Kind::Logs, StatusCode::OK, headers, body) {
                Answer::Never(failure) => failure.error_type.into_owned(),
                other => format!("{other:?}"),
            };

        assert_eq!(error_type(&html, b"<html>"), "invalid_response");
        assert_eq!(error_type(&protobuf, b"\xff\xff\xff"), "invalid_response");
        assert_eq!(error_type(&json, b"{"), "invalid_response");
        assert_eq!(error_type(&html, b""), "Taken { rejected: 0 }");
        let partial = br#"{"partialSuccess":{"rejectedLogRecords":"3"}}"#;
        assert_eq!(error_type(&json, partial), "Taken { rejected: 3 }");
    }

    #[test]
    fn grpc_is_tried_again_when_the_server_says_when() {
        let delay = RetryInfo { retry_delay: Some(RpcDuration { seconds: 1, nanos: 500_000_000 }) };
        let detail = RpcDetail {
            type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
            value: delay.encode_to_vec(),
        };
        let details = RpcStatus { details: vec![detail] }.encode_to_vec();
        let told = tonic::Status::with_details(Code::ResourceExhausted, "", details.into());
        let untold = tonic::Status::new(Code::ResourceExhausted, "");

        assert!(
            matches!(of_grpc(&told), Answer::Later(_, Some(wait)) if wait == Duration::from_millis(1_500))
        );
        assert!(
            matches!(of_grpc(&untold), Answer::Never(failure) if failure.error_type == "RESOURCE_EXHAUSTED")
        );
        let garbage = tonic::Status::with_details(Code::Unavailable, "", vec![0xff; 9].into());
        assert!(matches!(of_grpc(&garbage), Answer::Later(_, None)));
    }
}
