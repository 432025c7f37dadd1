//! What was exported, in the shape in which the Observatory tells of it.

use crate::observatory::Trace;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{HistogramDataPoint, Metric, NumberDataPoint};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use telemetry::registry::Emitted;

/// Everything that has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Exported {
    /// Objects with `service`, `name`, `kind`, `trace_id`, `span_id`, `parent_span_id`, `attributes`, `links` and so on.
    pub(super) spans: Vec<Value>,
    /// Objects with `service`, `event_name`, `severity`, `trace_id`, `span_id`, `attributes` and so on.
    pub(super) logs: Vec<Value>,
    /// The newest point of every series.
    pub(super) series: BTreeMap<Series, Value>,
    /// The bodies of all requests as they came, each with its signal.
    pub(super) bodies: Vec<(&'static str, Vec<u8>)>,
}

/// What makes a series one of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Series {
    pub(super) service: String,
    pub(super) instance: String,
    pub(super) metric: String,
    pub(super) attributes: BTreeMap<String, String>,
}

impl Exported {
    pub(super) fn take_traces(&mut self, request: ExportTraceServiceRequest) {
        for batch in request.resource_spans {
            let resource = resource(batch.resource);
            for scope in batch.scope_spans {
                let spans = scope.spans.into_iter().map(|span| shaped(span, &resource, &scope.schema_url));
                self.spans.extend(spans);
            }
        }
    }

    pub(super) fn take_logs(&mut self, request: ExportLogsServiceRequest) {
        for batch in request.resource_logs {
            let resource = resource(batch.resource);
            let scopes = batch.scope_logs.into_iter();
            let records =
                scopes.flat_map(|it| it.log_records.into_iter().map(move |log| (it.scope.clone(), log)));
            for (scope, record) in records {
                self.logs.push(json!({
                    "service": resource["service.name"],
                    "resource": resource,
                    "scope": scope.unwrap_or_default().name,
                    "event_name": record.event_name,
                    "severity": record.severity_text,
                    "body": any(record.body),
                    "time_unix_nano": record.time_unix_nano.max(record.observed_time_unix_nano),
                    "trace_id": id(&record.trace_id),
                    "span_id": id(&record.span_id),
                    "attributes": object(record.attributes),
                }));
            }
        }
    }

    pub(super) fn take_metrics(&mut self, request: ExportMetricsServiceRequest) {
        for batch in request.resource_metrics {
            let resource = resource(batch.resource);
            for metric in batch.scope_metrics.into_iter().flat_map(|scope| scope.metrics) {
                self.take_metric(&resource, metric);
            }
        }
    }

    fn take_metric(&mut self, resource: &Value, metric: Metric) {
        let text = |key: &str| resource[key].as_str().unwrap_or_default().to_owned();
        let (service, instance) = (text("service.name"), text("service.instance.id"));
        for (attributes, point) in points(metric.data) {
            let attributes = attributes.into_iter();
            let attributes = attributes.map(|pair| (pair.key, any(pair.value).to_string())).collect();
            let (service, instance) = (service.clone(), instance.clone());
            let series = Series { service, instance, metric: metric.name.clone(), attributes };
            self.series.insert(series, point);
        }
    }

    /// Every name and key in it.
    fn names(&self) -> Emitted {
        let keys = |item: &Value| item["attributes"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
        let mut emitted = Emitted::default();
        for span in &self.spans {
            emitted.span(&text(span, "kind"), &text(span, "name"), keys(span));
        }
        for log in self.logs.iter().filter(|log| !is_a_librarys(log)) {
            emitted.event(&text(log, "event_name"), keys(log));
        }
        // A series that is bound is exported before anything is recorded in it.
        for (series, _) in self.series.iter().filter(|(_, point)| point["count"] != 0) {
            emitted.metric(&series.metric, series.attributes.keys().cloned());
        }
        emitted
    }

    /// The same, and every event of the lines that the program has written: what is said after the last export is on
    /// them alone.
    pub(super) fn names_with(&self, spoken: &str) -> Emitted {
        let mut emitted = self.names();
        for line in spoken.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let fields = line["fields"].as_object().into_iter().flat_map(|fields| fields.keys().cloned());
            if let Some(name) = line["name"].as_str() {
                emitted.event(name, fields);
            }
        }
        emitted
    }

    /// Whether these bytes are anywhere in what came.
    pub(super) fn contains(&self, bytes: &[u8]) -> bool {
        self.bodies.iter().any(|(_, body)| body.windows(bytes.len()).any(|window| window == bytes))
    }

    /// The spans, by trace.
    pub(super) fn traces(&self) -> Vec<Trace> {
        let mut traces = BTreeMap::<String, Vec<Value>>::new();
        for span in &self.spans {
            traces.entry(span["trace_id"].as_str().unwrap().to_owned()).or_default().push(span.clone());
        }
        traces.into_iter().map(|(id, spans)| Trace { id, spans }).collect()
    }

    /// The trace of that id, whole or not.
    pub(super) fn trace(&self, id: &str) -> Trace {
        let of_it = |span: &&Value| span["trace_id"] == id;
        Trace { id: id.to_owned(), spans: self.spans.iter().filter(of_it).cloned().collect() }
    }

    /// The spans of that name.
    pub(super) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        self.spans.iter().filter(move |span| span["name"] == name)
    }

    /// What a service has written in the span of one of its records and in the spans below, as it came.
    pub(super) fn family(&self, log: &Value) -> Vec<&Value> {
        let mut ids = BTreeSet::from([log["span_id"].as_str().unwrap()]);
        let of_it = |span: &&Value| span["trace_id"] == log["trace_id"] && span["service"] == log["service"];
        let trace: Vec<_> = self.spans.iter().filter(of_it).collect();
        loop {
            let below = trace
                .iter()
                .filter(|span| span["parent_span_id"].as_str().is_some_and(|id| ids.contains(id)));
            let below: Vec<_> = below.filter_map(|span| span["span_id"].as_str()).collect();
            let known = ids.len();
            ids.extend(below);
            if ids.len() == known {
                break;
            }
        }
        let logs = self.logs.iter().filter(|other| other["service"] == log["service"]);
        logs.filter(|other| other["span_id"].as_str().is_some_and(|id| ids.contains(id))).collect()
    }

    /// The log records of that name.
    pub(super) fn events<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        self.logs.iter().filter(move |log| log["event_name"] == name)
    }
}

/// What libraries say at the level of debug has no name; what we say has one.
fn is_a_librarys(log: &Value) -> bool {
    let scope = log["scope"].as_str().unwrap_or_default();
    let part = scope.split("::").next().unwrap_or_default();
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    log["event_name"] == "" && !crates.join(part).is_dir()
}

fn shaped(span: Span, resource: &Value, schema_url: &str) -> Value {
    let kinds = ["unspecified", "internal", "server", "client", "producer", "consumer"];
    let links = span.links.iter().map(|link| {
        json!({ "trace_id": id(&link.trace_id), "span_id": id(&link.span_id), "trace_state": link.trace_state })
    });
    let status = span.status.unwrap_or_default();
    let statuses = ["unset", "ok", "error"];
    json!({
        "service": resource["service.name"],
        "resource": resource,
        "schema_url": schema_url,
        "links": links.collect::<Vec<_>>(),
        "trace_id": id(&span.trace_id),
        "span_id": id(&span.span_id),
        "parent_span_id": id(&span.parent_span_id),
        "trace_state": span.trace_state,
        "name": span.name,
        "kind": kinds[usize::try_from(span.kind).unwrap()],
        "start_unix_nano": span.start_time_unix_nano.to_string(),
        "end_unix_nano": span.end_time_unix_nano.to_string(),
        "status": statuses[usize::try_from(status.code).unwrap()],
        "status_message": status.message,
        "attributes": object(span.attributes),
    })
}

fn points(data: Option<Data>) -> Vec<(Vec<KeyValue>, Value)> {
    match data {
        Some(Data::Gauge(gauge)) => gauge.data_points.into_iter().map(number).collect(),
        Some(Data::Sum(sum)) => sum.data_points.into_iter().map(number).collect(),
        Some(Data::Histogram(histogram)) => histogram.data_points.into_iter().map(distribution).collect(),
        _ => Vec::new(),
    }
}

fn number(point: NumberDataPoint) -> (Vec<KeyValue>, Value) {
    let value = match point.value {
        Some(Number::AsInt(value)) => json!(value),
        Some(Number::AsDouble(value)) => json!(value),
        None => Value::Null,
    };
    (point.attributes, json!({ "value": value, "exemplars": point.exemplars.len() }))
}

fn distribution(point: HistogramDataPoint) -> (Vec<KeyValue>, Value) {
    let exemplars: Vec<_> =
        point.exemplars.iter().map(|it| json!([id(&it.trace_id), id(&it.span_id)])).collect();
    (point.attributes, json!({ "count": point.count, "sum": point.sum, "exemplars": exemplars }))
}

fn resource(resource: Option<Resource>) -> Value {
    object(resource.unwrap_or_default().attributes)
}

fn object(attributes: Vec<KeyValue>) -> Value {
    let pairs: Map<_, _> = attributes.into_iter().map(|pair| (pair.key, any(pair.value))).collect();
    Value::Object(pairs)
}

fn any(value: Option<AnyValue>) -> Value {
    match value.and_then(|value| value.value) {
        Some(Any::StringValue(text)) => json!(text),
        Some(Any::BoolValue(flag)) => json!(flag),
        Some(Any::IntValue(number)) => json!(number),
        Some(Any::DoubleValue(number)) => json!(number),
        Some(Any::ArrayValue(array)) => array.values.into_iter().map(|value| any(Some(value))).collect(),
        Some(Any::KvlistValue(list)) => object(list.values),
        Some(Any::BytesValue(bytes)) => json!(bytes),
        _ => Value::Null,
    }
}

/// Hexadecimal digits; null when there is none.
fn id(bytes: &[u8]) -> Value {
    if bytes.iter().all(|byte| *byte == 0) {
        return Value::Null;
    }
    Value::String(bytes.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    }))
}
