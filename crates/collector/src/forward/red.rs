//! Rate, errors and duration of every span, counted before sampling: the metrics of contrib's `spanmetrics` connector.

use std::collections::HashMap;

use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    metrics::v1::{
        AggregationTemporality, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
        ScopeMetrics, Sum, metric::Data, number_data_point,
    },
    resource::v1::Resource,
    trace::v1::{Span, Status, span::SpanKind, status::StatusCode},
};

use crate::signal::attribute;

/// Seconds.
const BOUNDS: [f64; 12] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Names of spans are few; a sender that makes them up anew each time shares the last series.
const MAX_SERIES: usize = 2_000;
const OVERFLOW: &str = "other";

#[derive(Clone, Debug, Default)]
struct Tally {
    counts: [u64; BOUNDS.len() + 1],
    sum_seconds: f64,
}

type Key = (String, String, &'static str, &'static str);

/// The tallies since the process started.
#[derive(Debug)]
pub(super) struct Red {
    since_ns: u64,
    series: HashMap<Key, Tally>,
}

impl Red {
    pub(super) fn new(since_ns: i64) -> Self {
        Self { since_ns: since_ns.unsigned_abs(), series: HashMap::new() }
    }

    /// Counts the spans of an export.
    pub(super) fn count(&mut self, request: &ExportTraceServiceRequest) {
        for resource in &request.resource_spans {
            let attributes = resource.resource.as_ref().map_or(&[][..], |resource| &resource.attributes);
            let service = attribute(attributes, "service.name").unwrap_or("unknown_service");
            for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
                self.add(service, span);
            }
        }
    }

    fn add(&mut self, service: &str, span: &Span) {
        let mut key = (service.to_owned(), span.name.clone(), kind(span), status(span));
        if self.series.len() >= MAX_SERIES && !self.series.contains_key(&key) {
            OVERFLOW.clone_into(&mut key.1);
        }
        let nanos = span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano);
        #[expect(clippy::cast_precision_loss, reason = "durations need no more than 53 bits")]
        let seconds = nanos as f64 / 1e9;
        let tally = self.series.entry(key).or_default();
        tally.counts[BOUNDS.partition_point(|bound| *bound < seconds)] += 1;
        tally.sum_seconds += seconds;
    }

    /// The tallies as metrics, under the resources of their services; none when nothing was counted.
    pub(super) fn export(&self, now_ns: i64) -> Option<ExportMetricsServiceRequest> {
        let mut services: HashMap<&str, Vec<(&Key, &Tally)>> = HashMap::new();
        for (key, tally) in &self.series {
            services.entry(&key.0).or_default().push((key, tally));
        }
        let now_ns = now_ns.unsigned_abs();
        let resource_metrics: Vec<_> =
            services.into_iter().map(|(service, tallies)| self.resource(service, &tallies, now_ns)).collect();
        (!resource_metrics.is_empty()).then_some(ExportMetricsServiceRequest { resource_metrics })
    }

    fn resource(&self, service: &str, tallies: &[(&Key, &Tally)], now_ns: u64) -> ResourceMetrics {
        let cumulative = AggregationTemporality::Cumulative as i32;
        let calls = tallies.iter().map(|(key, tally)| self.calls(key, tally, now_ns)).collect();
        let durations = tallies.iter().map(|(key, tally)| self.duration(key, tally, now_ns)).collect();
        let metrics = vec![
            Metric {
                name: "traces.span.metrics.calls".into(),
                data: Some(Data::Sum(Sum {
                    data_points: calls,
                    aggregation_temporality: cumulative,
                    is_monotonic: true,
                })),
                ..Metric::default()
            },
            Metric {
                name: "traces.span.metrics.duration".into(),
                unit: "s".into(),
                data: Some(Data::Histogram(Histogram {
                    data_points: durations,
                    aggregation_temporality: cumulative,
                })),
                ..Metric::default()
            },
        ];
        let scope = Some(InstrumentationScope {
            name: "collector/spanmetrics".into(),
            ..InstrumentationScope::default()
        });
        ResourceMetrics {
            resource: Some(Resource {
                attributes: vec![text("service.name", service)],
                ..Resource::default()
            }),
            scope_metrics: vec![ScopeMetrics { scope, metrics, ..ScopeMetrics::default() }],
            ..ResourceMetrics::default()
        }
    }

    fn calls(&self, key: &Key, tally: &Tally, now_ns: u64) -> NumberDataPoint {
        let count = tally.counts.iter().sum::<u64>();
        NumberDataPoint {
            attributes: attributes(key),
            start_time_unix_nano: self.since_ns,
            time_unix_nano: now_ns,
            value: Some(number_data_point::Value::AsInt(i64::try_from(count).unwrap_or(i64::MAX))),
            ..NumberDataPoint::default()
        }
    }

    fn duration(&self, key: &Key, tally: &Tally, now_ns: u64) -> HistogramDataPoint {
        HistogramDataPoint {
            attributes: attributes(key),
            start_time_unix_nano: self.since_ns,
            time_unix_nano: now_ns,
            count: tally.counts.iter().sum(),
            sum: Some(tally.sum_seconds),
            bucket_counts: tally.counts.to_vec(),
            explicit_bounds: BOUNDS.to_vec(),
            ..HistogramDataPoint::default()
        }
    }
}

fn attributes((_, name, kind, status): &Key) -> Vec<KeyValue> {
    vec![text("span.name", name), text("span.kind", kind), text("status.code", status)]
}

fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.into())) });
    KeyValue { key: key.into(), value, ..KeyValue::default() }
}

fn kind(span: &Span) -> &'static str {
    match span.kind() {
        SpanKind::Server => "SPAN_KIND_SERVER",
        SpanKind::Client => "SPAN_KIND_CLIENT",
        SpanKind::Producer => "SPAN_KIND_PRODUCER",
        SpanKind::Consumer => "SPAN_KIND_CONSUMER",
        SpanKind::Internal | SpanKind::Unspecified => "SPAN_KIND_INTERNAL",
    }
}

fn status(span: &Span) -> &'static str {
    match span.status.as_ref().map(Status::code) {
        Some(StatusCode::Error) => "STATUS_CODE_ERROR",
        Some(StatusCode::Ok) => "STATUS_CODE_OK",
        _ => "STATUS_CODE_UNSET",
    }
}
