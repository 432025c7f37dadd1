//! The JSON beside the pages, for scripts and tests.

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use serde::Serializer;
use serde_json::{Map, Value, json};

use super::{
    Observatory,
    failure::ReadError,
    query::{Filters, GameQuery, LogQuery, MetricQuery, TraceQuery},
    story,
};
use crate::{
    counters::Health,
    ids::TraceId,
    now,
    store::{Exemplar, GameSummary, Series, StoredLog, StoredSpan, Trace, TraceSummary, json as plain},
    story::Story,
};

impl IntoResponse for ReadError {
    fn into_response(self) -> Response {
        (self.status(), Json(json!({"error": self.to_string()}))).into_response()
    }
}

/// `GET traces`: the list, newest first.
pub(crate) async fn traces(
    State(observatory): State<Observatory>,
    Filters(query): Filters<TraceQuery>,
) -> Result<Json<Vec<TraceSummary>>, ReadError> {
    Ok(Json(observatory.reader.find_traces(&query.filter()?).await?.traces))
}

/// `GET traces/{trace_id}`: its spans and its logs.
pub(crate) async fn trace(
    State(observatory): State<Observatory>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ReadError> {
    let trace = find(&observatory, &id).await?;
    let spans: Vec<_> = trace.spans.iter().map(|span| span_json(&trace, span)).collect();
    let logs: Vec<_> = trace.logs.iter().map(log_json).collect();
    Ok(Json(json!({"trace_id": trace.id, "spans": spans, "logs": logs, "partial": trace.partial})))
}

/// `GET traces/{trace_id}/otlp`: the spans as they arrived, in OTLP's own JSON.
pub(crate) async fn otlp(
    State(observatory): State<Observatory>,
    Path(id): Path<String>,
) -> Result<Response, ReadError> {
    let trace = find(&observatory, &id).await?;
    let name = format!("attachment; filename=\"{}.otlp.json\"", trace.id);
    Ok(([(http::header::CONTENT_DISPOSITION, name)], Json(trace.to_otlp())).into_response())
}

/// `GET games`: those that something happened to, the last one first.
pub(crate) async fn games(
    State(observatory): State<Observatory>,
) -> Result<Json<Vec<GameSummary>>, ReadError> {
    Ok(Json(observatory.reader.games().await?))
}

/// `GET games/{id}`: its story; empty when nothing is told of it.
pub(crate) async fn game(
    State(observatory): State<Observatory>,
    Path(id): Path<String>,
    Filters(query): Filters<GameQuery>,
) -> Result<Json<Story>, ReadError> {
    Ok(Json(story::find(&observatory, &id, &query).await?))
}

/// `GET logs`: the list, newest first.
pub(crate) async fn logs(
    State(observatory): State<Observatory>,
    Filters(query): Filters<LogQuery>,
) -> Result<Json<Vec<Value>>, ReadError> {
    let logs = observatory.reader.find_logs(&query.filter()?).await?;
    Ok(Json(logs.iter().map(log_json).collect()))
}

/// `GET metrics`: the names; with `name`, the series of that metric and their points.
pub(crate) async fn metrics(
    State(observatory): State<Observatory>,
    Filters(query): Filters<MetricQuery>,
) -> Result<Json<Value>, ReadError> {
    if query.name.is_empty() {
        return Ok(Json(json!(observatory.reader.metric_names().await?)));
    }
    let since_ns = now::unix_nanos() - i64::from(query.minutes()?) * 60_000_000_000;
    let series = observatory.reader.series(&query.name, since_ns).await?;
    Ok(Json(series.iter().map(series_json).collect()))
}

/// `GET health`.
pub(crate) async fn health(State(observatory): State<Observatory>) -> Json<Health> {
    Json(observatory.health(now::unix_nanos()))
}

/// An id that is no id is a trace that nobody holds.
pub(super) async fn find(observatory: &Observatory, id: &str) -> Result<Trace, ReadError> {
    let id: TraceId = id.parse().map_err(|_| ReadError::NoSuchTrace)?;
    observatory.reader.trace(id).await?.ok_or(ReadError::NoSuchTrace)
}

/// 64-bit nanoseconds are text in JSON, as in OTLP: JavaScript's numbers end at 2^53.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
pub(crate) fn nanos_as_text<S: Serializer>(nanos: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(nanos)
}

fn span_json(trace: &Trace, stored: &StoredSpan) -> Value {
    let span = &stored.span;
    let links = stored.links().map(|(trace_id, span_id, link)| {
        json!({"trace_id": trace_id, "span_id": span_id, "attributes": plain::object(&link.attributes)})
    });
    let events = span.events.iter().map(|event| {
        let attributes = plain::object(&event.attributes);
        json!({"name": event.name, "time_unix_nano": event.time_unix_nano.to_string(), "attributes": attributes})
    });
    json!({
        "trace_id": trace.id,
        "span_id": stored.id,
        "parent_span_id": stored.parent,
        "name": span.name,
        "kind": stored.kind(),
        "service": stored.service,
        "start_unix_nano": stored.start_ns().to_string(),
        "duration_ns": stored.duration_ns(),
        "status": stored.status(),
        "status_message": span.status.as_ref().map_or("", |status| &status.message),
        "attributes": plain::object(&span.attributes),
        "resource": resource_of(trace, stored),
        "events": events.collect::<Vec<_>>(),
        "links": links.collect::<Vec<_>>(),
    })
}

/// The resource that a span came from, as JSON.
pub(crate) fn resource_of(trace: &Trace, span: &StoredSpan) -> Map<String, Value> {
    let resource = trace.origins.get(&span.origin_id).and_then(|origin| origin.resource.as_ref());
    resource.map(|resource| plain::object(&resource.attributes)).unwrap_or_default()
}

fn log_json(log: &StoredLog) -> Value {
    json!({
        "time_unix_nano": log.time_ns.to_string(),
        "service": log.service,
        "severity": log.severity(),
        "severity_number": log.record.severity_number,
        "event_name": log.record.event_name,
        "body": plain::value_of(log.record.body.as_ref()),
        "trace_id": log.trace_id,
        "span_id": log.span_id,
        "attributes": plain::object(&log.record.attributes),
    })
}

fn exemplar_json(exemplar: &Exemplar) -> Value {
    json!({
        "time_unix_nano": exemplar.time_ns.to_string(),
        "value": exemplar.value,
        "trace_id": exemplar.trace_id,
        "span_id": exemplar.span_id,
    })
}

fn series_json(series: &Series) -> Value {
    let points = series.points.iter().map(|point| {
        let buckets: Vec<_> = point.buckets.iter().map(|b| json!([b.lower, b.upper, b.count])).collect();
        json!({
            "time_unix_nano": point.time_ns.to_string(),
            "value": point.value,
            "count": point.count,
            "buckets": buckets,
            "exemplars": point.exemplars.iter().map(exemplar_json).collect::<Vec<_>>(),
        })
    });
    json!({
        "name": series.name,
        "kind": series.kind,
        "unit": series.unit,
        "service": series.service,
        "instance": series.instance,
        "attributes": series.attributes,
        "points": points.collect::<Vec<_>>(),
    })
}
