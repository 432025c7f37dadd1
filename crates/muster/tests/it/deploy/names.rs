//! What a metric is called in Prometheus is worked out twice: where a dashboard asks for it, and where `/metrics` tells
//! it. Neither knows the other.

use crate::api::Answer;
use crate::program::{Home, Program, until};
use dashboards::{Kind, known, shown};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Some moment of this year.
const AT_NS: &str = "1777660200000000000";
const KINDS: [Kind; 4] = [Kind::Counter, Kind::Gauge, Kind::UpDown, Kind::Histogram];
/// Units that are in the tables, units that are not, and remarks.
const UNITS: [&str; 30] = [
    "",
    "1",
    "%",
    "{row}",
    "s",
    "ms",
    "us",
    "ns",
    "min",
    "m",
    "h",
    "d",
    "w",
    "By",
    "KiBy",
    "MiBy",
    "GiBy",
    "KBy",
    "GBy",
    "Hz",
    "Cel",
    "V",
    "1/s",
    "By/s",
    "{ops}/s",
    "l/min",
    "{turn}/m",
    "s/{turn}",
    "made.up_unit",
    "{a}/{b}",
];
/// Names in which an ending stands already, or what Prometheus has no letter for.
const NAMES: [&str; 8] = [
    "{}.odd",
    "{}.odd.total",
    "{}.total.of",
    "{}.odd_ratio",
    "{}.ratio.of",
    "{}.seconds.per_second",
    "9.{}",
    "_{}:odd__é_",
];

/// A metric as it is sent, and what a dashboard would ask for.
struct Sent {
    metric: Value,
    shown: String,
    kind: Kind,
}

impl Sent {
    fn new(name: &str, kind: Kind, unit: &str) -> Self {
        let mut metric = json!({ "name": name, "unit": unit });
        let (data, value) = data(kind);
        metric[data] = value;
        Self { metric, shown: shown(name, kind, unit), kind }
    }

    /// The names of its lines.
    fn names(&self) -> Vec<String> {
        let parts: &[&str] =
            if self.kind == Kind::Histogram { &["_bucket", "_sum", "_count"] } else { &[""] };
        parts.iter().map(|part| format!("{}{part}", self.shown)).collect()
    }
}

/// One point.
fn data(kind: Kind) -> (&'static str, Value) {
    let number = json!([{ "timeUnixNano": AT_NS, "startTimeUnixNano": AT_NS, "asDouble": 1.0 }]);
    let sum = |is_monotonic| json!({ "dataPoints": number, "aggregationTemporality": 2, "isMonotonic": is_monotonic });
    match kind {
        Kind::Counter => ("sum", sum(true)),
        Kind::UpDown => ("sum", sum(false)),
        Kind::Gauge => ("gauge", json!({ "dataPoints": number })),
        Kind::Histogram => {
            let point = json!({
                "timeUnixNano": AT_NS, "startTimeUnixNano": AT_NS, "count": "3", "sum": 1.0,
                "bucketCounts": ["1", "2"], "explicitBounds": [0.5],
            });
            ("histogram", json!({ "dataPoints": [point], "aggregationTemporality": 2 }))
        }
    }
}

/// The registry's, the conventions', the engines', the collectors'.
fn all_known() -> Vec<Sent> {
    let sent = known().values().filter_map(|series| Some((series, series.unit.as_deref()?)));
    sent.map(|(series, unit)| Sent::new(&series.name, series.kind, unit)).collect()
}

/// Whatever else may come: each kind in each unit, under a name of its own.
fn made_up() -> Vec<Sent> {
    let mut all = Vec::new();
    for (kind_no, kind) in KINDS.into_iter().enumerate() {
        for (unit_no, unit) in UNITS.into_iter().enumerate() {
            for (name_no, name) in NAMES.into_iter().enumerate() {
                let own = format!("k{kind_no}u{unit_no}n{name_no}");
                all.push(Sent::new(&name.replace("{}", &own), kind, unit));
            }
        }
    }
    all
}

/// Sends them as a service of that name, and gives what `/metrics` calls them.
async fn told(program: &Program, service: &str, all: &[Sent]) -> BTreeSet<String> {
    let metrics: Vec<_> = all.iter().map(|sent| &sent.metric).collect();
    let service_name = json!({ "key": "service.name", "value": { "stringValue": service } });
    let export = json!({ "resourceMetrics": [{
        "resource": { "attributes": [service_name] },
        "scopeMetrics": [{ "metrics": metrics }],
    }] });
    let door = program.address("otlp-http");
    let answer = Answer::of(program.http.post(format!("{door}/v1/metrics")).json(&export)).await;
    assert_eq!((answer.status, answer.text.contains("rejected")), (200, false), "{}", answer.text);
    let own = format!("job=\"{service}\"");
    until("the metrics that were sent", async || {
        let page = Answer::of(program.http.get(format!("{door}/metrics"))).await.text;
        let lines = page.lines().filter(|line| line.contains(&own) && !line.starts_with("target_info"));
        let names: BTreeSet<_> = lines.filter_map(|line| line.split('{').next()).map(str::to_owned).collect();
        if names.is_empty() { Err("nothing") } else { Ok(names) }
    })
    .await
}

#[tokio::test]
async fn a_dashboard_asks_for_what_metrics_tells() {
    let program = Home::new().up().await;
    for (service, sent) in [("known", all_known()), ("made-up", made_up())] {
        assert!(sent.len() > 150, "there are only {} {service}", sent.len());
        let told = told(&program, service, &sent).await;
        let wanted: BTreeSet<_> = sent.iter().flat_map(Sent::names).collect();
        let (unanswered, unasked) = (&wanted - &told, &told - &wanted);
        assert_eq!((unanswered, unasked), Default::default(), "{service}: asked for (left), told (right)");
    }
    program.stop().await;
}
