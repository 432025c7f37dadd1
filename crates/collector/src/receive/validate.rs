//! What makes an item malformed. Malformed items are taken out one by one; the rest is kept.

use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    logs::v1::LogRecord,
    metrics::v1::{
        DataPointFlags, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint,
        metric::Data,
    },
    trace::v1::Span,
};

use crate::ids::{SpanId, TraceId};

/// Times are stored as signed 64-bit nanoseconds: until the year 2262.
const MAX_UNIX_NANOS: u64 = i64::MAX as u64;

/// How many items were malformed, and why the first of them was.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rejected {
    pub(crate) count: u64,
    reason: Option<&'static str>,
}

impl Rejected {
    fn note(&mut self, count: usize, reason: &'static str) {
        self.count += count as u64;
        self.reason.get_or_insert(reason);
    }

    /// Keeps an item or notes why not.
    fn keep(&mut self, verdict: Result<(), &'static str>) -> bool {
        verdict.inspect_err(|reason| self.note(1, reason)).is_ok()
    }

    /// The count and the message of OTLP's partial success; `None` when nothing was rejected.
    pub(crate) fn into_partial(self) -> Option<(i64, String)> {
        let reason = self.reason?;
        Some((
            i64::try_from(self.count).unwrap_or(i64::MAX),
            format!("{} rejected, the first because {reason}", self.count),
        ))
    }
}

/// Takes malformed spans out.
pub(crate) fn spans(request: &mut ExportTraceServiceRequest) -> Rejected {
    let mut rejected = Rejected::default();
    for scope in request.resource_spans.iter_mut().flat_map(|r| &mut r.scope_spans) {
        scope.spans.retain(|span| rejected.keep(check_span(span)));
    }
    rejected
}

fn check_span(span: &Span) -> Result<(), &'static str> {
    check_trace_id(&span.trace_id)?;
    check_span_id(&span.span_id)?;
    if !span.parent_span_id.is_empty() {
        SpanId::from_bytes(&span.parent_span_id)
            .map_err(|_| "parent_span_id is neither empty nor 8 bytes that are not all zero")?;
    }
    check_time(span.start_time_unix_nano)?;
    check_time(span.end_time_unix_nano)
}

/// Takes malformed log records out.
pub(crate) fn records(request: &mut ExportLogsServiceRequest) -> Rejected {
    let mut rejected = Rejected::default();
    for scope in request.resource_logs.iter_mut().flat_map(|r| &mut r.scope_logs) {
        scope.log_records.retain(|record| rejected.keep(check_record(record)));
    }
    rejected
}

/// A log record need not belong to a trace; if it says that it does, the ids must be ids.
fn check_record(record: &LogRecord) -> Result<(), &'static str> {
    if !record.trace_id.is_empty() {
        check_trace_id(&record.trace_id)?;
    }
    if !record.span_id.is_empty() {
        check_span_id(&record.span_id)?;
    }
    check_time(record.time_unix_nano)?;
    check_time(record.observed_time_unix_nano)
}

/// Takes malformed data points out, and metrics that have none.
pub(crate) fn points(request: &mut ExportMetricsServiceRequest) -> Rejected {
    let mut rejected = Rejected::default();
    for scope in request.resource_metrics.iter_mut().flat_map(|r| &mut r.scope_metrics) {
        scope.metrics.retain_mut(|metric| keep_metric(metric, &mut rejected));
    }
    rejected
}

fn keep_metric(metric: &mut Metric, rejected: &mut Rejected) -> bool {
    if metric.name.is_empty() {
        rejected.note(point_count(metric).max(1), "the metric has no name");
        return false;
    }
    match &mut metric.data {
        None => {
            rejected.note(1, "the metric has no data");
            return false;
        }
        Some(Data::Gauge(gauge)) => gauge.data_points.retain(|point| rejected.keep(check_number(point))),
        Some(Data::Sum(sum)) => sum.data_points.retain(|point| rejected.keep(check_number(point))),
        Some(Data::Histogram(h)) => h.data_points.retain(|point| rejected.keep(check_histogram(point))),
        Some(Data::ExponentialHistogram(h)) => {
            h.data_points.retain(|point| rejected.keep(check_exponential(point)));
        }
        Some(Data::Summary(s)) => {
            s.data_points.retain(|point| rejected.keep(check_time(point.time_unix_nano)));
        }
    }
    point_count(metric) > 0
}

/// How many data points a metric carries.
pub(crate) fn point_count(metric: &Metric) -> usize {
    match &metric.data {
        None => 0,
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Data::Summary(summary)) => summary.data_points.len(),
    }
}

fn check_number(point: &NumberDataPoint) -> Result<(), &'static str> {
    let no_value_expected = point.flags & DataPointFlags::NoRecordedValueMask as u32 != 0;
    if point.value.is_none() && !no_value_expected {
        return Err("a data point has no value");
    }
    check_time(point.time_unix_nano)
}

fn check_histogram(point: &HistogramDataPoint) -> Result<(), &'static str> {
    if !point.bucket_counts.is_empty() && point.bucket_counts.len() != point.explicit_bounds.len() + 1 {
        return Err("a histogram has not one bucket more than bounds");
    }
    if !point.explicit_bounds.is_sorted_by(|a, b| a < b) {
        return Err("the bounds of a histogram do not rise");
    }
    // The last bucket has no bound, and none has one that is no number.
    if !point.explicit_bounds.iter().all(|bound| bound.is_finite()) {
        return Err("a bound of a histogram is not finite");
    }
    check_time(point.time_unix_nano)
}

fn check_exponential(point: &ExponentialHistogramDataPoint) -> Result<(), &'static str> {
    // The data model knows no scale outside these, and bounds would not be numbers any more.
    if !(-10..=20).contains(&point.scale) {
        return Err("the scale of an exponential histogram is not within -10 and 20");
    }
    check_time(point.time_unix_nano)
}

fn check_trace_id(bytes: &[u8]) -> Result<(), &'static str> {
    TraceId::from_bytes(bytes).map(drop).map_err(|_| "trace_id is not 16 bytes that are not all zero")
}

fn check_span_id(bytes: &[u8]) -> Result<(), &'static str> {
    SpanId::from_bytes(bytes).map(drop).map_err(|_| "span_id is not 8 bytes that are not all zero")
}

fn check_time(unix_nanos: u64) -> Result<(), &'static str> {
    if unix_nanos > MAX_UNIX_NANOS { Err("a time is after the year 2262") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::metrics::v1::Gauge;

    use super::*;

    fn span(trace_id: &[u8], span_id: &[u8], parent: &[u8]) -> Span {
        Span {
            trace_id: trace_id.into(),
            span_id: span_id.into(),
            parent_span_id: parent.into(),
            ..Span::default()
        }
    }

    #[test]
    fn a_span_needs_ids_that_are_ids() {
        assert_eq!(check_span(&span(&[1; 16], &[1; 8], &[])), Ok(()));
        assert_eq!(check_span(&span(&[1; 16], &[1; 8], &[2; 8])), Ok(()));
        assert!(check_span(&span(&[0; 16], &[1; 8], &[])).is_err());
        assert!(check_span(&span(&[1; 15], &[1; 8], &[])).is_err());
        assert!(check_span(&span(&[1; 16], &[0; 8], &[])).is_err());
        assert!(check_span(&span(&[1; 16], &[1; 8], &[2; 3])).is_err());
    }

    #[test]
    fn a_log_record_may_stand_outside_of_traces() {
        assert_eq!(check_record(&LogRecord::default()), Ok(()));
        assert!(check_record(&LogRecord { trace_id: vec![1; 3], ..LogRecord::default() }).is_err());
        assert!(check_record(&LogRecord { time_unix_nano: u64::MAX, ..LogRecord::default() }).is_err());
    }

    #[test]
    fn a_metric_that_lost_all_its_points_is_gone_too() {
        let late = NumberDataPoint { time_unix_nano: u64::MAX, ..NumberDataPoint::default() };
        let data = Some(Data::Gauge(Gauge { data_points: vec![late] }));
        let mut metric = Metric { name: "a".into(), data, ..Metric::default() };
        let mut rejected = Rejected::default();
        assert!(!keep_metric(&mut metric, &mut rejected));
        assert_eq!(rejected.count, 1);
    }

    #[test]
    fn a_histogram_has_one_bucket_more_than_bounds() {
        let point = |buckets: &[u64], bounds: &[f64]| HistogramDataPoint {
            bucket_counts: buckets.into(),
            explicit_bounds: bounds.into(),
            ..HistogramDataPoint::default()
        };
        assert_eq!(check_histogram(&point(&[1, 2], &[0.5])), Ok(()));
        assert_eq!(check_histogram(&point(&[], &[])), Ok(()));
        assert!(check_histogram(&point(&[1], &[0.5])).is_err());
        assert!(check_histogram(&point(&[1, 2, 3], &[0.5, 0.5])).is_err());
        for bounds in [[0.5, f64::INFINITY], [f64::NEG_INFINITY, 0.5]] {
            assert!(check_histogram(&point(&[1, 2, 3], &bounds)).is_err());
        }
        assert!(check_histogram(&point(&[1, 2], &[f64::NAN])).is_err());
    }
}
