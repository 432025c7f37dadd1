//! What the collector tells of a server, as whoever it forwards to gets it.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    fmt::{Debug, Write as _},
    ops::RangeBounds,
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use collector::{ScrapeConfig, Target, TargetError};
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{KeyValue, any_value},
    metrics::v1::{Metric, NumberDataPoint, ResourceMetrics, metric::Data, number_data_point},
};
use prost::Message as _;
use secrecy::SecretString;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use crate::{
    forward,
    harness::{self, World},
};

/// As fast as a test wants it.
pub(crate) const INTERVAL: Duration = Duration::from_millis(100);
/// Servers have statistics that are seconds old, and the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(40);
/// The collector's account of itself is not what is looked at.
const OWN: &str = "collector";

/// Attributes of a point.
pub(crate) type Labels<'a> = [(&'a str, &'a str)];

/// One scrape: its resource and its metrics.
#[derive(Clone, Default)]
pub(crate) struct Scrape {
    pub(crate) resource: Vec<(String, String)>,
    pub(crate) at_ns: u64,
    points: Vec<Point>,
}

#[derive(Clone)]
struct Point {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

impl Scrape {
    fn of(told: &ResourceMetrics) -> Self {
        let resource = told.resource.as_ref().map(|resource| texts(&resource.attributes)).unwrap_or_default();
        let mut scrape = Self { resource, ..Self::default() };
        for metric in metrics(told) {
            for point in points(metric) {
                scrape.at_ns = point.time_unix_nano;
                let (labels, value) = (texts(&point.attributes), number(point));
                scrape.points.push(Point { name: metric.name.clone(), labels, value });
            }
        }
        scrape
    }

    /// The value of the series that has all of these labels, and the fewest others.
    pub(crate) fn value(&self, name: &str, labels: &Labels<'_>) -> Option<f64> {
        let has = |point: &Point, (key, value): &(&str, &str)| {
            point.labels.iter().any(|(k, v)| k == key && v == value)
        };
        let fits = |point: &&Point| point.name == name && labels.iter().all(|label| has(point, label));
        self.points.iter().filter(fits).min_by_key(|point| point.labels.len()).map(|point| point.value)
    }
}

fn metrics(told: &ResourceMetrics) -> impl Iterator<Item = &Metric> {
    told.scope_metrics.iter().flat_map(|scope| &scope.metrics)
}

fn points(metric: &Metric) -> &[NumberDataPoint] {
    match &metric.data {
        Some(Data::Gauge(gauge)) => &gauge.data_points,
        Some(Data::Sum(sum)) => &sum.data_points,
        _ => panic!("{metric:?}"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a test's numbers are small")]
fn number(point: &NumberDataPoint) -> f64 {
    match point.value {
        Some(number_data_point::Value::AsInt(number)) => number as f64,
        Some(number_data_point::Value::AsDouble(number)) => number,
        None => panic!("{point:?}"),
    }
}

fn texts(attributes: &[KeyValue]) -> Vec<(String, String)> {
    let text = |attribute: &KeyValue| match attribute.value.as_ref()?.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text.clone()),
        any_value::Value::IntValue(number) => Some(number.to_string()),
        _ => None,
    };
    attributes.iter().filter_map(|attribute| Some((attribute.key.clone(), text(attribute)?))).collect()
}

/// A metric in one line: its name, its unit, what kind of numbers it has, and the keys of its attributes.
fn shape(metric: &Metric) -> BTreeSet<String> {
    let kind = match &metric.data {
        Some(Data::Gauge(_)) => "gauge",
        Some(Data::Sum(sum)) if sum.is_monotonic => "counter",
        _ => "level",
    };
    if let Some(Data::Sum(sum)) = &metric.data {
        assert_eq!(sum.aggregation_temporality, 2, "{} is not cumulative", metric.name);
    }
    let line = |point: &NumberDataPoint| {
        let number =
            if matches!(point.value, Some(number_data_point::Value::AsInt(_))) { "int" } else { "double" };
        let mut line = format!("{} {} {kind} {number}", metric.name, metric.unit);
        for attribute in &point.attributes {
            write!(line, " {}", attribute.key).unwrap();
        }
        line
    };
    points(metric).iter().map(line).collect()
}

/// Everything that was told so far.
#[derive(Default)]
struct Told {
    /// The last scrape that is whole.
    newest: Scrape,
    /// The one that came after it, of which there may be more: a large one goes on in parts.
    next: Scrape,
    shapes: BTreeSet<String>,
    names: BTreeSet<String>,
}

impl Told {
    fn take(&mut self, told: &ResourceMetrics) {
        for metric in metrics(told) {
            self.shapes.extend(shape(metric));
            self.names.insert(metric.name.clone());
        }
        let scrape = Scrape::of(told);
        if scrape.at_ns == self.next.at_ns {
            self.next.points.extend(scrape.points);
        } else {
            self.newest = std::mem::replace(&mut self.next, scrape);
        }
    }
}

async fn metrics_arrive(State(told): State<watch::Sender<Told>>, body: Bytes) {
    let export = ExportMetricsServiceRequest::decode(&*forward::plain(&body)).unwrap();
    told.send_modify(|told| {
        for of in &export.resource_metrics {
            let attributes = &of.resource.as_ref().unwrap().attributes;
            if !texts(attributes).contains(&("service.name".into(), OWN.into())) {
                told.take(of);
            }
        }
    });
}

/// A collector that asks one server, and remembers which of its metrics a test has looked at.
pub(crate) struct Watch {
    pub(crate) world: World,
    told: watch::Receiver<Told>,
    looked_at: RefCell<BTreeSet<String>>,
    _receives: JoinSet<()>,
}

impl Watch {
    pub(crate) async fn over(read: fn(&SecretString) -> Result<Target, TargetError>, url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (sender, told) = watch::channel(Told::default());
        let router = Router::new().route("/v1/metrics", post(metrics_arrive)).with_state(sender);
        let mut receives = JoinSet::new();
        receives.spawn(async { axum::serve(listener, router).await.unwrap() });
        let target = read(&SecretString::from(url)).unwrap();
        let scrape = ScrapeConfig { targets: vec![target], interval: INTERVAL, ..ScrapeConfig::default() };
        let world = World::with(|config| {
            let folder = config.data.parent().unwrap().to_owned();
            config.options.forward = Some(forward::to(&endpoint, &folder));
            config.options.scrape = scrape;
        });
        Self { world: world.await, told, looked_at: RefCell::default(), _receives: receives }
    }

    /// What a scrape tells that began after this call.
    pub(crate) async fn now(&self) -> Scrape {
        let now_ns = harness::now_ns();
        let mut told = self.told.clone();
        let fresh = told.wait_for(|told| told.newest.at_ns > now_ns);
        tokio::time::timeout(PATIENCE, fresh).await.unwrap().unwrap().newest.clone()
    }

    /// Waits until a value is what is wanted.
    pub(crate) async fn until(&self, name: &str, labels: &Labels<'_>, wanted: impl Fn(f64) -> bool) -> f64 {
        self.looked_at.borrow_mut().insert(name.into());
        let mut told = self.told.clone();
        let found = told.wait_for(|told| told.newest.value(name, labels).is_some_and(&wanted));
        let found = tokio::time::timeout(PATIENCE, found).await.is_ok();
        let newest = self.told.borrow().newest.value(name, labels);
        assert!(found, "{name} {labels:?} stays at {newest:?}");
        newest.unwrap_or_default()
    }

    /// Waits until a value is this.
    pub(crate) async fn is(&self, name: &str, labels: &Labels<'_>, wanted: f64) {
        self.until(name, labels, |value| (value - wanted).abs() < 0.5).await;
    }

    /// Waits until a value is higher than before, by so much. What was not there before has been nothing.
    pub(crate) async fn rises(
        &self,
        before: &Scrape,
        (name, labels): (&str, &Labels<'_>),
        by: impl RangeBounds<f64> + Debug,
    ) {
        let from = before.value(name, labels).unwrap_or_default();
        println!("{name} {labels:?} from {from} by {by:?}");
        self.until(name, labels, |value| by.contains(&(value - from))).await;
    }

    /// Each metric that was told, in a line.
    pub(crate) fn shapes(&self) -> String {
        self.told.borrow().shapes.iter().cloned().collect::<Vec<_>>().join("\n")
    }

    /// Holds that every metric was looked at, but for these, each with why not.
    pub(crate) fn has_looked_at_all_but(&self, others: &[(&str, &str)]) {
        let mut accounted = self.looked_at.borrow().clone();
        for (name, why) in others {
            assert!(accounted.insert((*name).to_owned()), "{name} was looked at, although {why}");
        }
        assert_eq!(accounted, self.told.borrow().names, "looked at or listed (left), told (right)");
    }

    pub(crate) async fn stop(self) {
        self.world.stop().await;
    }
}
