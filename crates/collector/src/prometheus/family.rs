//! The series of one name, each with its newest value.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::{
    common::v1::KeyValue,
    metrics::v1::{
        AggregationTemporality, HistogramDataPoint, Metric, NumberDataPoint, metric::Data, number_data_point,
    },
};

use super::{Labels, names};
use crate::store::{Exemplar, exponential_buckets, json, read_exemplars};

/// What Prometheus calls the type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
    Summary,
}

/// The newest value of a series.
#[derive(Clone, Debug, Default)]
pub(super) struct Value {
    /// The number; of a distribution its sum.
    pub(super) number: f64,
    /// Upper bounds and how many lie up to each, but not up to the one before; the last bound is infinite.
    pub(super) buckets: Vec<(f64, u64)>,
    pub(super) count: u64,
    pub(super) exemplars: Vec<Exemplar>,
    seen_ns: i64,
}

/// The series of one name.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) kind: Kind,
    pub(super) help: String,
    pub(super) series: BTreeMap<Labels, Value>,
}

impl Family {
    pub(super) fn new(kind: Kind, help: &str) -> Self {
        Self { kind, help: help.into(), series: BTreeMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.series.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    pub(super) fn forget(&mut self, before_ns: i64) {
        self.series.retain(|_, value| value.seen_ns >= before_ns);
    }

    /// Takes the points of a metric as long as there is room for new series, and says how many were new.
    pub(super) fn put(&mut self, identity: &Labels, metric: &Metric, (now_ns, room): (i64, usize)) -> usize {
        let (points, is_delta) = points(metric);
        let mut added = 0;
        for (attributes, mut value) in points {
            let labels = labels(identity, attributes);
            value.seen_ns = now_ns;
            match self.series.get_mut(&labels) {
                Some(before) if is_delta => before.add(value),
                Some(before) => *before = value.or_exemplars_of(before),
                None if added < room => {
                    self.series.insert(labels, value);
                    added += 1;
                }
                None => (),
            }
        }
        added
    }
}

impl Value {
    /// What happened since.
    fn add(&mut self, more: Self) {
        self.number += more.number;
        self.count += more.count;
        self.seen_ns = more.seen_ns;
        let same_bounds =
            self.buckets.iter().map(|b| b.0.to_bits()).eq(more.buckets.iter().map(|b| b.0.to_bits()));
        if same_bounds {
            self.buckets.iter_mut().zip(&more.buckets).for_each(|(sum, more)| sum.1 += more.1);
        } else {
            self.buckets = more.buckets;
        }
        if !more.exemplars.is_empty() {
            self.exemplars = more.exemplars;
        }
    }

    /// Exemplars come with some points only: the last ones stay.
    fn or_exemplars_of(mut self, before: &mut Self) -> Self {
        if self.exemplars.is_empty() {
            self.exemplars = std::mem::take(&mut before.exemplars);
        }
        self
    }
}

fn labels(identity: &Labels, attributes: &[KeyValue]) -> Labels {
    let own =
        json::object(attributes).into_iter().map(|(key, value)| (names::label(&key), json::plain(&value)));
    let mut labels: Labels =
        own.filter(|(key, _)| key != "job" && key != "instance").chain(identity.clone()).collect();
    labels.sort();
    labels.dedup_by(|a, b| a.0 == b.0);
    labels
}

/// The points of a metric with their attributes, and whether they count from the point before.
fn points(metric: &Metric) -> (Vec<(&[KeyValue], Value)>, bool) {
    let is_delta = |temporality: i32| temporality == AggregationTemporality::Delta as i32;
    match &metric.data {
        None => (Vec::new(), false),
        Some(Data::Gauge(gauge)) => (gauge.data_points.iter().filter_map(number).collect(), false),
        Some(Data::Sum(sum)) => {
            (sum.data_points.iter().filter_map(number).collect(), is_delta(sum.aggregation_temporality))
        }
        Some(Data::Histogram(h)) => {
            (h.data_points.iter().map(histogram).collect(), is_delta(h.aggregation_temporality))
        }
        Some(Data::ExponentialHistogram(h)) => {
            let point = |point| {
                let (buckets, count, sum, exemplars) = exponential_buckets(point);
                let buckets = closed(buckets, count);
                (&*point.attributes, Value { number: sum, buckets, count, exemplars, seen_ns: 0 })
            };
            (h.data_points.iter().map(point).collect(), is_delta(h.aggregation_temporality))
        }
        Some(Data::Summary(s)) => {
            let points = s.data_points.iter().map(|point| {
                (&*point.attributes, Value { number: point.sum, count: point.count, ..Value::default() })
            });
            (points.collect(), false)
        }
    }
}

fn number(point: &NumberDataPoint) -> Option<(&[KeyValue], Value)> {
    #[expect(clippy::cast_precision_loss, reason = "Prometheus knows no other numbers")]
    let number = match point.value? {
        number_data_point::Value::AsDouble(value) => value,
        number_data_point::Value::AsInt(value) => value as f64,
    };
    Some((
        &point.attributes,
        Value { number, exemplars: read_exemplars(&point.exemplars), ..Value::default() },
    ))
}

fn histogram(point: &HistogramDataPoint) -> (&[KeyValue], Value) {
    let bounds = point.explicit_bounds.iter().copied().chain([f64::INFINITY]);
    let value = Value {
        number: point.sum.unwrap_or_default(),
        buckets: closed(bounds.zip(point.bucket_counts.iter().copied()).collect(), point.count),
        count: point.count,
        exemplars: read_exemplars(&point.exemplars),
        seen_ns: 0,
    };
    (&point.attributes, value)
}

/// With a last bucket that has no bound, as Prometheus wants it.
fn closed(mut buckets: Vec<(f64, u64)>, count: u64) -> Vec<(f64, u64)> {
    if buckets.last().is_none_or(|(bound, _)| bound.is_finite()) {
        let below = buckets.iter().map(|(_, count)| count).sum();
        buckets.push((f64::INFINITY, count.saturating_sub(below)));
    }
    buckets
}
