//! Spans in, traces out.

use std::collections::{HashMap, HashSet};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};
use prost::Message as _;
use sqlx::{AssertSqlSafe, SqliteConnection};

use self::rollup::Rollup;
use super::{
    origin::{self, Origin},
    write::{ROWS_PER_INSERT, Tally, insert_rows},
};
use crate::{
    ids::{SpanId, TraceId},
    signal::attribute,
};

mod find;
mod load;
mod rollup;
mod services;

pub(crate) use find::{Found, TraceFilter, TraceSummary};
pub(super) use load::stored_span;
pub(crate) use load::{LinkedTrace, StoredSpan, Trace};
pub(crate) use rollup::Callers;
pub(crate) use services::ServiceSummary;

/// The one attribute of ours that is indexed.
const GAME_ID: &str = "muster.game.id";

struct Row<'a> {
    span: &'a Span,
    origin: &'a Origin,
    body: Vec<u8>,
}

/// Writes the spans of one export. A span that the slice has already is a duplicate: it is left as it is there, counts in
/// no sum, and is taken out of the export, which goes on.
pub(super) async fn insert(
    db: &mut SqliteConnection,
    slice: i64,
    request: &mut ExportTraceServiceRequest,
    callers: &mut Callers,
) -> sqlx::Result<Tally> {
    let origins = origins(request);
    origin::insert(db, slice, &origins).await?;
    let spans = request.resource_spans.iter().flat_map(|r| &r.scope_spans).zip(&origins);
    let mut rows: Vec<_> = spans
        .flat_map(|(scope, origin)| {
            scope.spans.iter().map(move |span| Row { span, origin, body: span.encode_to_vec() })
        })
        .collect();
    let mut are_new = Vec::with_capacity(rows.len());
    for rows in rows.chunks(ROWS_PER_INSERT) {
        are_new.extend(insert_spans(db, slice, rows).await?);
    }
    retain(&mut rows, &mut are_new.iter());
    insert_links(db, slice, &rows).await?;
    Rollup::of(&rows).write(db, slice).await?;
    rollup::write_calls(db, slice, callers.learn(&rows)).await?;
    let tally = Tally::of(are_new.len(), rows.len() as u64);
    if tally.duplicate > 0 {
        let mut are_new = are_new.iter();
        for scope in request.resource_spans.iter_mut().flat_map(|resource| &mut resource.scope_spans) {
            retain(&mut scope.spans, &mut are_new);
        }
    }
    Ok(tally)
}

/// Keeps the items whose mark says so.
fn retain<'a, T>(items: &mut Vec<T>, marks: &mut impl Iterator<Item = &'a bool>) {
    items.retain(|_| marks.next().is_some_and(|mark| *mark));
}

/// One origin for each scope of the request, in order.
fn origins(request: &ExportTraceServiceRequest) -> Vec<Origin> {
    let scopes = request.resource_spans.iter().flat_map(|r| r.scope_spans.iter().map(move |s| (r, s)));
    scopes
        .map(|(r, s)| Origin::new(r.resource.as_ref(), s.scope.as_ref(), [&r.schema_url, &s.schema_url]))
        .collect()
}

/// Says of each row whether it is new.
async fn insert_spans(db: &mut SqliteConnection, slice: i64, rows: &[Row<'_>]) -> sqlx::Result<Vec<bool>> {
    let head = format!(
        "INSERT OR IGNORE INTO spans_{slice} (trace_id, span_id, parent_id, service, name, kind, entry, start_ns, \
         duration_ns, error, game_id, origin_id, body) "
    );
    let inserted = insert_rows(db, (&head, ""), rows, |mut row, Row { span, origin, body }| {
        let parent = Some(&*span.parent_span_id).filter(|id| !id.is_empty());
        let is_error = span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error);
        row.push_bind(&*span.trace_id)
            .push_bind(&*span.span_id)
            .push_bind(parent)
            .push_bind(&*origin.service)
            .push_bind(&*span.name)
            .push_bind(span.kind)
            .push_bind(is_entry(span))
            .push_bind(nanos(span.start_time_unix_nano))
            .push_bind(duration_ns(span))
            .push_bind(is_error)
            .push_bind(attribute(&span.attributes, GAME_ID))
            .push_bind(origin.id)
            .push_bind(&**body);
    })
    .await?;
    match inserted.rows_affected() {
        0 => Ok(vec![false; rows.len()]),
        all if all == rows.len() as u64 => Ok(vec![true; rows.len()]),
        // Those that were inserted are numbered one after the other.
        some => {
            let last_before = inserted.last_insert_rowid() - some.cast_signed();
            let mut new = ids_after(db, slice, last_before).await?;
            // Of two that are the same in one statement, the first is the one that was inserted.
            Ok(rows
                .iter()
                .map(|Row { span, .. }| new.remove(&(span.trace_id.clone(), span.span_id.clone())))
                .collect())
        }
    }
}

/// The ids of the spans that were inserted after a row.
async fn ids_after(
    db: &mut SqliteConnection,
    slice: i64,
    row: i64,
) -> sqlx::Result<HashSet<(Vec<u8>, Vec<u8>)>> {
    let statement = format!("SELECT trace_id, span_id FROM spans_{slice} WHERE rowid > $1");
    let ids: Vec<(Vec<u8>, Vec<u8>)> =
        sqlx::query_as(AssertSqlSafe(statement)).bind(row).fetch_all(db).await?;
    Ok(ids.into_iter().collect())
}

/// By these spans a trace enters a service.
fn is_entry(span: &Span) -> bool {
    span.parent_span_id.is_empty() || matches!(span.kind(), SpanKind::Server | SpanKind::Consumer)
}

async fn insert_links(db: &mut SqliteConnection, slice: i64, rows: &[Row<'_>]) -> sqlx::Result<()> {
    let well_formed = |link: &&opentelemetry_proto::tonic::trace::v1::span::Link| {
        TraceId::from_bytes(&link.trace_id).is_ok() && SpanId::from_bytes(&link.span_id).is_ok()
    };
    let links: Vec<_> = rows
        .iter()
        .flat_map(|row| row.span.links.iter().filter(well_formed).map(move |link| (link, row.span)))
        .collect();
    let head =
        format!("INSERT OR IGNORE INTO links_{slice} (linked_trace_id, linked_span_id, trace_id, span_id) ");
    for links in links.chunks(ROWS_PER_INSERT) {
        insert_rows(db, (&head, ""), links, |mut row, (link, span)| {
            row.push_bind(&*link.trace_id)
                .push_bind(&*link.span_id)
                .push_bind(&*span.trace_id)
                .push_bind(&*span.span_id);
        })
        .await?;
    }
    Ok(())
}

/// OTLP's unsigned nanoseconds as the database's signed ones; validation let only those pass that fit.
pub(super) fn nanos(unix_nanos: u64) -> i64 {
    i64::try_from(unix_nanos).unwrap_or(i64::MAX)
}

/// Zero when clocks disagree and a span ends before it starts.
pub(crate) fn duration_ns(span: &Span) -> i64 {
    nanos(span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano))
}

/// Ids as the JSON that `json_each` takes apart: `["4bf9…", …]`.
pub(super) fn ids_json(ids: &[TraceId]) -> String {
    serde_json::to_string(ids).unwrap_or_default()
}

/// Counts by name, in the order of first appearance.
fn tally_names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<(String, usize)> {
    let mut order: Vec<(String, usize)> = Vec::new();
    let mut index = HashMap::new();
    for name in names {
        let at = *index.entry(name).or_insert_with(|| {
            order.push((name.to_owned(), 0));
            order.len() - 1
        });
        order[at].1 += 1;
    }
    order
}
