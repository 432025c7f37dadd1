//! `/metrics`: what is held of metrics now, for a Prometheus that scrapes one address for application and
//! infrastructure.
//!
//! Only the newest value of each series is kept here, in memory. Names follow OpenTelemetry's rules for Prometheus
//! (its specification of compatibility): `http.server.request.duration` in seconds is
//! `http_server_request_duration_seconds`; a service is `job="namespace/name"`, a process `instance`; so a scrape wants
//! `honor_labels: true`. Exemplars are told to who asks for `OpenMetrics`; the older text format has no place for them.

mod family;
mod names;
mod text;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    metrics::v1::{Metric, ResourceMetrics},
    resource::v1::Resource,
};

pub(crate) use text::Format;

use self::family::Family;
use crate::{
    signal::{Batch, attribute},
    store::json,
};

/// A series that was not renewed for so long has ended.
const STALE_NS: i64 = 5 * 60_000_000_000;
/// More series than this are not shown: something puts ids into its labels.
const MAX_SERIES: usize = 50_000;
/// More senders than this are not described.
const MAX_TARGETS: usize = 5_000;
/// What has ended is looked for this often, and whenever somebody reads.
const FORGET_EVERY_NS: i64 = 10_000_000_000;

/// Labels of a series, in order.
type Labels = Vec<(String, String)>;

/// The newest value of each series.
#[derive(Clone, Default)]
pub(crate) struct Current(Arc<Mutex<Families>>);

#[derive(Default)]
struct Families {
    by_name: BTreeMap<String, Family>,
    /// What is known of each job and instance.
    targets: BTreeMap<Labels, (Labels, i64)>,
    series: usize,
    forgot_ns: i64,
}

impl Current {
    /// Takes what a batch says of metrics.
    pub(crate) fn take(&self, batch: &Batch, now_ns: i64) {
        if let Batch::Metrics(request) = batch {
            self.put(request, now_ns);
        }
    }

    /// Takes an export.
    pub(crate) fn put(&self, request: &ExportMetricsServiceRequest, now_ns: i64) {
        let mut families = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now_ns - families.forgot_ns >= FORGET_EVERY_NS {
            families.forget(now_ns);
        }
        for resource in &request.resource_metrics {
            families.put_resource(resource, now_ns);
        }
    }

    /// Everything that is current, as text.
    pub(crate) fn render(&self, format: Format, now_ns: i64) -> String {
        let mut families = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        families.forget(now_ns);
        text::render(&families, format)
    }
}

impl Families {
    fn put_resource(&mut self, resource: &ResourceMetrics, now_ns: i64) {
        let (identity, rest) = identity(resource.resource.as_ref());
        if self.targets.len() < MAX_TARGETS || self.targets.contains_key(&identity) {
            self.targets.insert(identity.clone(), (rest, now_ns));
        }
        for metric in resource.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
            self.put_metric(&identity, metric, now_ns);
        }
    }

    fn put_metric(&mut self, identity: &Labels, metric: &Metric, now_ns: i64) {
        let Some((kind, name)) = names::of(metric) else { return };
        let family = self.by_name.entry(name).or_insert_with(|| Family::new(kind, &metric.description));
        // One name means one thing: who says otherwise later is not heard.
        if family.kind != kind {
            return;
        }
        let room = MAX_SERIES.saturating_sub(self.series);
        self.series += family.put(identity, metric, (now_ns, room));
    }

    fn forget(&mut self, now_ns: i64) {
        self.forgot_ns = now_ns;
        let before_ns = now_ns - STALE_NS;
        self.targets.retain(|_, (_, seen_ns)| *seen_ns >= before_ns);
        self.by_name.retain(|_, family| {
            family.forget(before_ns);
            !family.is_empty()
        });
        self.series = self.by_name.values().map(Family::len).sum();
    }
}

/// `job` and `instance` of a resource, and everything else that it says.
fn identity(resource: Option<&Resource>) -> (Labels, Labels) {
    let attributes = resource.map_or(&[][..], |resource| &resource.attributes);
    let service = attribute(attributes, "service.name").unwrap_or("unknown_service");
    let job = match attribute(attributes, "service.namespace") {
        Some(namespace) if !namespace.is_empty() => format!("{namespace}/{service}"),
        _ => service.to_owned(),
    };
    let instance = attribute(attributes, "service.instance.id").unwrap_or_default();
    let told = ["service.name", "service.namespace", "service.instance.id"];
    let rest = json::object(attributes).into_iter().filter(|(key, _)| !told.contains(&key.as_str()));
    let rest = rest.map(|(key, value)| (names::label(&key), json::plain(&value)));
    let mut rest: Labels = rest.filter(|(key, _)| key != "job" && key != "instance").collect();
    rest.sort();
    rest.dedup_by(|a, b| a.0 == b.0);
    (vec![("job".into(), job), ("instance".into(), instance.into())], rest)
}
