//! The metrics that belong to a kind of span, recorded when it ends.
//!
//! Spans with the same attributes share a [`Group`], which is found by a few words instead of a list of
//! attributes, and whose series are bound. How many groups there are is bounded: what comes after is counted
//! in one series for all the rest.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use opentelemetry::metrics::{BoundHistogram, BoundUpDownCounter, Histogram, UpDownCounter};
use opentelemetry::{Context, KeyValue};

use crate::otlp::fields::Fields;
use crate::series::{Distribution, DistributionSeries, Tally, TallySeries, overflow};

/// Groups of one kind of span; a group has a series for each way to end.
const GROUPS_LIMIT: usize = 256;
/// Ways to end that a group tells apart.
const ENDINGS_LIMIT: usize = 24;

/// The instruments of one kind of span.
#[derive(Debug)]
pub(crate) struct SpanMetrics {
    pub(crate) duration: Distribution,
    pub(crate) count: Option<Tally>,
    pub(crate) rows: Option<Histogram<u64>>,
    pub(crate) active: Option<UpDownCounter<i64>>,
    /// Whether an answer of 4xx is an error, as it is for a client.
    pub(crate) fails_at: u16,
}

/// The instruments of one kind of span, and the series of all that are too many.
#[derive(Debug)]
struct Shared {
    metrics: SpanMetrics,
    overflow: OnceLock<Series>,
}

/// What spans have in common.
#[derive(Debug)]
pub(crate) struct Common {
    /// What their metrics tell apart.
    pub(crate) attributes: Vec<KeyValue>,
    /// What each of them says.
    pub(crate) fields: Fields,
}

/// Spans that have much in common, and their series.
#[derive(Debug)]
pub(crate) struct Group {
    shared: Arc<Shared>,
    common: Common,
    is_overflow: bool,
    endings: RwLock<Vec<(Ending, Series)>>,
    rows: OnceLock<BoundHistogram<u64>>,
    active: Option<BoundUpDownCounter<i64>>,
}

/// How a span ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) status: Option<u16>,
    pub(crate) error_type: Option<Cow<'static, str>>,
}

#[derive(Debug)]
struct Series {
    duration: DistributionSeries,
    count: Option<TallySeries>,
}

impl Shared {
    fn bind(&self, attributes: &[KeyValue]) -> Series {
        Series {
            duration: self.metrics.duration.bind(attributes),
            count: self.metrics.count.as_ref().map(|count| count.bind(attributes)),
        }
    }

    fn overflow(&self) -> &Series {
        self.overflow.get_or_init(|| self.bind(&[overflow()]))
    }
}

impl Group {
    fn new(shared: Arc<Shared>, common: Common, is_overflow: bool) -> Self {
        let active = shared.metrics.active.as_ref().map(|counter| counter.bind(&lasting(&common.attributes)));
        let (endings, rows) = (RwLock::default(), OnceLock::new());
        Self { shared, common, is_overflow, endings, rows, active }
    }

    /// How each of the spans begins.
    pub(crate) const fn fields(&self) -> &Fields {
        &self.common.fields
    }

    /// Whether an HTTP status is an error for this kind of span; the limiter handles a client's 429.
    pub(crate) fn is_failure(&self, status: u16) -> bool {
        status >= self.shared.metrics.fails_at && (status >= 500 || status != 429)
    }

    pub(crate) fn begin(&self) {
        if let Some(active) = &self.active {
            active.add(1);
        }
    }

    pub(crate) fn finish(&self, elapsed: Duration, ending: Ending, context: &Context) {
        if let Some(active) = &self.active {
            active.add(-1);
        }
        let seconds = elapsed.as_secs_f64();
        if self.is_overflow {
            return self.shared.overflow().record(seconds, context);
        }
        {
            let endings = self.endings.read().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, series)) = endings.iter().find(|(known, _)| *known == ending) {
                return series.record(seconds, context);
            }
        }
        self.first_of_its_kind(ending, |series| series.record(seconds, context));
    }

    pub(crate) fn returned_rows(&self, rows: u64) {
        match &self.shared.metrics.rows {
            Some(histogram) if self.is_overflow => histogram.record(rows, &[overflow()]),
            Some(histogram) => self.rows.get_or_init(|| histogram.bind(&self.common.attributes)).record(rows),
            None => {}
        }
    }

    fn first_of_its_kind(&self, ending: Ending, record: impl FnOnce(&Series)) {
        let mut endings = self.endings.write().unwrap_or_else(PoisonError::into_inner);
        let place = match endings.iter().position(|(known, _)| *known == ending) {
            Some(place) => place,
            None if endings.len() < ENDINGS_LIMIT => {
                let common = self.common.attributes.iter().cloned();
                let attributes: Vec<KeyValue> = common.chain(ending.attributes()).collect();
                endings.push((ending, self.shared.bind(&attributes)));
                endings.len() - 1
            }
            None => return record(self.shared.overflow()),
        };
        record(&endings[place].1);
    }
}

impl Ending {
    fn attributes(&self) -> impl Iterator<Item = KeyValue> + use<> {
        let status = self.status.map(|code| KeyValue::new("http.response.status_code", i64::from(code)));
        let error_type = self.error_type.clone().map(|word| KeyValue::new("error.type", word));
        status.into_iter().chain(error_type)
    }
}

impl Series {
    fn record(&self, seconds: f64, context: &Context) {
        self.duration.record(seconds, context);
        if let Some(count) = &self.count {
            count.increment(context);
        }
    }
}

/// Of a server span's attributes, those that are known when the request begins and stay the same.
fn lasting(attributes: &[KeyValue]) -> Vec<KeyValue> {
    let shared = ["http.request.method", "url.scheme"];
    attributes.iter().filter(|attribute| shared.contains(&attribute.key.as_str())).cloned().collect()
}

/// The groups of one kind of span, by a key of few words and one text of the caller's.
#[derive(Debug)]
pub(crate) struct Groups<K> {
    shared: Arc<Shared>,
    known: RwLock<Known<K>>,
}

#[derive(Debug)]
struct Known<K> {
    groups: HashMap<K, HashMap<Box<str>, Arc<Group>>>,
    count: usize,
}

impl<K: Copy + Eq + Hash> Groups<K> {
    pub(crate) fn new(metrics: SpanMetrics) -> Self {
        let known = RwLock::new(Known { groups: HashMap::new(), count: 0 });
        Self { shared: Arc::new(Shared { metrics, overflow: OnceLock::new() }), known }
    }

    /// The group of these spans; when it is new, `common` is asked what they have in common, and told whether
    /// there are too many groups, so that a name must not tell them apart.
    pub(crate) fn find(&self, key: K, text: &str, common: impl FnOnce(bool) -> Common) -> Arc<Group> {
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(found) = known.groups.get(&key).and_then(|texts| texts.get(text)) {
                return Arc::clone(found);
            }
            if known.count >= GROUPS_LIMIT {
                return Arc::new(Group::new(Arc::clone(&self.shared), common(true), true));
            }
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // Others may have looked for it, or for the last place, at the same time.
        if let Some(found) = known.groups.get(&key).and_then(|texts| texts.get(text)) {
            return Arc::clone(found);
        }
        let is_overflow = known.count >= GROUPS_LIMIT;
        let group = Arc::new(Group::new(Arc::clone(&self.shared), common(is_overflow), is_overflow));
        if !is_overflow {
            known.count += 1;
            known.groups.entry(key).or_default().insert(text.into(), Arc::clone(&group));
        }
        group
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::hash::Hasher;
    use std::sync::Barrier;
    use std::thread;

    use opentelemetry::trace::SpanKind;

    use super::*;
    use crate::exemplars::Exemplars;
    use crate::instruments::SECONDS;
    use crate::otlp::fields::Bounds;
    use crate::series::Maker;
    use crate::{ExemplarFilter, Limits, ServiceName, Telemetry};

    thread_local! {
        /// Whether this thread waits for the others the next time it looks for a group.
        static WAITS: Cell<bool> = const { Cell::new(false) };
    }

    /// A key at whose first look-up threads meet, while none of them can have written.
    #[derive(Clone, Copy, Debug)]
    struct Meeting<'a>(&'a Barrier);

    impl Hash for Meeting<'_> {
        fn hash<H: Hasher>(&self, state: &mut H) {
            if WAITS.take() {
                self.0.wait();
            }
            state.write_u8(0);
        }
    }

    impl PartialEq for Meeting<'_> {
        fn eq(&self, _: &Self) -> bool {
            true
        }
    }

    impl Eq for Meeting<'_> {}

    #[test]
    fn who_looks_for_the_same_at_the_same_time_gets_the_same() {
        const THREADS: usize = 8;
        let exemplars = Arc::new(Exemplars::new(ExemplarFilter::AlwaysOff));
        let telemetry = Telemetry::off(ServiceName::Api);
        let maker = Maker { meter: telemetry.meter(), exemplars: &exemplars };
        let duration = maker.distribution(("test.duration", "s"), &SECONDS, "How long it takes.");
        let groups =
            Groups::new(SpanMetrics { duration, count: None, rows: None, active: None, fails_at: 500 });
        let fields = || Fields::new(Bounds::from(Limits::default()), &SpanKind::Internal, &["test"]);
        let common = |_| Common { attributes: Vec::new(), fields: fields() };
        let together = Barrier::new(THREADS);
        // Nobody hashes a key to look into what is empty.
        groups.find(Meeting(&together), "first", common);

        let found: Vec<Arc<Group>> = thread::scope(|scope| {
            let look = || {
                WAITS.set(true);
                groups.find(Meeting(&together), "second", common)
            };
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(look)).collect();
            threads.into_iter().map(|thread| thread.join().expect("it finds one")).collect()
        });

        assert!(found.iter().all(|group| Arc::ptr_eq(group, &found[0])));
        assert_eq!(groups.known.read().expect("nobody panicked").count, 2, "each takes one place");
    }
}
