//! Log records on their way into the queue.
//!
//! The part of the program that said it is its record's scope in OTLP, with our version and schema.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::logs::AnyValue;
use opentelemetry::{InstrumentationScope, Key};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogProcessor, SdkLogRecord};

use super::queue::Queue;
use crate::TelemetryConfig;
use crate::otlp::values::{any, pair, text};
use crate::otlp::wire::{bytes, flags, lent, message, number, time};
use crate::people::People;

/// The field of a scope's message that holds a record.
const RECORD: u32 = 2;

/// Puts log records into the queue; never waits.
#[derive(Debug)]
pub(crate) struct LogQueue {
    queue: Arc<Queue>,
    value_characters: usize,
    attributes: usize,
    people: People,
}

impl LogQueue {
    pub(super) fn new(queue: Arc<Queue>, config: &TelemetryConfig) -> Self {
        let limits = config.limits;
        Self {
            queue,
            value_characters: limits.log_value_characters,
            attributes: usize::try_from(limits.log_attributes).unwrap_or(usize::MAX),
            people: People::new(&config.user_ids),
        }
    }

    /// The fields of `opentelemetry.proto.logs.v1.LogRecord`.
    fn write(&self, out: &mut Vec<u8>, record: &SdkLogRecord) {
        if let Some(when) = record.timestamp() {
            time(out, 1, when);
        }
        number(out, 2, record.severity_number().map_or(0, |severity| severity as u64));
        bytes(out, 3, record.severity_text().unwrap_or_default().as_bytes());
        if let Some(body) = record.body() {
            message(out, 5, |out| any(out, body, self.value_characters));
        }
        for (key, value) in record.attributes_iter().take(self.attributes) {
            pair(out, 6, key.as_str(), |out| self.value(out, key, value));
        }
        let excess = record.attributes_iter().skip(self.attributes).count();
        number(out, 7, u64::try_from(excess).unwrap_or(u64::MAX));
        if let Some(context) = record.trace_context() {
            flags(out, 8, context.trace_flags.map_or(0, |flags| u32::from(flags.to_u8())));
            bytes(out, 9, &context.trace_id.to_bytes());
            bytes(out, 10, &context.span_id.to_bytes());
        }
        if let Some(when) = record.observed_timestamp() {
            time(out, 11, when);
        }
        bytes(out, 12, record.event_name().unwrap_or_default().as_bytes());
    }

    fn value(&self, out: &mut Vec<u8>, key: &Key, value: &AnyValue) {
        match value {
            AnyValue::String(id) if self.people.are_named_by(key.as_str()) => {
                text(out, &self.people.written(id.as_str()), self.value_characters);
            }
            AnyValue::Int(id) if self.people.are_named_by(key.as_str()) => {
                text(out, &self.people.written(&id.to_string()), self.value_characters);
            }
            value => any(out, value, self.value_characters),
        }
    }
}

impl LogProcessor for LogQueue {
    fn emit(&self, data: &mut SdkLogRecord, instrumentation: &InstrumentationScope) {
        let nameless = || Cow::Owned(instrumentation.name().to_owned());
        let target = data.target().cloned().unwrap_or_else(nameless);
        lent(
            |out| message(out, RECORD, |out| self.write(out, data)),
            |record| self.queue.push(Some(&target), record),
        );
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

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use opentelemetry::logs::{LogRecord as _, Logger as _, LoggerProvider as _, Severity};
    use opentelemetry::trace::{SpanId, TraceFlags, TraceId};
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::logs::v1::LogRecord;
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::logs::SdkLoggerProvider;
    use prost::Message as _;

    use super::*;
    use crate::export::envelope::Envelope;

    /// What the library makes of each record that is emitted.
    #[derive(Clone, Debug, Default)]
    struct Theirs(Arc<std::sync::Mutex<Vec<LogRecord>>>);

    impl LogProcessor for Theirs {
        fn emit(&self, data: &mut SdkLogRecord, _instrumentation: &InstrumentationScope) {
            self.0.lock().expect("nobody panicked").push(LogRecord::from(&*data));
        }

        fn force_flush(&self) -> OTelSdkResult {
            Ok(())
        }
    }

    #[test]
    fn a_request_is_what_the_library_makes_of_it() {
        let queue = Arc::new(Queue::new(crate::Batching::default()));
        let ours = LogQueue::new(Arc::clone(&queue), &TelemetryConfig::default());
        let theirs = Theirs::default();
        let provider =
            SdkLoggerProvider::builder().with_log_processor(theirs.clone()).with_log_processor(ours).build();
        let logger = provider.logger("muster");
        let mut record = logger.create_log_record();
        record.set_event_name("games.created");
        record.set_target("actions");
        record.set_timestamp(SystemTime::UNIX_EPOCH + Duration::from_nanos(1_800_000_000_123_456_789));
        record.set_severity_number(Severity::Warn2);
        record.set_severity_text("WARN");
        record.set_body(AnyValue::from("A game was created."));
        let map = std::collections::HashMap::from([(Key::new("a"), AnyValue::from(7))]);
        for (key, value) in [
            ("text", AnyValue::from("short")),
            ("less", AnyValue::Int(-1)),
            ("half", AnyValue::Double(0.5)),
            ("no", AnyValue::Boolean(false)),
            ("bytes", AnyValue::Bytes(Box::new(vec![0, 255]))),
            ("list", AnyValue::ListAny(Box::new(vec![AnyValue::from("a"), AnyValue::from(7)]))),
            ("map", AnyValue::Map(Box::new(map))),
        ] {
            record.add_attribute(key, value);
        }
        record.set_trace_context(TraceId::from(7), SpanId::from(8), Some(TraceFlags::SAMPLED));
        logger.emit(record);
        logger.emit(logger.create_log_record());

        let batch = queue.take().expect("two wait");
        let body = Envelope::new(&Resource::builder().build()).around(&batch.scopes);
        let request = ExportLogsServiceRequest::decode(body.as_slice()).expect("it is one");
        let [named, nameless] = &request.resource_logs[0].scope_logs[..] else {
            panic!("a scope for each target: {request:?}");
        };
        let scopes = [named, nameless].map(|scope| scope.scope.as_ref().map(|scope| scope.name.as_str()));
        assert_eq!(scopes, [Some("actions"), Some("muster")]);
        let records = [named, nameless].map(|scope| scope.log_records[0].clone());
        assert_eq!(records.as_slice(), *theirs.0.lock().expect("nobody panicked"));
    }
}
