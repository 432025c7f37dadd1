//! A span that has ended, as OTLP's message.

use std::time::SystemTime;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceState};
use opentelemetry_proto::tonic::trace::v1::SpanFlags;

use super::fields::Fields;
use super::wire::{bytes, flags, number, time};

/// What is known of a span when it has ended.
#[derive(Debug)]
pub(crate) struct Ended<'a> {
    pub(crate) context: &'a SpanContext,
    pub(crate) parent: Parent,
    pub(crate) time: (SystemTime, SystemTime),
    /// All else.
    pub(crate) fields: &'a Fields,
}

/// What a span hangs from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parent {
    /// Invalid if it is a root.
    pub(crate) id: SpanId,
    /// Whether it is elsewhere.
    pub(crate) is_remote: bool,
}

impl Parent {
    /// The span that is current there.
    pub(crate) fn of(context: &Context) -> Self {
        let span = context.span();
        Self { id: span.span_context().span_id(), is_remote: span.span_context().is_remote() }
    }
}

impl Ended<'_> {
    /// The fields of `opentelemetry.proto.trace.v1.Span`.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        ids(out, self.context);
        if self.parent.id != SpanId::INVALID {
            bytes(out, 4, &self.parent.id.to_bytes());
        }
        time(out, 7, self.time.0);
        time(out, 8, self.time.1);
        number(out, 10, self.fields.dropped_attributes.into());
        number(out, 14, self.fields.dropped_links.into());
        flags(out, 16, flags_of(self.context, self.parent.is_remote));
        out.extend_from_slice(self.fields.as_bytes());
    }
}

/// Whose span it is, as a span and a link begin.
pub(super) fn ids(out: &mut Vec<u8>, context: &SpanContext) {
    bytes(out, 1, &context.trace_id().to_bytes());
    bytes(out, 2, &context.span_id().to_bytes());
    let state = context.trace_state();
    // An empty one is the rule, and its header would be a text of its own.
    if *state != TraceState::NONE {
        bytes(out, 3, state.header().as_bytes());
    }
}

/// The trace's flags, and whether the parent, or what a link leads to, is elsewhere.
pub(super) fn flags_of(context: &SpanContext, is_remote: bool) -> u32 {
    let known = SpanFlags::ContextHasIsRemoteMask as u32;
    let remote = if is_remote { SpanFlags::ContextIsRemoteMask as u32 } else { 0 };
    u32::from(context.trace_flags().to_u8()) | known | remote
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::time::Duration;

    use opentelemetry::KeyValue;
    use opentelemetry::trace::{Link, SpanKind, Status, TraceFlags, TraceId};
    use opentelemetry_proto::tonic::trace::v1::Span;
    use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
    use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
    use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
    use prost::Message as _;

    use super::*;
    use crate::Limits;

    fn context(number: u64, state: &[(&'static str, &'static str)], is_remote: bool) -> SpanContext {
        let (trace, span) = (TraceId::from(u128::from(number) << 70), SpanId::from(number));
        let state = TraceState::from_key_value(state.iter().copied()).expect("it is one");
        SpanContext::new(trace, span, TraceFlags::SAMPLED, is_remote, state)
    }

    /// A span of the library's, with one attribute and one link more than it may have.
    fn span(kind: SpanKind, status: Status, state: &[(&'static str, &'static str)]) -> SpanData {
        let start = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_800_000_000_123_456_789);
        let mut links = SpanLinks::default();
        links.links.push(Link::new(context(9, state, true), Vec::new(), 0));
        links.dropped_count = 1;
        SpanData {
            span_context: context(7, state, false),
            parent_span_id: if state.is_empty() { SpanId::INVALID } else { SpanId::from(8) },
            parent_span_is_remote: !state.is_empty(),
            span_kind: kind,
            name: Cow::Borrowed("GET /games"),
            start_time: start,
            end_time: start + Duration::from_millis(5),
            attributes: vec![KeyValue::new("a", "text"), KeyValue::new("b", 7_i64)],
            dropped_attributes_count: 1,
            events: SpanEvents::default(),
            links,
            status,
            instrumentation_scope: crate::telemetry::scope(),
        }
    }

    fn ours(span: &SpanData) -> Span {
        let limits = Limits { span_attributes: 2, span_links: 1, ..Limits::default() };
        let mut fields = Fields::new(limits.into(), &span.span_kind, &["GET", " ", "/games"]);
        fields.set(&span.attributes[0]);
        let mut fields = fields.again();
        fields.number("b", 7);
        fields.text("one", "too many");
        for link in &span.links.links {
            fields.link(&link.span_context);
            fields.link(&link.span_context);
        }
        if let Status::Error { description } = &span.status {
            fields.fail(description);
        }
        let parent = Parent { id: span.parent_span_id, is_remote: span.parent_span_is_remote };
        let time = (span.start_time, span.end_time);
        let mut out = Vec::new();
        Ended { context: &span.span_context, parent, time, fields: &fields }.write(&mut out);
        Span::decode(out.as_slice()).expect("it is one")
    }

    #[test]
    fn a_span_is_what_the_library_makes_of_it() {
        let failed = Status::Error { description: Cow::Borrowed("no") };
        let state = [("vendor", "value")];
        let spans = vec![
            span(SpanKind::Internal, Status::Unset, &[]),
            span(SpanKind::Server, Status::Unset, &state),
            span(SpanKind::Client, failed, &state),
            span(SpanKind::Producer, Status::Unset, &state),
            span(SpanKind::Consumer, Status::Unset, &[]),
        ];
        for span in spans {
            let written = ours(&span);
            let theirs =
                group_spans_by_resource_and_scope(vec![span], &ResourceAttributesWithSchema::default());
            let mut theirs = theirs[0].scope_spans[0].spans[0].clone();
            // It says that the status is unset; we say nothing, which is read as the same.
            theirs.status = theirs.status.filter(|status| status.code != 0);
            assert_eq!(written, theirs);
        }
    }
}
