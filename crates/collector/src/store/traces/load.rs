//! One whole trace: its spans, where they come from, its logs, and the traces before and after it.

use std::collections::{BTreeMap, HashMap, HashSet};

use opentelemetry_proto::tonic::trace::v1::{
    ResourceSpans, Span, Status, TracesData,
    span::{Link, SpanKind},
    status::StatusCode,
};
use prost::Message as _;

use super::TraceSummary;
use crate::{
    ids::{SpanId, TraceId},
    signal::attribute,
    store::{Reader, StoredLog},
};

/// A span as it arrived, and who sent it.
#[derive(Clone, Debug)]
pub(crate) struct StoredSpan {
    pub(crate) id: SpanId,
    pub(crate) parent: Option<SpanId>,
    pub(crate) service: String,
    pub(crate) origin_id: i64,
    pub(crate) span: Span,
}

impl StoredSpan {
    pub(crate) fn start_ns(&self) -> i64 {
        super::nanos(self.span.start_time_unix_nano)
    }

    pub(crate) fn duration_ns(&self) -> i64 {
        super::duration_ns(&self.span)
    }

    pub(crate) fn end_ns(&self) -> i64 {
        self.start_ns().saturating_add(self.duration_ns())
    }

    /// `server`, `client`, `producer`, `consumer`, `internal`, or `unspecified`.
    pub(crate) fn kind(&self) -> &'static str {
        match self.span.kind() {
            SpanKind::Server => "server",
            SpanKind::Client => "client",
            SpanKind::Producer => "producer",
            SpanKind::Consumer => "consumer",
            SpanKind::Internal => "internal",
            SpanKind::Unspecified => "unspecified",
        }
    }

    /// `ok`, `error` or `unset`.
    pub(crate) fn status(&self) -> &'static str {
        match self.span.status.as_ref().map(Status::code) {
            Some(StatusCode::Ok) => "ok",
            Some(StatusCode::Error) => "error",
            Some(StatusCode::Unset) | None => "unset",
        }
    }

    /// The links that name a span.
    pub(crate) fn links(&self) -> impl Iterator<Item = (TraceId, SpanId, &Link)> {
        self.span.links.iter().filter_map(|link| {
            Some((TraceId::from_bytes(&link.trace_id).ok()?, SpanId::from_bytes(&link.span_id).ok()?, link))
        })
    }
}

/// A trace, as far as it has arrived.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) id: TraceId,
    /// Earliest first.
    pub(crate) spans: Vec<StoredSpan>,
    /// There are more spans than these.
    pub(crate) partial: bool,
    pub(crate) logs: Vec<StoredLog>,
    /// Resources and scopes by `origin_id`.
    pub(crate) origins: HashMap<i64, ResourceSpans>,
}

/// So many spans of a trace are read; a page, JSON or an export of more would take all memory.
const MAX_SPANS: i64 = 20_000;

impl Trace {
    /// The games that its spans name, by their first mention.
    pub(crate) fn games(&self) -> Vec<&str> {
        let mut games = Vec::new();
        for game in self.spans.iter().filter_map(|span| attribute(&span.span.attributes, super::GAME_ID)) {
            if !games.contains(&game) {
                games.push(game);
            }
        }
        games
    }

    /// The trace as an OTLP document, spans under the resource and scope they came from.
    pub(crate) fn to_otlp(&self) -> TracesData {
        let mut by_origin: BTreeMap<i64, ResourceSpans> = BTreeMap::new();
        for stored in &self.spans {
            let origin = || self.origins.get(&stored.origin_id).cloned().unwrap_or_default();
            let carrier = by_origin.entry(stored.origin_id).or_insert_with(origin);
            if let Some(scope) = carrier.scope_spans.first_mut() {
                scope.spans.push(stored.span.clone());
            }
        }
        TracesData { resource_spans: by_origin.into_values().collect() }
    }
}

/// A trace on the other end of a link.
#[derive(Clone, Debug)]
pub(crate) struct LinkedTrace {
    /// The span of *this* trace that the link starts from or leads to.
    pub(crate) here: SpanId,
    /// The span there.
    pub(crate) there: SpanId,
    pub(crate) trace_id: TraceId,
    /// `None` when nothing of that trace is held.
    pub(crate) summary: Option<TraceSummary>,
}

impl Reader {
    /// Everything that is held of a trace; `None` when nothing is.
    pub(crate) async fn trace(&self, id: TraceId) -> sqlx::Result<Option<Trace>> {
        let rows: Vec<(Vec<u8>, String, i64)> =
            sqlx::query_as("SELECT body, service, origin_id FROM spans WHERE trace_id = $1 LIMIT $2")
                .bind(id.as_bytes())
                .bind(MAX_SPANS)
                .fetch_all(self.pool())
                .await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let partial = i64::try_from(rows.len()).is_ok_and(|read| read == MAX_SPANS);
        let mut seen = HashSet::new();
        let mut spans = Vec::with_capacity(rows.len());
        for (body, service, origin_id) in rows {
            let span = stored_span(&body, service, origin_id)?;
            // A repetition that fell into the next slice.
            if seen.insert(span.id) {
                spans.push(span);
            }
        }
        spans.sort_by_key(|span| (span.start_ns(), span.id));
        let origins = self.origins(spans.iter().map(|span| span.origin_id)).await?;
        let logs = self.logs_of_trace(id).await?;
        Ok(Some(Trace { id, spans, partial, logs, origins }))
    }

    /// Traces that this one links to: what it was scheduled by.
    pub(crate) async fn linked_from(&self, trace: &Trace) -> sqlx::Result<Vec<LinkedTrace>> {
        let links =
            trace.spans.iter().flat_map(|span| span.links().map(|(id, there, _)| (span.id, id, there)));
        self.with_summaries(links.filter(|(_, id, _)| *id != trace.id).collect()).await
    }

    /// Traces that link to this one: what it leads to.
    pub(crate) async fn leads_to(&self, id: TraceId) -> sqlx::Result<Vec<LinkedTrace>> {
        let rows: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> = sqlx::query_as(
            "SELECT linked_span_id, trace_id, span_id FROM links WHERE linked_trace_id = $1 AND trace_id <> $1",
        )
        .bind(id.as_bytes())
        .fetch_all(self.pool())
        .await?;
        let links = rows.iter().filter_map(|(here, id, there)| {
            Some((
                SpanId::from_bytes(here).ok()?,
                TraceId::from_bytes(id).ok()?,
                SpanId::from_bytes(there).ok()?,
            ))
        });
        self.with_summaries(links.collect()).await
    }

    async fn with_summaries(&self, links: Vec<(SpanId, TraceId, SpanId)>) -> sqlx::Result<Vec<LinkedTrace>> {
        let ids: Vec<TraceId> = links.iter().map(|(_, id, _)| *id).collect();
        let summaries = self.summarize(&ids).await?;
        let by_id: HashMap<TraceId, TraceSummary> = summaries.into_iter().map(|s| (s.trace_id, s)).collect();
        let linked = links.into_iter().map(|(here, trace_id, there)| LinkedTrace {
            here,
            there,
            trace_id,
            summary: by_id.get(&trace_id).cloned(),
        });
        Ok(linked.collect())
    }
}

/// A span from its row.
pub(crate) fn stored_span(body: &[u8], service: String, origin_id: i64) -> sqlx::Result<StoredSpan> {
    let span = Span::decode(body).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let id = SpanId::from_bytes(&span.span_id).map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(StoredSpan { id, parent: SpanId::from_bytes(&span.parent_span_id).ok(), service, origin_id, span })
}
