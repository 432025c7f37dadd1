//! What there is to be queried, and how Prometheus shows it.

mod collectors;
mod conventions;
mod infrastructure;
mod shown;

pub use shown::shown;

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What kind of numbers a metric gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows: Prometheus adds `_total`.
    Counter,
    /// It is what it is now.
    Gauge,
    /// A sum that also shrinks; Prometheus takes it for a gauge whose unit `1` it doesn't name.
    UpDown,
    /// It comes as `_bucket`, `_sum` and `_count`.
    Histogram,
}

/// A metric as it can be queried.
#[derive(Clone, Debug)]
pub struct Series {
    /// What whoever emits it calls it: `muster.outbox.oldest.age`, or an exporter's `pg_up`.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Its unit, where it is sent by OTLP.
    pub unit: Option<String>,
    /// What Prometheus calls it; one name by which it may come, or two.
    pub shown: Vec<String>,
    /// Its labels as Prometheus shows them, where a registry lists them.
    pub labels: Option<Vec<String>>,
}

impl Series {
    /// A metric that is sent by OTLP.
    fn sent(name: &str, kind: Kind, unit: &str) -> Self {
        let (shown, unit) = (vec![shown(name, kind, unit)], Some(unit.to_owned()));
        Self { name: name.to_owned(), kind, unit, shown, labels: None }
    }

    /// A metric of an exporter that Prometheus reads itself. A counter that doesn't end in `_total` gets that ending
    /// where it goes through OTLP.
    fn scraped(name: &str, kind: Kind) -> Self {
        let through_otlp = shown(name, kind, "");
        let mut shown = vec![name.to_owned()];
        if through_otlp != name {
            shown.push(through_otlp);
        }
        Self { name: name.to_owned(), kind, unit: None, shown, labels: None }
    }
}

/// Everything that can be queried, by the name that it is emitted under.
pub fn known() -> &'static BTreeMap<String, Series> {
    static KNOWN: LazyLock<BTreeMap<String, Series>> = LazyLock::new(|| {
        let all = ours().chain(conventions::all()).chain(infrastructure::all()).chain(collectors::all());
        all.map(|series| (series.name.clone(), series)).collect()
    });
    &KNOWN
}

fn ours() -> impl Iterator<Item = Series> {
    telemetry::registry::metrics().iter().map(|metric| Series {
        labels: Some(metric.attributes.iter().map(|name| name.replace('.', "_")).collect()),
        ..Series::sent(metric.name, kind(metric.instrument), metric.unit)
    })
}

fn kind(instrument: &str) -> Kind {
    match instrument {
        "counter" => Kind::Counter,
        "histogram" => Kind::Histogram,
        "updowncounter" => Kind::UpDown,
        _ => Kind::Gauge,
    }
}
