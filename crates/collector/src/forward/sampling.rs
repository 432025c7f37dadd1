//! Which traces go on: all with an error, all that are slow, a share of the rest.

use std::collections::{HashSet, VecDeque};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{Span, status::StatusCode},
};

use super::Sampling;

/// So many traces that were worth keeping are remembered, for their spans that come later.
const REMEMBERED: usize = 100_000;

/// Decides trace by trace, and stays with what it decided for a trace that is worth keeping.
#[derive(Debug)]
pub(super) struct Sampler {
    slow_ns: u64,
    /// Traces whose id is below it go on.
    threshold: u64,
    worthy: HashSet<Vec<u8>>,
    order: VecDeque<Vec<u8>>,
}

impl Sampler {
    pub(super) fn new(sampling: Sampling) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of all ids needs no more than 53 bits"
        )]
        let threshold = (sampling.share.clamp(0.0, 1.0) * u64::MAX as f64) as u64;
        let slow_ns = u64::try_from(sampling.slow.as_nanos()).unwrap_or(u64::MAX);
        Self { slow_ns, threshold, worthy: HashSet::new(), order: VecDeque::new() }
    }

    /// Looks for what makes a trace worth keeping.
    pub(super) fn look(&mut self, request: &ExportTraceServiceRequest) {
        for span in spans(request) {
            if self.is_worthy(span) && self.worthy.insert(span.trace_id.clone()) {
                self.order.push_back(span.trace_id.clone());
            }
        }
        while self.order.len() > REMEMBERED {
            if let Some(oldest) = self.order.pop_front() {
                self.worthy.remove(&oldest);
            }
        }
    }

    /// Takes out the spans of traces that do not go on, and says how many.
    pub(super) fn thin(&self, request: &mut ExportTraceServiceRequest) -> u64 {
        let mut left_out = 0;
        for scope in request.resource_spans.iter_mut().flat_map(|resource| &mut resource.scope_spans) {
            let before = scope.spans.len();
            scope.spans.retain(|span| self.keeps(&span.trace_id));
            left_out += (before - scope.spans.len()) as u64;
        }
        request
            .resource_spans
            .iter_mut()
            .for_each(|resource| resource.scope_spans.retain(|s| !s.spans.is_empty()));
        request.resource_spans.retain(|resource| !resource.scope_spans.is_empty());
        left_out
    }

    fn is_worthy(&self, span: &Span) -> bool {
        let is_error = span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error);
        is_error || span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano) >= self.slow_ns
    }

    /// The last eight bytes of an id are random (W3C Trace Context, level 2), so that every collector that looks at a
    /// trace decides the same.
    fn keeps(&self, trace_id: &[u8]) -> bool {
        let tail = trace_id.last_chunk::<8>().map_or(0, |tail| u64::from_be_bytes(*tail));
        tail <= self.threshold && self.threshold > 0 || self.worthy.contains(trace_id)
    }
}

fn spans(request: &ExportTraceServiceRequest) -> impl Iterator<Item = &Span> {
    request.resource_spans.iter().flat_map(|resource| &resource.scope_spans).flat_map(|scope| &scope.spans)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Status};

    use super::*;

    fn span(id: u8, took_ms: u64, code: StatusCode) -> Span {
        Span {
            trace_id: vec![id; 16],
            end_time_unix_nano: took_ms * 1_000_000,
            status: Some(Status { code: code as i32, ..Status::default() }),
            ..Span::default()
        }
    }

    fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
        let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
        let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
        ExportTraceServiceRequest { resource_spans }
    }

    fn kept(sampler: &Sampler, mut from: ExportTraceServiceRequest) -> Vec<u8> {
        sampler.thin(&mut from);
        spans(&from).map(|span| span.trace_id[0]).collect()
    }

    #[test]
    fn errors_and_slow_traces_go_on_whole() {
        let mut sampler = Sampler::new(Sampling { slow: Duration::from_millis(500), share: 0.0 });
        let first = request(vec![span(1, 5, StatusCode::Unset), span(2, 5, StatusCode::Unset)]);
        sampler.look(&first);
        sampler.look(&request(vec![span(2, 5, StatusCode::Error), span(3, 500, StatusCode::Unset)]));
        assert_eq!(kept(&sampler, first), [2]);
        assert_eq!(
            kept(&sampler, request(vec![span(3, 1, StatusCode::Unset), span(4, 1, StatusCode::Ok)])),
            [3]
        );
    }

    #[test]
    fn of_the_rest_a_share_goes_on() {
        let share = |share| {
            let sampler = Sampler::new(Sampling { slow: Duration::MAX, share });
            (0..=255_u8).filter(|id| sampler.keeps(&[*id; 16])).count()
        };
        assert_eq!((share(0.0), share(0.25), share(1.0)), (0, 64, 256));
    }
}
