//! Spans that have ended, on their way into the queue and out of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use opentelemetry::trace::{Link, SpanContext, SpanId, SpanKind, Status};
use opentelemetry::{Context, KeyValue};
use opentelemetry_proto::tonic::trace::v1::SpanFlags;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};

use super::envelope::Envelope;
use super::queue::Queue;
use super::values::attribute;
use super::wire::{bytes, flags, message, number, time, written};
use super::worker::Encode;

/// What a span takes beside its bytes.
const BESIDE_BYTES: usize = 48;

/// The field of a scope's message that holds a span.
const SPAN: u32 = 2;

/// Puts spans that have ended into the queue; never waits.
#[derive(Debug)]
pub(crate) struct SpanQueue {
    queue: Arc<Queue<Box<[u8]>>>,
    value_characters: usize,
}

impl SpanQueue {
    pub(super) const fn new(queue: Arc<Queue<Box<[u8]>>>, value_characters: usize) -> Self {
        Self { queue, value_characters }
    }
}

impl SpanProcessor for SpanQueue {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        let bytes = written(|out| message(out, SPAN, |out| write(out, &span, self.value_characters)));
        let size = bytes.len() + BESIDE_BYTES;
        self.queue.push(bytes, size);
    }

    /// Telemetry flushes the queue itself: this call would have to wait where no one may.
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        self.queue.close();
        Ok(())
    }
}

/// Turns spans into the body of a request.
pub(super) fn encoder(resource: &Resource) -> Encode<Box<[u8]>> {
    let envelope = Envelope::new(resource);
    Arc::new(move |spans| Bytes::from(envelope.around([(None, spans)])))
}

/// The fields of `opentelemetry.proto.trace.v1.Span`.
fn write(out: &mut Vec<u8>, span: &SpanData, characters: usize) {
    ids(out, &span.span_context);
    if span.parent_span_id != SpanId::INVALID {
        bytes(out, 4, &span.parent_span_id.to_bytes());
    }
    bytes(out, 5, span.name.as_bytes());
    number(out, 6, kind(&span.span_kind));
    time(out, 7, span.start_time);
    time(out, 8, span.end_time);
    attributes(out, 9, (&span.attributes, characters));
    number(out, 10, u64::from(span.dropped_attributes_count));
    for event in &span.events.events {
        message(out, 11, |out| {
            time(out, 1, event.timestamp);
            bytes(out, 2, event.name.as_bytes());
            attributes(out, 3, (&event.attributes, characters));
            number(out, 4, u64::from(event.dropped_attributes_count));
        });
    }
    number(out, 12, u64::from(span.events.dropped_count));
    for linked in &span.links.links {
        message(out, 13, |out| link(out, linked, characters));
    }
    number(out, 14, u64::from(span.links.dropped_count));
    message(out, 15, |out| status(out, &span.status));
    flags(out, 16, flags_of(&span.span_context, span.parent_span_is_remote));
}

fn ids(out: &mut Vec<u8>, context: &SpanContext) {
    bytes(out, 1, &context.trace_id().to_bytes());
    bytes(out, 2, &context.span_id().to_bytes());
    let state = context.trace_state();
    // An empty one is the rule, and its header would be a text of its own.
    if *state != opentelemetry::trace::TraceState::NONE {
        bytes(out, 3, state.header().as_bytes());
    }
}

fn attributes(out: &mut Vec<u8>, tag: u32, (all, characters): (&[KeyValue], usize)) {
    for one in all {
        attribute(out, tag, one, characters);
    }
}

fn link(out: &mut Vec<u8>, link: &Link, characters: usize) {
    ids(out, &link.span_context);
    attributes(out, 4, (&link.attributes, characters));
    number(out, 5, u64::from(link.dropped_attributes_count));
    flags(out, 6, flags_of(&link.span_context, link.span_context.is_remote()));
}

fn status(out: &mut Vec<u8>, status: &Status) {
    match status {
        Status::Unset => {}
        Status::Ok => number(out, 3, 1),
        Status::Error { description } => {
            bytes(out, 2, description.as_bytes());
            number(out, 3, 2);
        }
    }
}

const fn kind(kind: &SpanKind) -> u64 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

/// The trace's flags, and whether the parent, or what a link leads to, is elsewhere.
fn flags_of(context: &SpanContext, is_remote: bool) -> u32 {
    let known = SpanFlags::ContextHasIsRemoteMask as u32;
    let remote = if is_remote { SpanFlags::ContextIsRemoteMask as u32 } else { 0 };
    u32::from(context.trace_flags().to_u8()) | known | remote
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::time::SystemTime;

    use opentelemetry::trace::{Event, TraceFlags, TraceId, TraceState};
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
    use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
    use prost::Message as _;

    use super::*;
    use crate::telemetry::scope;

    fn context(number: u64, state: &[(&'static str, &'static str)], remote: bool) -> SpanContext {
        let (trace, span) = (TraceId::from(u128::from(number) << 70), SpanId::from(number));
        let state = TraceState::from_key_value(state.iter().copied()).expect("it is one");
        SpanContext::new(trace, span, TraceFlags::SAMPLED, remote, state)
    }

    fn span(kind: SpanKind, status: Status, state: &[(&'static str, &'static str)]) -> SpanData {
        let start = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_800_000_000_123_456_789);
        let attributes = vec![KeyValue::new("a", "text"), KeyValue::new("b", 7_i64)];
        let mut events = SpanEvents::default();
        events.events.push(Event::new("happened", start, attributes.clone(), 3));
        events.dropped_count = 4;
        let mut links = SpanLinks::default();
        links.links.push(Link::new(context(9, state, true), attributes.clone(), 5));
        links.dropped_count = 6;
        SpanData {
            span_context: context(7, state, false),
            parent_span_id: if state.is_empty() { SpanId::INVALID } else { SpanId::from(8) },
            parent_span_is_remote: !state.is_empty(),
            span_kind: kind,
            name: Cow::Borrowed("GET /games"),
            start_time: start,
            end_time: start + Duration::from_millis(5),
            attributes,
            dropped_attributes_count: 2,
            events,
            links,
            status,
            instrumentation_scope: scope(),
        }
    }

    #[test]
    fn a_request_is_what_the_library_makes_of_it() {
        let failed = Status::Error { description: Cow::Borrowed("no") };
        let state = [("vendor", "value")];
        let spans = vec![
            span(SpanKind::Internal, Status::Unset, &[]),
            span(SpanKind::Server, Status::Ok, &state),
            span(SpanKind::Client, failed, &state),
            span(SpanKind::Producer, Status::Unset, &state),
            span(SpanKind::Consumer, Status::Unset, &[]),
        ];
        let resource = Resource::builder().with_service_name("api-service").build();
        let theirs =
            group_spans_by_resource_and_scope(spans.clone(), &ResourceAttributesWithSchema::from(&resource));

        let queue = Arc::new(Queue::new(crate::Batching::default()));
        let processor = SpanQueue::new(Arc::clone(&queue), 100);
        for span in spans {
            processor.on_end(span);
        }
        let body = encoder(&resource)(queue.take().expect("five wait").items);

        let ours = ExportTraceServiceRequest::decode(body).expect("it is one");
        assert_eq!(ours.resource_spans, theirs);
    }

    #[test]
    fn a_request_without_spans_still_says_whose_it_is() {
        let resource = Resource::builder().with_service_name("api-service").build();
        let body = encoder(&resource)(Vec::new());
        let ours = ExportTraceServiceRequest::decode(body).expect("it is one");
        assert!(ours.resource_spans[0].resource.is_some() && ours.resource_spans[0].scope_spans.is_empty());
    }
}
