//! A log record, as OTLP's message.

use std::time::SystemTime;

use opentelemetry::logs::Severity;
use opentelemetry::trace::SpanContext;
use serde_json::Value;

use super::values::{BOOL, DOUBLE, INT, pair, text};
use super::wire::{bytes, flags, message, number, some_double, some_number, time};

/// What somebody said.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    pub(crate) severity: Severity,
    pub(crate) event_name: &'a str,
    pub(crate) body: &'a str,
    pub(crate) attributes: &'a [(&'static str, Value)],
    /// The span that it was said in.
    pub(crate) span: Option<&'a SpanContext>,
    pub(crate) observed: SystemTime,
}

/// How much one record may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) characters: usize,
    pub(crate) attributes: usize,
}

impl Record<'_> {
    /// The fields of `opentelemetry.proto.logs.v1.LogRecord`.
    pub(crate) fn write(&self, out: &mut Vec<u8>, bounds: Bounds) {
        number(out, 2, self.severity as u64);
        bytes(out, 3, self.severity.name().as_bytes());
        message(out, 5, |out| text(out, self.body, bounds.characters));
        for (key, value) in self.attributes.iter().take(bounds.attributes) {
            pair(out, 6, key, |out| any(out, value, bounds.characters));
        }
        let excess = self.attributes.len().saturating_sub(bounds.attributes);
        number(out, 7, u64::try_from(excess).unwrap_or(u64::MAX));
        if let Some(span) = self.span {
            flags(out, 8, u32::from(span.trace_flags().to_u8()));
            bytes(out, 9, &span.trace_id().to_bytes());
            bytes(out, 10, &span.span_id().to_bytes());
        }
        time(out, 11, self.observed);
        bytes(out, 12, self.event_name.as_bytes());
    }
}

/// Nothing of ours nests, and the protocol's numbers are signed: what is neither text nor such a number is text.
fn any(out: &mut Vec<u8>, value: &Value, characters: usize) {
    match value {
        Value::String(value) => text(out, value, characters),
        Value::Bool(value) => some_number(out, BOOL, u64::from(*value)),
        Value::Number(value) => match (value.as_i64(), value.as_f64().filter(|_| value.is_f64())) {
            (Some(value), _) => some_number(out, INT, value.cast_unsigned()),
            (None, Some(value)) => some_double(out, DOUBLE, value),
            (None, None) => text(out, &value.to_string(), characters),
        },
        other => text(out, &other.to_string(), characters),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use opentelemetry::InstrumentationScope;
    use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _};
    use opentelemetry::trace::{SpanId, TraceFlags, TraceId, TraceState};
    use opentelemetry_proto::tonic::logs::v1::LogRecord;
    use opentelemetry_sdk::error::OTelSdkResult;
    use opentelemetry_sdk::logs::{LogProcessor, SdkLogRecord, SdkLoggerProvider};
    use prost::Message as _;

    use super::*;

    /// What the library makes of each record that is emitted.
    #[derive(Clone, Debug, Default)]
    struct Theirs(Arc<Mutex<Vec<LogRecord>>>);

    impl LogProcessor for Theirs {
        fn emit(&self, data: &mut SdkLogRecord, _instrumentation: &InstrumentationScope) {
            self.0.lock().expect("nobody panicked").push(LogRecord::from(&*data));
        }

        fn force_flush(&self) -> OTelSdkResult {
            Ok(())
        }
    }

    fn observed() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(1_800_000_000_123_456_789)
    }

    fn written(record: &Record<'_>, bounds: Bounds) -> LogRecord {
        let mut out = Vec::new();
        record.write(&mut out, bounds);
        LogRecord::decode(out.as_slice()).expect("it is one")
    }

    #[test]
    fn a_record_is_what_the_library_makes_of_it() {
        let theirs = Theirs::default();
        let logger = SdkLoggerProvider::builder().with_log_processor(theirs.clone()).build().logger("muster");
        let mut record = logger.create_log_record();
        record.set_event_name("games.created");
        record.set_observed_timestamp(observed());
        record.set_severity_number(Severity::Warn);
        record.set_severity_text("WARN");
        record.set_body(AnyValue::from("A game was created."));
        for (key, value) in [
            ("text", AnyValue::from("short")),
            ("less", AnyValue::Int(-1)),
            ("half", AnyValue::Double(0.5)),
            ("no", AnyValue::Boolean(false)),
            ("most", AnyValue::from(u64::MAX.to_string())),
        ] {
            record.add_attribute(key, value);
        }
        record.set_trace_context(TraceId::from(7), SpanId::from(8), Some(TraceFlags::SAMPLED));
        logger.emit(record);

        let flags = TraceFlags::SAMPLED;
        let span = SpanContext::new(TraceId::from(7), SpanId::from(8), flags, false, TraceState::NONE);
        let attributes = [
            ("text", "short".into()),
            ("less", (-1).into()),
            ("half", 0.5.into()),
            ("no", false.into()),
            ("most", u64::MAX.into()),
        ];
        let ours = Record {
            severity: Severity::Warn,
            event_name: "games.created",
            body: "A game was created.",
            attributes: &attributes,
            span: Some(&span),
            observed: observed(),
        };
        let ours = written(&ours, Bounds { characters: 100, attributes: 100 });
        assert_eq!([ours].as_slice(), *theirs.0.lock().expect("nobody panicked"));
    }

    #[test]
    fn what_is_too_much_is_cut_or_counted() {
        let attributes = [("a", "éééé".into()), ("b", 7.into()), ("c", 8.into())];
        let said = Record {
            severity: Severity::Info,
            event_name: "",
            body: "üüüü",
            attributes: &attributes,
            span: None,
            observed: observed(),
        };
        let cut = Record { body: "üüü", attributes: &[("a", "ééé".into())], ..said };
        let cut = written(&cut, Bounds { characters: 100, attributes: 100 });

        let bounded = written(&said, Bounds { characters: 3, attributes: 1 });
        assert_eq!(bounded, LogRecord { dropped_attributes_count: 2, ..cut });
    }
}
