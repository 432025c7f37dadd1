//! Exemplars: for a point of a metric, a few of the spans that it was measured in.
//!
//! The SDK collects none, so each series of ours keeps a small reservoir, one place per bucket of a
//! histogram, and they are added to the points when these are encoded. A place keeps the first measurement
//! after an export: once it is taken, a measurement costs one atomic read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_proto::tonic::common::v1::KeyValue as OtlpKeyValue;
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, Metric, exemplar, metric::Data};

use crate::ExemplarFilter;

/// The reservoirs of one service.
#[derive(Debug)]
pub(crate) struct Exemplars {
    filter: ExemplarFilter,
    reservoirs: Mutex<BTreeMap<&'static str, Vec<Arc<Reservoir>>>>,
}

/// What one series keeps until the next export.
#[derive(Debug)]
pub(crate) struct Reservoir {
    filter: ExemplarFilter,
    attributes: Vec<KeyValue>,
    boundaries: &'static [f64],
    /// A bit for each place that is taken.
    taken: AtomicU32,
    places: Mutex<Vec<Kept>>,
}

#[derive(Clone, Debug)]
struct Kept {
    value: f64,
    time: SystemTime,
    span: SpanContext,
}

impl Exemplars {
    pub(crate) fn new(filter: ExemplarFilter) -> Self {
        Self { filter, reservoirs: Mutex::default() }
    }

    /// A reservoir for one series; a counter has no boundaries and one place.
    pub(crate) fn reservoir(
        &self,
        metric: &'static str,
        attributes: &[KeyValue],
        boundaries: &'static [f64],
    ) -> Arc<Reservoir> {
        debug_assert!(boundaries.len() < 32, "a bit for each bucket");
        let reservoir = Arc::new(Reservoir {
            filter: self.filter,
            attributes: attributes.to_vec(),
            boundaries,
            taken: AtomicU32::new(0),
            places: Mutex::default(),
        });
        let mut all = self.reservoirs.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(metric).or_default().push(Arc::clone(&reservoir));
        reservoir
    }

    /// Adds what was kept since the last time to the points of a metric.
    pub(crate) fn attach(&self, metric: &mut Metric) {
        let reservoirs = {
            let all = self.reservoirs.lock().unwrap_or_else(PoisonError::into_inner);
            all.get(metric.name.as_str()).cloned().unwrap_or_default()
        };
        for reservoir in reservoirs {
            let kept = reservoir.empty();
            if kept.is_empty() {
                continue;
            }
            let attributes = sorted(reservoir.attributes.iter().map(OtlpKeyValue::from).collect());
            if let Some(exemplars) = exemplars_of(metric, &attributes) {
                exemplars.extend(kept.iter().map(Kept::to_otlp));
            }
        }
    }
}

impl Reservoir {
    /// Keeps a measurement if it has a sampled span and its place is free.
    pub(crate) fn offer(&self, value: f64, context: &Context) {
        if self.filter == ExemplarFilter::AlwaysOff {
            return;
        }
        let place = 1_u32 << self.boundaries.partition_point(|boundary| *boundary < value);
        if self.taken.load(Ordering::Relaxed) & place != 0 {
            return;
        }
        let span = context.span();
        let span = span.span_context();
        if self.filter == ExemplarFilter::TraceBased && !span.is_sampled() {
            return;
        }
        if self.taken.fetch_or(place, Ordering::Relaxed) & place == 0 {
            let kept = Kept { value, time: opentelemetry::time::now(), span: span.clone() };
            self.places.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
        }
    }

    fn empty(&self) -> Vec<Kept> {
        let kept = std::mem::take(&mut *self.places.lock().unwrap_or_else(PoisonError::into_inner));
        self.taken.store(0, Ordering::Relaxed);
        kept
    }
}

impl Kept {
    fn to_otlp(&self) -> Exemplar {
        let ids = self.span.is_valid();
        let nanos = self.time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        Exemplar {
            time_unix_nano: u64::try_from(nanos).unwrap_or(u64::MAX),
            span_id: if ids { self.span.span_id().to_bytes().to_vec() } else { Vec::new() },
            trace_id: if ids { self.span.trace_id().to_bytes().to_vec() } else { Vec::new() },
            value: Some(exemplar::Value::AsDouble(self.value)),
            ..Exemplar::default()
        }
    }
}

/// The exemplars of the point with these attributes.
fn exemplars_of<'a>(metric: &'a mut Metric, attributes: &[OtlpKeyValue]) -> Option<&'a mut Vec<Exemplar>> {
    let is_it = |found: &[OtlpKeyValue]| sorted(found.to_vec()) == attributes;
    match metric.data.as_mut()? {
        Data::Histogram(histogram) => {
            let point = histogram.data_points.iter_mut().find(|point| is_it(&point.attributes))?;
            Some(&mut point.exemplars)
        }
        Data::Sum(sum) => {
            let point = sum.data_points.iter_mut().find(|point| is_it(&point.attributes))?;
            Some(&mut point.exemplars)
        }
        _ => None,
    }
}

fn sorted(mut attributes: Vec<OtlpKeyValue>) -> Vec<OtlpKeyValue> {
    attributes.sort_by(|a, b| a.key.cmp(&b.key));
    attributes
}
