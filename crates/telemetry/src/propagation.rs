//! Trace context as it is stored in rows and sent in message headers: W3C `traceparent` and `tracestate`.

use std::str::FromStr as _;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use serde::{Deserialize, Serialize};

/// Longest header that is looked at, in bytes; later versions may add fields.
const TRACEPARENT_LIMIT_BYTES: usize = 256;
/// Longest state that is passed on, in bytes: what W3C wants everybody to pass on.
const TRACESTATE_LIMIT_BYTES: usize = 512;

/// Where in which trace something happened (<https://www.w3.org/TR/trace-context/>); empty when nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TraceContext {
    /// `version-traceid-spanid-flags`, or the empty string.
    pub traceparent: String,
    /// Vendors' additions, in list form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracestate: Option<String>,
}

/// Marks contexts that stay in their service, because the operator wants no propagation.
#[derive(Debug)]
pub(crate) struct Unpropagated;

impl TraceContext {
    /// The context of the span that is current, empty when there is none.
    pub fn current() -> Self {
        Context::map_current(Self::of)
    }

    /// The context of the span in `context`, empty when there is none.
    pub fn of(context: &Context) -> Self {
        let span = context.span();
        let here = span.span_context();
        if !here.is_valid() || context.get::<Unpropagated>().is_some() {
            return Self::default();
        }
        let flags = here.trace_flags() & TraceFlags::SAMPLED;
        let (trace, span) = (hex(&here.trace_id().to_bytes()), hex(&here.span_id().to_bytes()));
        let state = Some(here.trace_state()).filter(|state| **state != TraceState::NONE);
        Self {
            traceparent: ["00", &trace, &span, &hex(&[flags.to_u8()])].join("-"),
            tracestate: state.map(TraceState::header).filter(|state| !state.is_empty()),
        }
    }

    /// Reads header or column values; anything invalid gives an empty context, and a state that is malformed or
    /// too long is left out: nobody passes it on.
    pub fn parse(traceparent: Option<&str>, tracestate: Option<&str>) -> Self {
        let Some(traceparent) = traceparent.filter(|given| ids(given).is_some()) else {
            return Self::default();
        };
        let tracestate = tracestate.filter(|given| state(given).is_some());
        Self { traceparent: traceparent.into(), tracestate: tracestate.map(Into::into) }
    }

    /// Whether it points nowhere.
    pub fn is_empty(&self) -> bool {
        self.traceparent.is_empty()
    }

    /// The span that it points to, unless it is empty or malformed.
    pub(crate) fn span_context(&self) -> Option<SpanContext> {
        let (trace_id, span_id, flags) = ids(&self.traceparent)?;
        let state = self.tracestate.as_deref().and_then(state).unwrap_or_default();
        Some(SpanContext::new(trace_id, span_id, flags, true, state))
    }
}

/// Bytes as lower-case digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let mut digits = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        digits.extend([byte >> 4, byte & 0xf].map(|nibble| DIGITS[usize::from(nibble)]));
    }
    // Digits are text.
    String::from_utf8(digits).unwrap_or_default()
}

/// The parts of a `traceparent`; what later versions add behind them is left out.
fn ids(traceparent: &str) -> Option<(TraceId, SpanId, TraceFlags)> {
    if traceparent.len() > TRACEPARENT_LIMIT_BYTES {
        return None;
    }
    let mut parts = traceparent.split('-');
    let (version, trace_id) = (number(parts.next()?, 2)?, number(parts.next()?, 32)?);
    let (span_id, flags) = (number(parts.next()?, 16)?, number(parts.next()?, 2)?);
    let of_the_future = version > 0;
    if version == 0xff || trace_id == 0 || span_id == 0 || (parts.next().is_some() && !of_the_future) {
        return None;
    }
    let flags = TraceFlags::new(u8::try_from(flags).ok()?) & TraceFlags::SAMPLED;
    Some((TraceId::from(trace_id), SpanId::from(u64::try_from(span_id).ok()?), flags))
}

/// The parts of a `tracestate` that may be passed on.
fn state(tracestate: &str) -> Option<TraceState> {
    if tracestate.len() > TRACESTATE_LIMIT_BYTES {
        return None;
    }
    TraceState::from_str(tracestate).ok()
}

/// So many lower-case digits.
fn number(text: &str, digits: usize) -> Option<u128> {
    let are_digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (text.len() == digits && are_digits).then(|| u128::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_valid_traceparent_survives_a_round_trip() {
        let read = TraceContext::parse(Some(VALID), Some("vendor=1"));
        let span_context = read.span_context().expect("it is valid");
        let written = TraceContext::of(&Context::new().with_remote_span_context(span_context));

        assert_eq!(written, read);
    }

    #[test]
    fn an_invalid_traceparent_is_empty() {
        let all_zero = "00-00000000000000000000000000000000-0000000000000000-01";
        let too_short = "00-4bf92f3577b34da6-00f067aa0ba902b7-01";
        let with_control = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nx: y";
        for bad in ["", "nonsense", all_zero, too_short, with_control] {
            assert!(TraceContext::parse(Some(bad), None).is_empty(), "{bad:?} was trusted");
        }
    }

    #[test]
    fn what_a_later_version_adds_is_left_out() {
        let later = TraceContext::parse(Some(&format!("01-{}-what-comes", &VALID[3..])), None);

        let found = later.span_context().expect("the parts that are known are right");
        assert_eq!(found.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(TraceContext::parse(Some(&format!("{VALID}-more")), None).is_empty());
    }

    #[test]
    fn a_state_that_is_too_long_or_malformed_is_left_out() {
        for bad in ["no equals sign", &format!("vendor={}", "x".repeat(1_000_000))] {
            let read = TraceContext::parse(Some(VALID), Some(bad));
            assert_eq!(read, TraceContext::parse(Some(VALID), None), "whoever keeps it keeps no more");
            let unread = TraceContext { traceparent: VALID.to_owned(), tracestate: Some((*bad).to_owned()) };
            let found = unread.span_context().expect("the ids are right");
            assert_eq!(found.trace_state().header(), "");
        }
    }

    #[test]
    fn no_span_gives_an_empty_context() {
        assert!(TraceContext::current().is_empty());
    }
}
