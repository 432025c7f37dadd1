//! Which traces are recorded; can be changed while the service runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use opentelemetry::trace::{Link, SpanContext, SpanKind, TraceContextExt as _, TraceId, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

use crate::config::Sampling;

/// The sampler of one service; clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct LiveSampler(Arc<Live>);

#[derive(Debug)]
struct Live {
    ratio_bits: AtomicU64,
    parent_based: AtomicBool,
}

impl LiveSampler {
    pub(crate) fn new(sampling: Sampling) -> Self {
        let this =
            Self(Arc::new(Live { ratio_bits: AtomicU64::new(0), parent_based: AtomicBool::new(true) }));
        this.change(sampling);
        this
    }

    /// Decides by this from now on.
    pub(crate) fn change(&self, sampling: Sampling) {
        self.0.ratio_bits.store(sampling.ratio.to_bits(), Ordering::Relaxed);
        self.0.parent_based.store(sampling.parent_based, Ordering::Relaxed);
    }

    fn ratio(&self) -> f64 {
        f64::from_bits(self.0.ratio_bits.load(Ordering::Relaxed))
    }

    /// What the parent decided, when it is asked; else whether all or none are recorded; else only the trace's
    /// id can tell.
    pub(crate) fn foregone(&self, parent: &SpanContext) -> Option<bool> {
        if parent.is_valid() && self.0.parent_based.load(Ordering::Relaxed) {
            return Some(parent.is_sampled());
        }
        match self.ratio() {
            ratio if ratio >= 1.0 => Some(true),
            ratio if ratio <= 0.0 => Some(false),
            _ => None,
        }
    }
}

impl ShouldSample for LiveSampler {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let span = parent.map(|context| context.span());
        let span_context = span.as_ref().map_or(&SpanContext::NONE, |span| span.span_context());
        match self.foregone(span_context) {
            Some(sampled) => decided(sampled, span_context.trace_state().clone()),
            None => Sampler::TraceIdRatioBased(self.ratio())
                .should_sample(parent, trace_id, name, kind, attributes, links),
        }
    }
}

fn decided(sampled: bool, trace_state: TraceState) -> SamplingResult {
    let decision = if sampled { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop };
    SamplingResult { decision, attributes: Vec::new(), trace_state }
}
