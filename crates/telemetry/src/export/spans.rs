//! Spans that have ended, on their way into the queue and out of it.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use prost::Message as _;

use super::queue::Queue;
use super::text;
use super::worker::Encode;

/// Puts spans that have ended into the queue; never waits.
#[derive(Debug)]
pub(crate) struct SpanQueue {
    queue: Arc<Queue<SpanData>>,
    value_characters: usize,
}

impl SpanQueue {
    pub(super) const fn new(queue: Arc<Queue<SpanData>>, value_characters: usize) -> Self {
        Self { queue, value_characters }
    }
}

impl SpanProcessor for SpanQueue {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, mut span: SpanData) {
        let mut bytes = size_of::<SpanData>() + span.name.len();
        bytes += text::trim(&mut span.attributes, self.value_characters);
        for event in &mut span.events.events {
            bytes += size_of_val(event) + event.name.len();
            bytes += text::trim(&mut event.attributes, self.value_characters);
        }
        for link in &mut span.links.links {
            bytes += size_of_val(link) + text::trim(&mut link.attributes, self.value_characters);
        }
        self.queue.push(span, bytes);
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
pub(super) fn encoder(resource: &Resource) -> Encode<SpanData> {
    let resource = ResourceAttributesWithSchema::from(resource);
    Arc::new(move |spans| {
        let resource_spans = group_spans_by_resource_and_scope(spans, &resource);
        ExportTraceServiceRequest { resource_spans }.encode_to_vec().into()
    })
}
