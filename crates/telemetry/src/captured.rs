//! Telemetry that stays in memory, for tests: what was recorded, in plain values.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{KeyValue, Value};
use opentelemetry_proto::tonic::common::v1::KeyValue as OtlpKeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind as OtlpKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span as OtlpSpan, Status as OtlpStatus};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, Metric, MetricData, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{SdkMeterProvider, Temporality};
use prost::Message as _;

use crate::propagation::hex;
use crate::{ServiceName, shape};

/// Reads back what a [`Telemetry::captured`](crate::Telemetry::captured) value recorded.
#[derive(Clone, Debug)]
pub struct Captured {
    pub(crate) spans: Kept<CapturedSpan>,
    pub(crate) logs: Kept<CapturedLog>,
    pub(crate) metrics: Kept<CapturedMetric>,
    pub(crate) meter_provider: SdkMeterProvider,
}

/// A span that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct CapturedSpan {
    /// Who recorded it.
    pub service: ServiceName,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: SpanKind,
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// 16 hexadecimal digits.
    pub span_id: String,
    /// 16 hexadecimal digits, unless it is a root.
    pub parent_span_id: Option<String>,
    /// Span ids that it links to.
    pub links: Vec<String>,
    /// Values as text.
    pub attributes: BTreeMap<String, String>,
    /// Unset, Ok or Error with a description.
    pub status: Status,
    /// When it started.
    pub started: SystemTime,
    /// How long it took.
    pub duration: Duration,
}

/// A log record.
#[derive(Clone, Debug, PartialEq)]
pub struct CapturedLog {
    /// The dotted name of the event.
    pub name: Option<String>,
    /// What part of the program said it.
    pub target: Option<String>,
    /// `INFO`, `ERROR` and so on.
    pub severity: Option<String>,
    /// The sentence.
    pub body: String,
    /// The trace that it was said in.
    pub trace_id: Option<String>,
    /// The span that it was said in.
    pub span_id: Option<String>,
    /// Values as text.
    pub attributes: BTreeMap<String, String>,
}

/// A metric with its points.
#[derive(Clone, Debug, PartialEq)]
pub struct CapturedMetric {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// One point per set of attributes.
    pub points: Vec<CapturedPoint>,
}

/// One series of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct CapturedPoint {
    /// Values as text.
    pub attributes: BTreeMap<String, String>,
    /// The sum of a counter, the last value of a gauge, the sum of a histogram.
    pub value: f64,
    /// How often a histogram was recorded; 1 for the others.
    pub count: u64,
    /// Buckets of a histogram, with the one for all that is larger; 0 for the others.
    pub buckets: usize,
}

/// How many series metrics make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeriesCount {
    /// As OTLP counts: one per metric and set of attributes.
    pub streams: usize,
    /// As Prometheus counts: a histogram also has one per bucket, its sum and its count.
    pub prometheus: usize,
}

impl SeriesCount {
    /// Counts what a service exports.
    pub fn of(metrics: &[CapturedMetric]) -> Self {
        let points = metrics.iter().flat_map(|metric| &metric.points);
        points.fold(Self::default(), |count, point| Self {
            streams: count.streams + 1,
            prometheus: count.prometheus + if point.buckets == 0 { 1 } else { point.buckets + 2 },
        })
    }
}

impl std::ops::Add for SeriesCount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { streams: self.streams + other.streams, prometheus: self.prometheus + other.prometheus }
    }
}

impl Captured {
    /// The spans that have ended, in the order of their ends.
    pub fn spans(&self) -> Vec<CapturedSpan> {
        self.spans.all()
    }

    /// The log records, in order.
    pub fn logs(&self) -> Vec<CapturedLog> {
        self.logs.all()
    }

    /// The metrics as they are now.
    pub fn metrics(&self) -> Vec<CapturedMetric> {
        // After a shutdown the last collection is what there is.
        let _ = self.meter_provider.force_flush();
        self.metrics.all()
    }

    /// One metric as it is now.
    pub fn metric(&self, name: &str) -> Option<CapturedMetric> {
        self.metrics().into_iter().find(|metric| metric.name == name)
    }

    /// The traces as stable text; see [`shape`](crate::shape).
    pub fn shape(&self) -> String {
        shape(&self.spans())
    }

    /// Forgets spans and logs.
    pub fn clear(&self) {
        self.spans.replace(Vec::new());
        self.logs.replace(Vec::new());
    }
}

/// A list that exporters append to and tests read.
#[derive(Debug)]
pub(crate) struct Kept<T> {
    service: ServiceName,
    items: Arc<Mutex<Vec<T>>>,
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self { service: self.service, items: Arc::clone(&self.items) }
    }
}

impl<T: Clone> Kept<T> {
    pub(crate) fn new(service: ServiceName) -> Self {
        Self { service, items: Arc::default() }
    }

    fn all(&self) -> Vec<T> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn extend(&self, items: impl IntoIterator<Item = T>) {
        self.items.lock().unwrap_or_else(PoisonError::into_inner).extend(items);
    }

    fn replace(&self, items: Vec<T>) {
        *self.items.lock().unwrap_or_else(PoisonError::into_inner) = items;
    }
}

impl Kept<CapturedSpan> {
    /// A span that has ended, in OTLP's bytes.
    pub(crate) fn span(&self, bytes: &[u8]) {
        self.extend(CapturedSpan::read(self.service, bytes));
    }
}

impl Kept<CapturedLog> {
    /// What somebody said, in OTLP's bytes.
    pub(crate) fn record(&self, target: &str, bytes: &[u8]) {
        self.extend(CapturedLog::read(target, bytes));
    }
}

impl PushMetricExporter for Kept<CapturedMetric> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let scopes = metrics.scope_metrics();
        self.replace(scopes.flat_map(ScopeMetrics::metrics).map(CapturedMetric::read).collect());
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

impl CapturedSpan {
    /// Reads OTLP's bytes; what can't be read was not written by us.
    pub(crate) fn read(service: ServiceName, bytes: &[u8]) -> Option<Self> {
        let span = OtlpSpan::decode(bytes).ok()?;
        let time = |nanos| UNIX_EPOCH + Duration::from_nanos(nanos);
        let (started, ended) = (time(span.start_time_unix_nano), time(span.end_time_unix_nano));
        Some(Self {
            service,
            kind: kind(span.kind()),
            trace_id: hex(&span.trace_id),
            span_id: hex(&span.span_id),
            parent_span_id: Some(hex(&span.parent_span_id)).filter(|id| !id.is_empty()),
            links: span.links.iter().map(|link| hex(&link.span_id)).collect(),
            attributes: span.attributes.into_iter().map(otlp_as_text).collect(),
            status: status(span.status.unwrap_or_default()),
            name: span.name,
            started,
            duration: ended.duration_since(started).unwrap_or_default(),
        })
    }
}

fn kind(kind: OtlpKind) -> SpanKind {
    match kind {
        OtlpKind::Server => SpanKind::Server,
        OtlpKind::Client => SpanKind::Client,
        OtlpKind::Producer => SpanKind::Producer,
        OtlpKind::Consumer => SpanKind::Consumer,
        OtlpKind::Unspecified | OtlpKind::Internal => SpanKind::Internal,
    }
}

fn status(status: OtlpStatus) -> Status {
    match status.code() {
        StatusCode::Unset => Status::Unset,
        StatusCode::Ok => Status::Ok,
        StatusCode::Error => Status::error(status.message),
    }
}

fn otlp_as_text(attribute: OtlpKeyValue) -> (String, String) {
    let value = attribute.value.and_then(|value| value.value).map(otlp_value_as_text);
    (attribute.key, value.unwrap_or_default())
}

fn otlp_value_as_text(value: OtlpValue) -> String {
    match value {
        OtlpValue::StringValue(text) => text,
        OtlpValue::IntValue(number) => number.to_string(),
        OtlpValue::DoubleValue(number) => number.to_string(),
        OtlpValue::BoolValue(flag) => flag.to_string(),
        other => format!("{other:?}"),
    }
}

impl CapturedLog {
    /// Reads OTLP's bytes; what can't be read was not written by us.
    fn read(target: &str, bytes: &[u8]) -> Option<Self> {
        let record = LogRecord::decode(bytes).ok()?;
        let body = record.body.and_then(|body| body.value).map(otlp_value_as_text);
        Some(Self {
            name: Some(record.event_name).filter(|name| !name.is_empty()),
            target: Some(target.to_owned()),
            severity: Some(record.severity_text),
            body: body.unwrap_or_default(),
            trace_id: Some(hex(&record.trace_id)).filter(|id| !id.is_empty()),
            span_id: Some(hex(&record.span_id)).filter(|id| !id.is_empty()),
            attributes: record.attributes.into_iter().map(otlp_as_text).collect(),
        })
    }
}

impl CapturedMetric {
    pub(crate) fn read(metric: &Metric) -> Self {
        let points = match metric.data() {
            AggregatedMetrics::F64(data) => points(data, |value| value),
            AggregatedMetrics::U64(data) => points(data, |value| as_f64(i128::from(value))),
            AggregatedMetrics::I64(data) => points(data, |value| as_f64(i128::from(value))),
        };
        Self { name: metric.name().to_owned(), unit: metric.unit().to_owned(), points }
    }
}

fn points<T: Copy>(data: &MetricData<T>, number: impl Fn(T) -> f64) -> Vec<CapturedPoint> {
    match data {
        MetricData::Gauge(gauge) => {
            gauge.data_points().map(|point| single(point.attributes(), number(point.value()))).collect()
        }
        MetricData::Sum(sum) => {
            sum.data_points().map(|point| single(point.attributes(), number(point.value()))).collect()
        }
        MetricData::Histogram(histogram) => histogram
            .data_points()
            .map(|point| CapturedPoint {
                count: point.count(),
                buckets: point.bucket_counts().count(),
                ..single(point.attributes(), number(point.sum()))
            })
            .collect(),
        MetricData::ExponentialHistogram(_) => Vec::new(),
    }
}

fn single<'a>(attributes: impl Iterator<Item = &'a KeyValue>, value: f64) -> CapturedPoint {
    CapturedPoint { attributes: attributes.map(as_text).collect(), value, count: 1, buckets: 0 }
}

#[expect(clippy::cast_precision_loss, reason = "tests compare small numbers")]
fn as_f64(value: i128) -> f64 {
    value as f64
}

fn as_text(attribute: &KeyValue) -> (String, String) {
    let value = match &attribute.value {
        Value::String(text) => text.to_string(),
        other => other.to_string(),
    };
    (attribute.key.to_string(), value)
}
