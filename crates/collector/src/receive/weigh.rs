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

/// What an object of JSON becomes at most, by how many it stands in: of most there are few, of spans and log records
/// many, and within those are attributes, values, events and links.
const BYTES_PER_JSON_OBJECT: usize = 128;
const SPANS_AND_RECORDS_DEPTH: usize = 4;
/// In metrics points stand deeper than metrics.
const POINTS_DEPTH: usize = 6;
/// Messages in messages: more are not looked into, and `prost` refuses them.
const MAX_DEPTH: usize = 100;
/// `serde_json` refuses more.
const MAX_JSON_DEPTH: usize = 128;

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
    // One byte on the wire is a count of eight; it may also come by itself.
    COUNTS: 0, [2 => PACKED];
    PACKED: size_of::<u64>(), [];
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

/// What a request in JSON takes when it is read: its own bytes, those of its messages, and those of what else stands in
/// lists. What is nested too deep weighs what could be looked at; reading will refuse it.
pub(super) fn json(signal: Signal, bytes: &[u8]) -> usize {
    let mut sum = bytes.len();
    // Of what is open, whether it is an object.
    let (mut open, mut objects) = (Vec::with_capacity(MAX_JSON_DEPTH), 0);
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => skip_text(&mut rest),
            b'{' | b'[' if open.len() == MAX_JSON_DEPTH => break,
            b'{' => {
                objects += 1;
                open.push(true);
                sum += bytes_of_object(signal, objects);
            }
            b'[' => open.push(false),
            b'}' | b']' => objects -= usize::from(open.pop() == Some(true)),
            b',' if open.last() == Some(&false) => sum += size_of::<String>(),
            _ => {}
        }
    }
    sum
}

/// Behind the quotation mark that ends a text of JSON.
fn skip_text(rest: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(rest.next()),
            _ => {}
        }
    }
}

const fn bytes_of_object(signal: Signal, depth: usize) -> usize {
    match (signal, depth) {
        (Signal::Traces, SPANS_AND_RECORDS_DEPTH) => size_of::<Span>(),
        (Signal::Logs, SPANS_AND_RECORDS_DEPTH) => size_of::<LogRecord>(),
        (Signal::Metrics, SPANS_AND_RECORDS_DEPTH) => size_of::<Metric>(),
        (Signal::Metrics, POINTS_DEPTH) => size_of::<ExponentialHistogramDataPoint>(),
        _ => BYTES_PER_JSON_OBJECT,
    }
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
    }

    #[test]
    fn counts_that_come_one_by_one_weigh_what_they_become() {
        let within = |tag: u8, part: &[u8]| {
            let [low, high] = [part.len() % 128, part.len() / 128].map(|it| u8::try_from(it).unwrap());
            [&[tag << 3 | 2, 0x80 | low, high], part].concat()
        };
        let buckets = within(8, &[0x10, 1].repeat(1_000));
        let bytes = [1, 10, 2, 2, 1].iter().fold(buckets, |part, tag| within(*tag, &part));
        assert!(protobuf(Signal::Metrics, &bytes) > bytes.len() + 8_000, "{}", bytes.len());
    }

    #[test]
    fn objects_and_lists_of_json_weigh_what_they_become() {
        let of_empty = |signal, depth: usize| {
            let lists = depth - 1;
            let text = format!("{}{{}},{{}}{}", r#"{"a":["#.repeat(lists), "]}".repeat(lists));
            json(signal, text.as_bytes()) - text.len() - lists * BYTES_PER_JSON_OBJECT - size_of::<String>()
        };
        assert_eq!(of_empty(Signal::Traces, 4), 2 * size_of::<Span>());
        assert_eq!(of_empty(Signal::Logs, 4), 2 * size_of::<LogRecord>());
        assert_eq!(of_empty(Signal::Logs, 3), 2 * BYTES_PER_JSON_OBJECT);
        let texts = r#"["","\"{{[,","{"]"#;
        assert_eq!(json(Signal::Logs, texts.as_bytes()), texts.len() + 2 * size_of::<String>());
        let deep = "[".repeat(1_000_000);
        assert_eq!(json(Signal::Logs, deep.as_bytes()), deep.len());
        let upside_down = "]}{}";
        assert_eq!(json(Signal::Logs, upside_down.as_bytes()), 4 + BYTES_PER_JSON_OBJECT);
    }
}
