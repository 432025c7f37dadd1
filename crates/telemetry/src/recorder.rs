//! What makes spans, and where they go when they have ended.
//!
//! A span of ours is not the SDK's: that one keeps each attribute as a value of its own behind a lock, to be
//! read and encoded when it is exported, which costs a multiple of what writing it at once does (see
//! docs/PERFORMANCE.md). Context, ids, sampling and propagation are the API's and the SDK's.

use std::sync::Arc;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceFlags};
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator};

use crate::captured::Kept;
use crate::console::Console;
use crate::export::Queue;
use crate::otlp::fields::Bounds;
use crate::otlp::span::Ended;
use crate::otlp::wire::{lent, message};
use crate::sampler::LiveSampler;
use crate::{CapturedSpan, Limits};

/// The field of a scope's message that holds a span.
const SPAN: u32 = 2;

/// Makes the spans of one service.
#[derive(Debug)]
pub(crate) struct Recorder {
    sampler: LiveSampler,
    bounds: Bounds,
    sink: Sink,
}

/// Where spans go.
#[derive(Debug)]
pub(crate) enum Sink {
    /// There are none, not so much as an id.
    Off,
    /// They have ids, which logs tell, and that is all.
    Nowhere,
    /// Over OTLP.
    Queue(Arc<Queue>),
    /// To stdout.
    Console(Console),
    /// Into memory, for tests.
    Kept(Kept<CapturedSpan>),
}

impl Recorder {
    pub(crate) fn new(sampler: LiveSampler, limits: Limits, sink: Sink) -> Self {
        Self { sampler, bounds: limits.into(), sink }
    }

    pub(crate) const fn sampler(&self) -> &LiveSampler {
        &self.sampler
    }

    pub(crate) const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Who a new span is, unless there are no spans here.
    pub(crate) fn identify(&self, parent: &Context) -> Option<SpanContext> {
        if matches!(self.sink, Sink::Off) || Context::is_current_telemetry_suppressed() {
            return None;
        }
        let (span, ids) = (parent.span(), RandomIdGenerator::default());
        let parent = span.span_context();
        let trace_id = if parent.is_valid() { parent.trace_id() } else { ids.new_trace_id() };
        let is_sampled = self.sampler.samples(parent, trace_id);
        let flags = TraceFlags::default().with_sampled(is_sampled);
        Some(SpanContext::new(trace_id, ids.new_span_id(), flags, false, parent.trace_state().clone()))
    }

    /// Whether what such a span says is written down.
    pub(crate) fn records(&self, span: &SpanContext) -> bool {
        span.is_sampled() && !matches!(self.sink, Sink::Off | Sink::Nowhere)
    }

    /// Takes a span that has ended; never waits.
    pub(crate) fn take(&self, span: &Ended<'_>) {
        match &self.sink {
            Sink::Off | Sink::Nowhere => {}
            Sink::Queue(queue) => {
                lent(|out| message(out, SPAN, |out| span.write(out)), |bytes| queue.push(None, bytes));
            }
            Sink::Console(console) => lent(|out| span.write(out), |bytes| console.span(bytes)),
            Sink::Kept(kept) => lent(|out| span.write(out), |bytes| kept.span(bytes)),
        }
    }
}
