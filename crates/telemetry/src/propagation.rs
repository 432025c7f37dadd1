//! Trace context as it is stored in rows and sent in message headers: W3C `traceparent` and `tracestate`.

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use serde::{Deserialize, Serialize};

/// Longest header that is looked at, in bytes; later versions may add fields.
const TRACEPARENT_LIMIT_BYTES: usize = 256;

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
        let mut this = Self::default();
        if context.get::<Unpropagated>().is_some() {
            return this;
        }
        TraceContextPropagator::new().inject_context(context, &mut this);
        this
    }

    /// Reads header or column values; anything invalid gives an empty context.
    pub fn parse(traceparent: Option<&str>, tracestate: Option<&str>) -> Self {
        let given = Self {
            traceparent: traceparent.unwrap_or_default().into(),
            tracestate: tracestate.map(Into::into),
        };
        given.span_context().map_or_else(Self::default, |_| given)
    }

    /// Whether it points nowhere.
    pub fn is_empty(&self) -> bool {
        self.traceparent.is_empty()
    }

    /// The span that it points to, unless it is empty or malformed.
    pub(crate) fn span_context(&self) -> Option<SpanContext> {
        if !has_the_right_lengths(&self.traceparent) {
            return None;
        }
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), self);
        let found = context.span().span_context().clone();
        found.is_valid().then_some(found)
    }
}

/// The SDK's propagator reads shorter ids too; W3C wants all digits.
fn has_the_right_lengths(traceparent: &str) -> bool {
    const DIGITS: [usize; 4] = [2, 32, 16, 2];
    traceparent.len() <= TRACEPARENT_LIMIT_BYTES && traceparent.split('-').map(str::len).take(4).eq(DIGITS)
}

impl Injector for TraceContext {
    fn set(&mut self, key: &str, value: String) {
        match key {
            "traceparent" => self.traceparent = value,
            "tracestate" if !value.is_empty() => self.tracestate = Some(value),
            _ => {}
        }
    }
}

impl Extractor for TraceContext {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => Some(&self.traceparent),
            "tracestate" => self.tracestate.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
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
    fn no_span_gives_an_empty_context() {
        assert!(TraceContext::current().is_empty());
    }
}
