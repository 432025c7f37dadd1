//! Log records on their way into the queue and out of it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::InstrumentationScope;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope as Scope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource as OtlpResource;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogProcessor, SdkLogRecord};
use prost::Message as _;

use super::queue::Queue;
use super::text;
use super::worker::Encode;
use crate::TelemetryConfig;
use crate::people::People;
use crate::telemetry::scope;

/// Deeper values inside of a record are not looked at, since nothing of ours nests.
const DEEPEST: usize = 4;

/// A record as it is sent, and what part of the program said it.
#[derive(Debug)]
pub(crate) struct Entry {
    target: Cow<'static, str>,
    record: LogRecord,
}

/// Puts log records into the queue; never waits.
#[derive(Debug)]
pub(crate) struct LogQueue {
    queue: Arc<Queue<Entry>>,
    value_characters: usize,
    attributes: usize,
    people: People,
}

impl LogQueue {
    pub(super) fn new(queue: Arc<Queue<Entry>>, config: &TelemetryConfig) -> Self {
        let limits = config.limits;
        Self {
            queue,
            value_characters: limits.log_value_characters,
            attributes: usize::try_from(limits.log_attributes).unwrap_or(usize::MAX),
            people: People::new(&config.user_ids),
        }
    }

    fn trim(&self, record: &mut LogRecord) -> usize {
        let excess = record.attributes.len().saturating_sub(self.attributes);
        record.attributes.truncate(self.attributes);
        record.dropped_attributes_count = u32::try_from(excess).unwrap_or(u32::MAX);
        let mut bytes = size_of::<Entry>() + record.event_name.len() + record.severity_text.len();
        bytes += record.body.as_mut().map_or(0, |body| trim(body, self.value_characters, DEEPEST));
        for attribute in &mut record.attributes {
            if self.people.are_named_by(&attribute.key) {
                self.hide_person(attribute);
            }
            bytes += attribute.key.len() + size_of::<KeyValue>();
            bytes += attribute.value.as_mut().map_or(0, |value| trim(value, self.value_characters, DEEPEST));
        }
        bytes
    }

    fn hide_person(&self, attribute: &mut KeyValue) {
        if let Some(Value::StringValue(id)) = attribute.value.as_mut().and_then(|value| value.value.as_mut())
        {
            *id = self.people.written(id).into_owned();
        }
    }
}

impl LogProcessor for LogQueue {
    fn emit(&self, data: &mut SdkLogRecord, instrumentation: &InstrumentationScope) {
        let target = data.target().cloned();
        let target = target.unwrap_or_else(|| Cow::Owned(instrumentation.name().to_owned()));
        let mut record = LogRecord::from(&*data);
        let bytes = self.trim(&mut record);
        self.queue.push(Entry { target, record }, bytes);
    }

    /// Telemetry flushes the queue itself: this call would have to wait where no one may.
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        self.queue.close();
        Ok(())
    }
}

/// Cuts the texts in a value; tells how many bytes are left.
fn trim(value: &mut AnyValue, characters: usize, depth: usize) -> usize {
    match value.value.as_mut() {
        Some(Value::StringValue(text)) => {
            text::cut(text, characters);
            text.len()
        }
        Some(Value::BytesValue(bytes)) => {
            bytes.truncate(characters);
            bytes.len()
        }
        Some(Value::ArrayValue(list)) if depth > 0 => {
            list.values.iter_mut().map(|item| trim(item, characters, depth - 1) + size_of::<AnyValue>()).sum()
        }
        Some(Value::KvlistValue(map)) if depth > 0 => {
            let values = map.values.iter_mut().filter_map(|item| item.value.as_mut());
            values.map(|item| trim(item, characters, depth - 1) + size_of::<KeyValue>()).sum()
        }
        Some(nested @ (Value::ArrayValue(_) | Value::KvlistValue(_))) => {
            *nested = Value::StringValue("…".to_owned());
            0
        }
        _ => 0,
    }
}

/// Turns records into the body of a request.
pub(super) fn encoder(resource: &Resource) -> Encode<Entry> {
    let resource = ResourceAttributesWithSchema::from(resource);
    Arc::new(move |entries| {
        let resource_logs = ResourceLogs {
            resource: Some(OtlpResource {
                attributes: resource.attributes.0.clone(),
                ..OtlpResource::default()
            }),
            scope_logs: by_target(entries),
            schema_url: resource.schema_url.clone().unwrap_or_default(),
        };
        ExportLogsServiceRequest { resource_logs: vec![resource_logs] }.encode_to_vec().into()
    })
}

/// A target is a scope of its own in OTLP, with our version and schema.
fn by_target(entries: Vec<Entry>) -> Vec<ScopeLogs> {
    let mut targets: BTreeMap<Cow<'static, str>, Vec<LogRecord>> = BTreeMap::new();
    for entry in entries {
        targets.entry(entry.target).or_default().push(entry.record);
    }
    let ours = scope();
    let scopes = targets.into_iter().map(|(target, log_records)| ScopeLogs {
        scope: Some(Scope::from((&ours, Some(target)))),
        log_records,
        schema_url: ours.schema_url().unwrap_or_default().to_owned(),
    });
    scopes.collect()
}
