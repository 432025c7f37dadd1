//! What the other side's answer means: OTLP specification, "Failures" of OTLP/HTTP.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceResponse, metrics::v1::ExportMetricsServiceResponse,
    trace::v1::ExportTraceServiceResponse,
};
use prost::Message as _;

use crate::signal::Signal;

/// The other side may ask to be left alone for so long; nobody comes back after a year.
const LONGEST_ASKED: Duration = Duration::from_mins(5);

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Taken, but for so many items.
    Taken { rejected: u64 },
    /// Not now; perhaps after a pause that the other side asks for.
    Later { pause: Option<Duration>, reason: String },
    /// Not so much at once.
    TooLarge { reason: String },
    /// This request never.
    Never { reason: String },
}

/// Reads an answer.
///
/// Only what is about the request itself is final. A wrong password or a wrong address (401, 403, 404) is mended by
/// the operator, and until then the queue keeps what it can.
pub(super) fn read(signal: Signal, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Answer {
    let reason = || format!("it answers {status}");
    match status.as_u16() {
        200..=299 => Answer::Taken { rejected: rejected(signal, body) },
        413 => Answer::TooLarge { reason: reason() },
        400 | 415 | 422 => Answer::Never { reason: reason() },
        _ => {
            let pause = retry_after(headers).map(|asked| asked.min(LONGEST_ASKED));
            Answer::Later { pause, reason: reason() }
        }
    }
}

fn rejected(signal: Signal, body: &[u8]) -> u64 {
    let rejected = match signal {
        Signal::Traces => ExportTraceServiceResponse::decode(body)
            .ok()
            .and_then(|answer| Some(answer.partial_success?.rejected_spans)),
        Signal::Metrics => ExportMetricsServiceResponse::decode(body)
            .ok()
            .and_then(|answer| Some(answer.partial_success?.rejected_data_points)),
        Signal::Logs => ExportLogsServiceResponse::decode(body)
            .ok()
            .and_then(|answer| Some(answer.partial_success?.rejected_log_records)),
    };
    rejected.and_then(|count| u64::try_from(count).ok()).unwrap_or_default()
}

/// Seconds, or a date by the other side's own clock (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let its_now = httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()?;
    httpdate::parse_http_date(text).ok()?.duration_since(its_now).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wrong_with_the_request_is_final() {
        let is_final = |status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            !matches!(
                read(Signal::Logs, status, &HeaderMap::new(), b""),
                Answer::Later { .. } | Answer::Taken { .. }
            )
        };
        assert_eq!((300..600).filter(|status| is_final(*status)).collect::<Vec<_>>(), [400, 413, 415, 422]);
    }

    #[test]
    fn the_other_side_says_how_long_to_wait() {
        let pause = |pairs: &[(header::HeaderName, &'static str)]| {
            let headers =
                pairs.iter().map(|(name, value)| (name.clone(), header::HeaderValue::from_static(value)));
            retry_after(&headers.collect())
        };
        assert_eq!(pause(&[(header::RETRY_AFTER, "7")]), Some(Duration::from_secs(7)));
        let date = (header::DATE, "Sun, 22 Nov 2026 18:00:00 GMT");
        let later = (header::RETRY_AFTER, "Sun, 22 Nov 2026 18:01:30 GMT");
        assert_eq!(pause(&[date, later.clone()]), Some(Duration::from_secs(90)));
        assert_eq!(pause(&[later]), None);
        let headers =
            [(header::RETRY_AFTER, header::HeaderValue::from_static("99999999999"))].into_iter().collect();
        let answer = read(Signal::Logs, StatusCode::SERVICE_UNAVAILABLE, &headers, b"");
        assert!(matches!(answer, Answer::Later { pause: Some(LONGEST_ASKED), .. }), "{answer:?}");
    }
}
