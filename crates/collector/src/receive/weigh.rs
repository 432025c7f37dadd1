//! What a request will take in memory, counted before it is decoded: two bytes on the wire may be a whole log record.

use std::mem::size_of;

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, EntityRef, InstrumentationScope, KeyValue},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    metrics::v1::{
        Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint,
        ResourceMetrics, ScopeMetrics, SummaryDataPoint, summary_data_point::ValueAtQuantile,
    },
    resource::v1::Resource,
    trace::v1::{
        ResourceSpans, ScopeSpans, Span,
        span::{Event, Link},
    },
};
use prost::encoding::{WireType, decode_key, decode_varint};

use crate::signal::Signal;

/// An object of JSON becomes a message; most become attributes and values.
const BYTES_PER_JSON_OBJECT: usize = 128;
/// Messages in messages: more are not looked into, and `prost` refuses them.
const MAX_DEPTH: usize = 100;

/// A kind of message, or of text that comes many times: what one takes beside its own text, and what is in it.
struct Kind {
    bytes: usize,
    parts: &'static [(u32, &'static Kind)],
}

macro_rules! kinds {
    ($($name:ident: $bytes:expr, [$($tag:literal => $part:ident),*];)*) => {
        $(static $name: Kind = Kind { bytes: $bytes, parts: &[$(($tag, &$part)),*] };)*
    };
}

// Numbers of fields: opentelemetry-proto 1.x.
kinds! {
    TEXT: size_of::<String>(), [];
    VALUE: size_of::<AnyValue>(), [5 => VALUES, 6 => PAIRS];
    VALUES: 0, [1 => VALUE];
    PAIRS: 0, [1 => PAIR];
    PAIR: size_of::<KeyValue>(), [2 => INNER_VALUE];
    INNER_VALUE: 0, [5 => VALUES, 6 => PAIRS];
    ENTITY: size_of::<EntityRef>(), [3 => TEXT, 4 => TEXT];
    RESOURCE: size_of::<Resource>(), [1 => PAIR, 3 => ENTITY];
    SCOPE: size_of::<InstrumentationScope>(), [3 => PAIR];

    TRACES: 0, [1 => RESOURCE_SPANS];
    RESOURCE_SPANS: size_of::<ResourceSpans>(), [1 => RESOURCE, 2 => SCOPE_SPANS];
    SCOPE_SPANS: size_of::<ScopeSpans>(), [1 => SCOPE, 2 => SPAN];
    SPAN: size_of::<Span>(), [9 => PAIR, 11 => EVENT, 13 => LINK];
    EVENT: size_of::<Event>(), [3 => PAIR];
    LINK: size_of::<Link>(), [4 => PAIR];

    LOGS: 0, [1 => RESOURCE_LOGS];
    RESOURCE_LOGS: size_of::<ResourceLogs>(), [1 => RESOURCE, 2 => SCOPE_LOGS];
    SCOPE_LOGS: size_of::<ScopeLogs>(), [1 => SCOPE, 2 => RECORD];
    RECORD: size_of::<LogRecord>(), [5 => INNER_VALUE, 6 => PAIR];

    METRICS: 0, [1 => RESOURCE_METRICS];
    RESOURCE_METRICS: size_of::<ResourceMetrics>(), [1 => RESOURCE, 2 => SCOPE_METRICS];
    SCOPE_METRICS: size_of::<ScopeMetrics>(), [1 => SCOPE, 2 => METRIC];
    METRIC: size_of::<Metric>(), [5 => NUMBERS, 7 => NUMBERS, 9 => HISTOGRAMS, 10 => EXPONENTIALS, 11 => SUMMARIES, 12 => PAIR];
    NUMBERS: 0, [1 => NUMBER];
    NUMBER: size_of::<NumberDataPoint>(), [5 => EXEMPLAR, 7 => PAIR];
    HISTOGRAMS: 0, [1 => HISTOGRAM];
    HISTOGRAM: size_of::<HistogramDataPoint>(), [8 => EXEMPLAR, 9 => PAIR];
    EXPONENTIALS: 0, [1 => EXPONENTIAL];
    EXPONENTIAL: size_of::<ExponentialHistogramDataPoint>(), [1 => PAIR, 8 => COUNTS, 9 => COUNTS, 11 => EXEMPLAR];
    // One byte on the wire is a count of eight.
    COUNTS: 0, [2 => PACKED];
    PACKED: 0, [];
    SUMMARIES: 0, [1 => SUMMARY];
    SUMMARY: size_of::<SummaryDataPoint>(), [6 => QUANTILE, 7 => PAIR];
    QUANTILE: size_of::<ValueAtQuantile>(), [];
    EXEMPLAR: size_of::<Exemplar>(), [7 => PAIR];
}

/// What an encoded request takes when it is decoded: its own bytes and those of its messages. What cannot be read
/// weighs what could be read of it; decoding will refuse it.
pub(super) fn protobuf(signal: Signal, bytes: &[u8]) -> usize {
    let kind = match signal {
        Signal::Traces => &TRACES,
        Signal::Metrics => &METRICS,
        Signal::Logs => &LOGS,
    };
    bytes.len() + inside(kind, bytes, MAX_DEPTH)
}

/// What a request in JSON takes at least when it is read.
pub(super) fn json(bytes: &[u8]) -> usize {
    bytes.len() + bytes.iter().map(|byte| usize::from(*byte == b'{')).sum::<usize>() * BYTES_PER_JSON_OBJECT
}

fn inside(kind: &Kind, mut bytes: &[u8], depth: usize) -> usize {
    if std::ptr::eq(kind, &raw const PACKED) {
        return bytes.len() * size_of::<u64>();
    }
    let mut sum: usize = 0;
    while depth > 0 && !kind.parts.is_empty() {
        let Some((tag, part)) = next(&mut bytes) else { break };
        if let Some((_, kind)) = kind.parts.iter().find(|(known, _)| *known == tag) {
            sum = sum.saturating_add(kind.bytes).saturating_add(inside(kind, part, depth - 1));
        }
    }
    sum
}

/// The next field's number, and its bytes if it has a length; none at the end, or where it cannot be read.
fn next<'a>(bytes: &mut &'a [u8]) -> Option<(u32, &'a [u8])> {
    let (tag, wire_type) = decode_key(bytes).ok()?;
    let length = match wire_type {
        WireType::Varint => decode_varint(bytes).map(|_| 0).ok()?,
        WireType::SixtyFourBit => 8,
        WireType::ThirtyTwoBit => 4,
        WireType::LengthDelimited => usize::try_from(decode_varint(bytes).ok()?).ok()?,
        WireType::StartGroup | WireType::EndGroup => return None,
    };
    let (part, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some((tag, if wire_type == WireType::LengthDelimited { part } else { &[] }))
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::{
        collector::{logs::v1::ExportLogsServiceRequest, trace::v1::ExportTraceServiceRequest},
        common::v1::{ArrayValue, any_value::Value},
    };
    use prost::Message as _;

    use super::*;

    #[test]
    fn what_is_small_on_the_wire_weighs_what_it_becomes() {
        let log_records = vec![LogRecord::default(); 1_000];
        let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
        let resource_logs = vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }];
        let bytes = ExportLogsServiceRequest { resource_logs }.encode_to_vec();
        assert!(bytes.len() < 2_100);
        assert!(protobuf(Signal::Logs, &bytes) > 1_000 * size_of::<LogRecord>());

        let array = ArrayValue { values: vec![AnyValue::default(); 500] };
        let value = Some(AnyValue { value: Some(Value::ArrayValue(array)) });
        let attributes = vec![KeyValue { key: "k".into(), value, ..KeyValue::default() }];
        let spans = vec![Span { attributes, ..Span::default() }];
        let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
        let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
        let bytes = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        assert!(bytes.len() < 1_200);
        assert!(protobuf(Signal::Traces, &bytes) > 500 * size_of::<AnyValue>());
        assert!(protobuf(Signal::Traces, &bytes[..600]) < 1_500, "a part that is cut off is not looked into");
        assert_eq!(json(b"[{},{}]"), 7 + 2 * BYTES_PER_JSON_OBJECT);
    }
}
