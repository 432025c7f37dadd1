//! The registry: every span, metric, event and attribute that is ours, and a comparison of what is emitted
//! with what is listed.
//!
//! `telemetry/registry/` is the truth, in the format of OpenTelemetry's semantic conventions; the tables here
//! and those of docs/TELEMETRY.md are made from it by the test `registry`, which fails when they are stale.

mod compare;
#[rustfmt::skip]
mod table;

pub use compare::{Comparison, Emitted, compare, kind_of};

/// A kind of span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// What it is called here: `http.server`.
    pub id: &'static str,
    /// `server`, `client`, `producer`, `consumer`, `internal`.
    pub kind: &'static str,
    /// What such spans are called; braces stand for one of few words.
    pub names: &'static [&'static str],
    /// What every one of them says.
    pub required: &'static [&'static str],
    /// What some of them say.
    pub optional: &'static [&'static str],
}

/// A metric of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// `counter`, `gauge`, `histogram`, `updowncounter`.
    pub instrument: &'static str,
    /// Its unit, after UCUM.
    pub unit: &'static str,
    /// What it tells.
    pub brief: &'static str,
    /// Its labels.
    pub attributes: &'static [&'static str],
}

/// A log record with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its name; braces stand for one of few words.
    pub name: &'static str,
    /// `error`, `warn`, `info`, `debug`.
    pub level: &'static str,
    /// What it may say beside its sentence.
    pub attributes: &'static [&'static str],
}

/// Every kind of span.
pub fn spans() -> &'static [Span] {
    table::SPANS
}

/// Every metric that is ours.
pub fn metrics() -> &'static [Metric] {
    table::METRICS
}

/// The names of the conventions' metrics that are emitted as they are there.
pub fn imported_metrics() -> &'static [&'static str] {
    table::IMPORTED_METRICS
}

/// Every event.
pub fn events() -> &'static [Event] {
    table::EVENTS
}

/// Every attribute that is ours.
pub fn attributes() -> &'static [&'static str] {
    table::ATTRIBUTES
}

/// Unit and description of a metric of ours.
pub(crate) fn metric(name: &str) -> (&'static str, &'static str) {
    let found = table::METRICS.iter().find(|metric| metric.name == name);
    debug_assert!(found.is_some(), "{name} is not in telemetry/registry");
    found.map_or(("", ""), |metric| (metric.unit, metric.brief))
}
