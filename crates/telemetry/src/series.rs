//! Instruments whose series are bound: found once, recorded into without a look-up, with exemplars.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

use opentelemetry::metrics::{BoundCounter, BoundHistogram, Counter, Histogram, Meter};
use opentelemetry::{Context, KeyValue, Value};

use crate::exemplars::{Exemplars, Reservoir};

/// What a series is called when an instrument has too many
/// (<https://opentelemetry.io/docs/specs/otel/metrics/sdk/#overflow-attribute>).
pub(crate) fn overflow() -> KeyValue {
    KeyValue::new("otel.metric.overflow", true)
}

/// A histogram of seconds or shares.
#[derive(Debug)]
pub(crate) struct Distribution {
    name: &'static str,
    boundaries: &'static [f64],
    histogram: Histogram<f64>,
    exemplars: Arc<Exemplars>,
}

/// One series of a histogram.
#[derive(Debug)]
pub(crate) struct DistributionSeries {
    bound: BoundHistogram<f64>,
    reservoir: Arc<Reservoir>,
}

/// A counter.
#[derive(Debug)]
pub(crate) struct Tally {
    name: &'static str,
    counter: Counter<u64>,
    exemplars: Arc<Exemplars>,
}

/// One series of a counter.
#[derive(Debug)]
pub(crate) struct TallySeries {
    bound: BoundCounter<u64>,
    reservoir: Arc<Reservoir>,
}

/// What makes instruments of one service.
#[derive(Debug)]
pub(crate) struct Maker<'a> {
    pub(crate) meter: &'a Meter,
    pub(crate) exemplars: &'a Arc<Exemplars>,
}

impl Maker<'_> {
    /// A histogram with these boundaries; a value on a boundary belongs below it.
    pub(crate) fn distribution(
        &self,
        (name, unit): (&'static str, &'static str),
        boundaries: &'static [f64],
        description: &'static str,
    ) -> Distribution {
        let builder = self.meter.f64_histogram(name).with_unit(unit).with_description(description);
        let histogram = builder.with_boundaries(boundaries.to_vec()).build();
        Distribution { name, boundaries, histogram, exemplars: Arc::clone(self.exemplars) }
    }

    pub(crate) fn tally(
        &self,
        (name, unit): (&'static str, &'static str),
        description: &'static str,
    ) -> Tally {
        let counter = self.meter.u64_counter(name).with_unit(unit).with_description(description).build();
        Tally { name, counter, exemplars: Arc::clone(self.exemplars) }
    }
}

impl Distribution {
    pub(crate) fn bind(&self, attributes: &[KeyValue]) -> DistributionSeries {
        let reservoir = self.exemplars.reservoir(self.name, attributes, self.boundaries);
        DistributionSeries { bound: self.histogram.bind(attributes), reservoir }
    }
}

impl DistributionSeries {
    pub(crate) fn record(&self, value: f64, context: &Context) {
        self.bound.record(value);
        self.reservoir.offer(value, context);
    }
}

impl Tally {
    pub(crate) fn bind(&self, attributes: &[KeyValue]) -> TallySeries {
        let reservoir = self.exemplars.reservoir(self.name, attributes, &[]);
        TallySeries { bound: self.counter.bind(attributes), reservoir }
    }
}

impl TallySeries {
    pub(crate) fn increment(&self, context: &Context) {
        self.bound.add(1);
        self.reservoir.offer(1.0, context);
    }
}

/// The value of a label: one of few.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Label {
    Word(&'static str),
    Number(u32),
}

impl From<&'static str> for Label {
    fn from(word: &'static str) -> Self {
        Self::Word(word)
    }
}

impl From<u32> for Label {
    fn from(number: u32) -> Self {
        Self::Number(number)
    }
}

impl From<Label> for Value {
    fn from(label: Label) -> Self {
        match label {
            Label::Word(word) => word.into(),
            Label::Number(number) => i64::from(number).into(),
        }
    }
}

/// Series by the values of their labels, made when they are first needed.
#[derive(Debug)]
pub(crate) struct Labelled<I, S, const N: usize> {
    instrument: I,
    keys: [&'static str; N],
    series: RwLock<HashMap<[Label; N], S>>,
}

impl<I, S, const N: usize> Labelled<I, S, N> {
    pub(crate) fn new(instrument: I, keys: [&'static str; N]) -> Self {
        Self { instrument, keys, series: RwLock::default() }
    }

    fn with(&self, labels: [Label; N], bind: impl FnOnce(&I, &[KeyValue]) -> S, record: impl FnOnce(&S)) {
        if let Some(found) = self.series.read().unwrap_or_else(PoisonError::into_inner).get(&labels) {
            return record(found);
        }
        let mut series = self.series.write().unwrap_or_else(PoisonError::into_inner);
        record(series.entry(labels).or_insert_with(|| {
            let attributes: Vec<KeyValue> =
                self.keys.into_iter().zip(labels).map(|(key, label)| KeyValue::new(key, label)).collect();
            bind(&self.instrument, &attributes)
        }));
    }
}

/// A histogram with labels.
pub(crate) type Distributions<const N: usize> = Labelled<Distribution, DistributionSeries, N>;

/// A counter with labels.
pub(crate) type Tallies<const N: usize> = Labelled<Tally, TallySeries, N>;

impl<const N: usize> Distributions<N> {
    pub(crate) fn record(&self, labels: [Label; N], value: f64) {
        self.with(labels, Distribution::bind, |series| {
            Context::map_current(|context| series.record(value, context));
        });
    }
}

impl<const N: usize> Tallies<N> {
    pub(crate) fn increment(&self, labels: [Label; N]) {
        self.with(labels, Tally::bind, |series| Context::map_current(|context| series.increment(context)));
    }
}
