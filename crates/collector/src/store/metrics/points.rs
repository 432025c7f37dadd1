//! The data points of OTLP, all five shapes, as rows of one table.

use opentelemetry_proto::tonic::{
    common::v1::KeyValue,
    metrics::v1::{
        ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint, SummaryDataPoint,
        metric::Data, number_data_point::Value,
    },
};

use super::{buckets, exemplars};
use crate::store::traces::nanos;

/// One data point.
pub(super) struct Row {
    pub(super) time_ns: i64,
    pub(super) start_ns: i64,
    /// The number; of a histogram or summary its sum.
    pub(super) value: Option<f64>,
    /// How many measurements; none for a number.
    pub(super) count: Option<i64>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) buckets: Option<String>,
    pub(super) exemplars: Option<String>,
}

/// The attributes and the row of each data point.
pub(super) fn of(metric: &Metric) -> Vec<(&[KeyValue], Row)> {
    match &metric.data {
        None => Vec::new(),
        Some(Data::Gauge(gauge)) => gauge.data_points.iter().map(number).collect(),
        Some(Data::Sum(sum)) => sum.data_points.iter().map(number).collect(),
        Some(Data::Histogram(h)) => h.data_points.iter().map(histogram).collect(),
        Some(Data::ExponentialHistogram(h)) => h.data_points.iter().map(exponential).collect(),
        Some(Data::Summary(s)) => s.data_points.iter().map(summary).collect(),
    }
}

fn number(point: &NumberDataPoint) -> (&[KeyValue], Row) {
    #[expect(clippy::cast_precision_loss, reason = "charts need no more than 53 bits")]
    let value = point.value.map(|value| match value {
        Value::AsDouble(value) => value,
        Value::AsInt(value) => value as f64,
    });
    let row = Row {
        time_ns: nanos(point.time_unix_nano),
        start_ns: nanos(point.start_time_unix_nano),
        value,
        count: None,
        min: None,
        max: None,
        buckets: None,
        exemplars: exemplars::to_json(&point.exemplars),
    };
    (&point.attributes, row)
}

fn histogram(point: &HistogramDataPoint) -> (&[KeyValue], Row) {
    let row = Row {
        time_ns: nanos(point.time_unix_nano),
        start_ns: nanos(point.start_time_unix_nano),
        value: point.sum,
        count: Some(nanos(point.count)),
        min: point.min,
        max: point.max,
        buckets: Some(buckets::to_json(&buckets::explicit(point))),
        exemplars: exemplars::to_json(&point.exemplars),
    };
    (&point.attributes, row)
}

fn exponential(point: &ExponentialHistogramDataPoint) -> (&[KeyValue], Row) {
    let row = Row {
        time_ns: nanos(point.time_unix_nano),
        start_ns: nanos(point.start_time_unix_nano),
        value: point.sum,
        count: Some(nanos(point.count)),
        min: point.min,
        max: point.max,
        buckets: Some(buckets::to_json(&buckets::exponential(point))),
        exemplars: exemplars::to_json(&point.exemplars),
    };
    (&point.attributes, row)
}

/// A summary keeps its count and sum; quantiles that a sender computed cannot be added up and are left out.
fn summary(point: &SummaryDataPoint) -> (&[KeyValue], Row) {
    let row = Row {
        time_ns: nanos(point.time_unix_nano),
        start_ns: nanos(point.start_time_unix_nano),
        value: Some(point.sum),
        count: Some(nanos(point.count)),
        min: None,
        max: None,
        buckets: None,
        exemplars: None,
    };
    (&point.attributes, row)
}
