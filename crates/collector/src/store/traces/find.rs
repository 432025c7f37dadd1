//! The list of traces.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde::Serialize;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::{ids_json, tally_names};
use crate::{
    ids::TraceId,
    store::{Reader, json, read::like},
};

/// The search looks at so many spans at a time, newest first, until it has enough traces,
const SPANS_PER_PART: i64 = 5_000;
/// and no longer than this: a page is quick, and says how far back it looked.
const MAX_SCAN: Duration = Duration::from_millis(80);
/// A list reads so many spans of all its traces together,
const SPANS_PER_LIST: i64 = 5_000;
/// and of each no more than this once they are more: a trace of a million spans must not make a list slow.
const SPANS_PER_TRACE: i64 = 500;
/// Spans that took at least so long have an index of their own.
const SLOW_MS: u32 = 100;

/// Which traces to list: those that have a span to which all of this applies. The game is a matter of the whole trace.
#[derive(Clone, Debug, Default)]
pub(crate) struct TraceFilter {
    pub(crate) service: Option<String>,
    /// Part of the span's name, case-insensitive.
    pub(crate) name: Option<String>,
    pub(crate) game: Option<String>,
    /// A key and, if it is given, the value that a span's attribute has, as text.
    pub(crate) attribute: Option<(String, Option<String>)>,
    pub(crate) errors: bool,
    pub(crate) min_ms: Option<u32>,
    /// Unix nanoseconds, inclusive.
    pub(crate) from_ns: Option<i64>,
    /// Unix nanoseconds, exclusive.
    pub(crate) until_ns: Option<i64>,
    pub(crate) limit: usize,
}

/// One line of the list.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TraceSummary {
    pub(crate) trace_id: TraceId,
    /// Name of the root; of the earliest span while the root has not arrived.
    pub(crate) name: String,
    pub(crate) service: String,
    /// The root has not arrived.
    pub(crate) pending: bool,
    /// Spans per service, in order of appearance.
    pub(crate) services: Vec<(String, usize)>,
    pub(crate) spans: usize,
    pub(crate) errors: usize,
    /// There are more spans than were counted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) partial: bool,
    #[serde(serialize_with = "crate::observatory::api::nanos_as_text")]
    pub(crate) start_unix_nano: i64,
    pub(crate) duration_ns: i64,
}

struct Line {
    trace_id: TraceId,
    is_root: bool,
    service: String,
    name: String,
    start_ns: i64,
    end_ns: i64,
    error: bool,
}

/// What a search found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Newest first.
    pub(crate) traces: Vec<TraceSummary>,
    /// The search gave up here for now: what began before was not looked at.
    pub(crate) looked_back_to_ns: Option<i64>,
}

/// A part of the spans, newest first: trace, bytes if they are wanted, start, and whether it matches.
type Part = Vec<(Vec<u8>, Option<Vec<u8>>, i64, bool)>;

impl Reader {
    /// Traces that match, newest first: looks at spans, part by part, until there is enough or the time is up.
    pub(crate) async fn find_traces(&self, filter: &TraceFilter) -> sqlx::Result<Found> {
        let began = Instant::now();
        let (mut seen, mut ids) = (HashSet::new(), Vec::new());
        let mut until_ns = filter.until_ns.unwrap_or(i64::MAX);
        let looked_back_to_ns = loop {
            let part: Part = part(filter, until_ns).build_query_as().fetch_all(self.pool()).await?;
            let Some(oldest_ns) = part.last().map(|row| row.2) else { break None };
            let is_last = i64::try_from(part.len()).is_ok_and(|read| read < SPANS_PER_PART);
            for (id, body, _, matches) in part {
                let fits = matches && filter.fits(body.as_deref());
                ids.extend(TraceId::from_bytes(&id).ok().filter(|id| fits && seen.insert(*id)));
            }
            if is_last || ids.len() >= filter.limit {
                break None;
            }
            // More spans than a part may begin in one nanosecond: those beyond are passed over.
            until_ns = if oldest_ns < until_ns - 1 { oldest_ns + 1 } else { oldest_ns };
            if began.elapsed() >= MAX_SCAN {
                break Some(until_ns);
            }
        };
        ids.truncate(filter.limit);
        Ok(Found { traces: self.summarize(&ids).await?, looked_back_to_ns })
    }

    /// What the list says of traces, in the given order.
    pub(crate) async fn summarize(&self, ids: &[TraceId]) -> sqlx::Result<Vec<TraceSummary>> {
        let mut lines = self.lines(ids, SPANS_PER_LIST).await?;
        let is_cut = |lines: &[Line], limit| i64::try_from(lines.len()).is_ok_and(|read| read >= limit);
        let are_many = is_cut(&lines, SPANS_PER_LIST);
        if are_many {
            lines.clear();
            for id in ids {
                lines.extend(self.lines(std::slice::from_ref(id), SPANS_PER_TRACE).await?);
            }
        }
        lines.sort_by_key(|line| line.start_ns);
        let mut traces: HashMap<TraceId, Vec<Line>> = HashMap::new();
        for line in lines {
            traces.entry(line.trace_id).or_default().push(line);
        }
        let summary = |lines: &Vec<Line>| summary(lines, are_many && is_cut(lines, SPANS_PER_TRACE));
        Ok(ids.iter().filter_map(|id| traces.get(id).and_then(summary)).collect())
    }

    /// So many spans of traces, in no order.
    async fn lines(&self, ids: &[TraceId], limit: i64) -> sqlx::Result<Vec<Line>> {
        let rows = sqlx::query(
            "SELECT trace_id, parent_id IS NULL, service, name, start_ns, start_ns + duration_ns, error FROM spans \
             WHERE trace_id IN (SELECT unhex(value) FROM json_each($1)) LIMIT $2",
        )
        .bind(ids_json(ids))
        .bind(limit)
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(line).collect()
    }
}

/// Attributes are not indexed: a span's bytes are read.
fn has_attribute(body: &[u8], (key, value): &(String, Option<String>)) -> bool {
    let Ok(span) = Span::decode(body) else { return false };
    let mut of_key = span.attributes.iter().filter(|attribute| attribute.key == *key);
    of_key.any(|attribute| {
        let is = json::plain(&json::value_of(attribute.value.as_ref()));
        value.as_ref().is_none_or(|value| is == *value)
    })
}

/// The newest spans before a moment, and whether each matches: those that do where an index finds them, else all.
fn part(filter: &TraceFilter, until_ns: i64) -> QueryBuilder<Sqlite> {
    // What a view over several slices is ordered by must be among its columns: else all of it is sorted.
    let mut query = QueryBuilder::new(format!("SELECT trace_id, {}, start_ns, (TRUE", filter.body()));
    if !filter.has_index() {
        push_conditions(&mut query, filter);
    }
    query.push(") FROM spans WHERE TRUE");
    if filter.has_index() {
        push_conditions(&mut query, filter);
    }
    push_times(&mut query, filter.from_ns, Some(until_ns));
    query.push(" ORDER BY start_ns DESC LIMIT ").push_bind(SPANS_PER_PART);
    query
}

fn push_times(query: &mut QueryBuilder<Sqlite>, from_ns: Option<i64>, until_ns: Option<i64>) {
    if let Some(from_ns) = from_ns {
        query.push(" AND start_ns >= ").push_bind(from_ns);
    }
    if let Some(until_ns) = until_ns {
        query.push(" AND start_ns < ").push_bind(until_ns);
    }
}

fn push_conditions(query: &mut QueryBuilder<Sqlite>, filter: &TraceFilter) {
    if let Some(service) = &filter.service {
        query.push(" AND service = ").push_bind(service.clone());
    }
    if let Some(name) = &filter.name {
        query.push(" AND name LIKE ").push_bind(like(name)).push(" ESCAPE '\\'");
    }
    if let Some(game) = &filter.game {
        query
            .push(" AND trace_id IN (SELECT trace_id FROM spans WHERE game_id = ")
            .push_bind(game.clone())
            .push(")");
    }
    if filter.errors {
        query.push(" AND error");
    }
    if let Some(min_ms) = filter.min_ms {
        query.push(" AND duration_ns >= ").push_bind(i64::from(min_ms) * 1_000_000);
        if min_ms >= SLOW_MS {
            // Says to the planner that the index of slow spans will do.
            query.push(" AND duration_ns >= 100000000");
        }
    }
}

impl TraceFilter {
    /// An index finds what matches; else spans are looked at one by one.
    fn has_index(&self) -> bool {
        let is_narrow =
            self.game.is_some() || self.errors || self.min_ms.is_some_and(|min_ms| min_ms >= SLOW_MS);
        is_narrow || (self.name.is_none() && self.attribute.is_none() && self.min_ms.is_none())
    }

    /// A span's bytes are read only for its attributes.
    fn body(&self) -> &'static str {
        if self.attribute.is_some() { "body" } else { "NULL" }
    }

    fn fits(&self, body: Option<&[u8]>) -> bool {
        match (&self.attribute, body) {
            (Some(wanted), Some(body)) => has_attribute(body, wanted),
            _ => true,
        }
    }
}

fn line(row: &sqlx::sqlite::SqliteRow) -> sqlx::Result<Line> {
    let id: Vec<u8> = row.try_get(0)?;
    Ok(Line {
        trace_id: TraceId::from_bytes(&id).map_err(|error| sqlx::Error::Decode(error.into()))?,
        is_root: row.try_get(1)?,
        service: row.try_get(2)?,
        name: row.try_get(3)?,
        start_ns: row.try_get(4)?,
        end_ns: row.try_get(5)?,
        error: row.try_get(6)?,
    })
}

/// `lines` are the spans of one trace, earliest first; a part of them or all.
fn summary(lines: &[Line], partial: bool) -> Option<TraceSummary> {
    let root = lines.iter().find(|line| line.is_root);
    let head = root.or(lines.first())?;
    let start_ns = lines.first()?.start_ns;
    let end_ns = lines.iter().map(|line| line.end_ns).max()?;
    Some(TraceSummary {
        trace_id: head.trace_id,
        name: head.name.clone(),
        service: head.service.clone(),
        pending: root.is_none() && !partial,
        services: tally_names(lines.iter().map(|line| &*line.service)),
        spans: lines.len(),
        errors: lines.iter().filter(|line| line.error).count(),
        partial,
        start_unix_nano: start_ns,
        duration_ns: end_ns.saturating_sub(start_ns),
    })
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

    use super::*;
    use crate::store::schema;

    #[tokio::test]
    async fn no_search_sorts_what_several_slices_hold() {
        let mut db = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        schema::create_store(&mut db).await.unwrap();
        for number in [1, 2] {
            schema::create_slice(&mut db, number).await.unwrap();
        }
        schema::create_views(&mut db, &[1, 2]).await.unwrap();
        let any = TraceFilter::default;
        let searches = [
            part(&any(), 7),
            part(&TraceFilter { service: Some("x".into()), ..any() }, 7),
            part(&TraceFilter { errors: true, ..any() }, 7),
            part(&TraceFilter { errors: true, name: Some("x".into()), ..any() }, 7),
            part(&TraceFilter { min_ms: Some(500), ..any() }, 7),
            part(&TraceFilter { from_ns: Some(3), ..any() }, 7),
            part(&TraceFilter { name: Some("x".into()), ..any() }, 7),
        ];
        for search in searches {
            let sql = search.into_string();
            let plan: Vec<(i64, i64, i64, String)> =
                sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
                    .fetch_all(&mut db)
                    .await
                    .unwrap();
            let plan: Vec<_> = plan.into_iter().map(|(.., step)| step).collect();
            assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{sql}\n{plan:#?}");
        }
    }
}
