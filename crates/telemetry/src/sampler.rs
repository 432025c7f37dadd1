//! Which traces are recorded; can be changed while the service runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use opentelemetry::trace::{SpanContext, SpanKind, TraceId};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, ShouldSample as _};

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

    /// Whether a new span is recorded: what its parent decided, when that is asked, else its trace's id decides.
    pub(crate) fn samples(&self, parent: &SpanContext, trace_id: TraceId) -> bool {
        if parent.is_valid() && self.0.parent_based.load(Ordering::Relaxed) {
            return parent.is_sampled();
        }
        let by_ratio = Sampler::TraceIdRatioBased(self.ratio());
        let result = by_ratio.should_sample(None, trace_id, "", &SpanKind::Internal, &[], &[]);
        result.decision == SamplingDecision::RecordAndSample
    }
}
