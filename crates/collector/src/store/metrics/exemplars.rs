//! Exemplars: single measurements with the trace they were made in.

use opentelemetry_proto::tonic::metrics::v1::{Exemplar as Sent, exemplar::Value};

use crate::{
    ids::{SpanId, TraceId},
    store::traces::nanos,
};

/// A point keeps so many.
const KEPT: usize = 16;

/// A measurement and where it was made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Exemplar {
    pub(crate) time_ns: i64,
    pub(crate) value: f64,
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
}

/// The exemplars that lead to a trace.
pub(crate) fn read(sent: &[Sent]) -> Vec<Exemplar> {
    let read = |sent: &Sent| {
        #[expect(clippy::cast_precision_loss, reason = "charts need no more than 53 bits")]
        let value = match sent.value? {
            Value::AsDouble(value) => value,
            Value::AsInt(value) => value as f64,
        };
        Some(Exemplar {
            time_ns: nanos(sent.time_unix_nano),
            value,
            trace_id: TraceId::from_bytes(&sent.trace_id).ok()?,
            span_id: SpanId::from_bytes(&sent.span_id).ok()?,
        })
    };
    sent.iter().filter_map(read).take(KEPT).collect()
}

/// As they are stored: `[[time_ns, value, trace_id, span_id], …]`; none if none leads to a trace.
pub(super) fn to_json(sent: &[Sent]) -> Option<String> {
    let rows: Vec<_> = read(sent).iter().map(|e| (e.time_ns, e.value, e.trace_id, e.span_id)).collect();
    (!rows.is_empty()).then(|| serde_json::to_string(&rows).ok()).flatten()
}

/// Reads back what [`to_json`] wrote.
pub(super) fn from_json(text: &str) -> Vec<Exemplar> {
    let rows: Vec<(i64, f64, String, String)> = serde_json::from_str(text).unwrap_or_default();
    let exemplar = |(time_ns, value, trace_id, span_id): (i64, f64, String, String)| {
        Some(Exemplar { time_ns, value, trace_id: trace_id.parse().ok()?, span_id: span_id.parse().ok()? })
    };
    rows.into_iter().filter_map(exemplar).collect()
}
