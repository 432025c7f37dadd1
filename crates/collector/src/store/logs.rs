//! Log records in and out, with full text.

use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    logs::v1::LogRecord,
};
use prost::Message as _;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{
    Origin, Reader, origin,
    read::slices,
    traces::nanos,
    write::{ROWS_PER_INSERT, Tally, insert_rows},
};
use crate::ids::{SpanId, TraceId};

/// A trace page shows at most so many log records.
const LOGS_PER_TRACE: i64 = 2_000;

struct Row<'a> {
    id: i64,
    time_ns: i64,
    origin: &'a Origin,
    record: &'a LogRecord,
    body: Vec<u8>,
}

/// Writes the records of one export, numbering them from `next_id` on. A record without a time gets `now_ns`.
pub(super) async fn insert(
    db: &mut SqliteConnection,
    slice: i64,
    request: &ExportLogsServiceRequest,
    now_ns: i64,
    next_id: &mut i64,
) -> sqlx::Result<Tally> {
    let origins = origins(request);
    origin::insert(db, slice, &origins).await?;
    let scopes = request.resource_logs.iter().flat_map(|r| &r.scope_logs).zip(&origins);
    let records =
        scopes.flat_map(|(scope, origin)| scope.log_records.iter().map(move |record| (record, origin)));
    let rows: Vec<_> = (*next_id..)
        .zip(records)
        .map(|(id, (record, origin))| {
            let time_ns = time_of(record).unwrap_or(now_ns);
            Row { id, time_ns, origin, record, body: record.encode_to_vec() }
        })
        .collect();
    *next_id += i64::try_from(rows.len()).unwrap_or(i64::MAX);
    for rows in rows.chunks(ROWS_PER_INSERT) {
        insert_records(db, slice, rows).await?;
    }
    Ok(Tally::of(rows.len(), rows.len() as u64))
}

/// One origin for each scope of the request, in order.
fn origins(request: &ExportLogsServiceRequest) -> Vec<Origin> {
    let scopes = request.resource_logs.iter().flat_map(|r| r.scope_logs.iter().map(move |s| (r, s)));
    scopes
        .map(|(r, s)| Origin::new(r.resource.as_ref(), s.scope.as_ref(), [&r.schema_url, &s.schema_url]))
        .collect()
}

async fn insert_records(db: &mut SqliteConnection, slice: i64, rows: &[Row<'_>]) -> sqlx::Result<()> {
    let head =
        format!("INSERT INTO logs_{slice} (id, time_ns, severity, service, trace_id, origin_id, body) ");
    insert_rows(db, (&head, ""), rows, |mut row, Row { id, time_ns, origin, record, body }| {
        row.push_bind(*id)
            .push_bind(*time_ns)
            .push_bind(record.severity_number)
            .push_bind(&*origin.service)
            .push_bind(Some(&*record.trace_id).filter(|id| !id.is_empty()))
            .push_bind(origin.id)
            .push_bind(&**body);
    })
    .await?;
    let head = format!("INSERT INTO logs_text_{slice} (rowid, text) ");
    insert_rows(db, (&head, ""), rows, |mut row, line| {
        row.push_bind(line.id).push_bind(searchable(line.record));
    })
    .await
    .map(drop)
}

/// When it happened, else when it was seen.
fn time_of(record: &LogRecord) -> Option<i64> {
    [record.time_unix_nano, record.observed_time_unix_nano].into_iter().find(|time| *time != 0).map(nanos)
}

/// What full text finds a record by: its sentence, its name, and the texts among its attributes.
fn searchable(record: &LogRecord) -> String {
    let texts = record.attributes.iter().filter_map(|KeyValue { value, .. }| text_of(value.as_ref()?));
    let body = record.body.as_ref().and_then(text_of);
    let name = (!record.event_name.is_empty()).then_some(&*record.event_name);
    body.into_iter().chain(name).chain(texts).collect::<Vec<_>>().join("\n")
}

fn text_of(value: &AnyValue) -> Option<&str> {
    match value.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

/// A log record as it arrived, and who sent it.
#[derive(Clone, Debug)]
pub(crate) struct StoredLog {
    pub(crate) time_ns: i64,
    pub(crate) service: String,
    pub(crate) trace_id: Option<TraceId>,
    pub(crate) span_id: Option<SpanId>,
    pub(crate) record: LogRecord,
}

impl StoredLog {
    /// The level by its range: `trace`, `debug`, `info`, `warn`, `error`, `fatal`, or `unspecified`.
    pub(crate) fn severity(&self) -> &'static str {
        match self.record.severity_number {
            1..=4 => "trace",
            5..=8 => "debug",
            9..=12 => "info",
            13..=16 => "warn",
            17..=20 => "error",
            21..=24 => "fatal",
            _ => "unspecified",
        }
    }
}

/// Which log records to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogFilter {
    pub(crate) service: Option<String>,
    pub(crate) trace_id: Option<TraceId>,
    /// `SeverityNumber`: 9 is INFO, 13 WARN, 17 ERROR.
    pub(crate) min_severity: Option<i32>,
    /// Words that must all occur; the last may be the beginning of one.
    pub(crate) text: Option<String>,
    /// Unix nanoseconds, inclusive.
    pub(crate) from_ns: Option<i64>,
    /// Unix nanoseconds, exclusive.
    pub(crate) until_ns: Option<i64>,
    pub(crate) limit: u16,
}

impl Reader {
    /// Log records that match, newest first.
    pub(crate) async fn find_logs(&self, filter: &LogFilter) -> sqlx::Result<Vec<StoredLog>> {
        // What a view over several slices is ordered by must be among its columns: else all of it is sorted.
        let mut query = QueryBuilder::new("SELECT time_ns, service, body, id FROM logs WHERE TRUE");
        if let Some(service) = &filter.service {
            query.push(" AND service = ").push_bind(service);
        }
        if let Some(trace_id) = &filter.trace_id {
            query.push(" AND trace_id = ").push_bind(trace_id.as_bytes());
        }
        if let Some(severity) = filter.min_severity {
            query.push(" AND severity >= ").push_bind(severity);
        }
        for (condition, moment) in
            [(" AND time_ns >= ", filter.from_ns), (" AND time_ns < ", filter.until_ns)]
        {
            if let Some(moment) = moment {
                query.push(condition).push_bind(moment);
            }
        }
        let mut snapshot = self.snapshot().await?;
        if let Some(words) = filter.text.as_deref().and_then(match_expression) {
            push_text_search(&mut query, &words, &mut snapshot).await?;
        }
        query.push(" ORDER BY time_ns DESC, id DESC LIMIT ").push_bind(i64::from(filter.limit));
        stored_logs(query.build_query_as().fetch_all(&mut *snapshot).await?)
    }

    /// The log records of a trace, earliest first.
    pub(super) async fn logs_of_trace(&self, id: TraceId) -> sqlx::Result<Vec<StoredLog>> {
        let rows = sqlx::query_as(
            "SELECT time_ns, service, body FROM logs WHERE trace_id = $1 ORDER BY time_ns, id LIMIT $2",
        )
        .bind(id.as_bytes())
        .bind(LOGS_PER_TRACE)
        .fetch_all(self.pool())
        .await?;
        stored_logs(rows)
    }
}

/// Restricts a query of log records to those with these words. It names slices, so it must be asked of the same snapshot.
pub(super) async fn push_text_search(
    query: &mut QueryBuilder<Sqlite>,
    words: &str,
    snapshot: &mut SqliteConnection,
) -> sqlx::Result<()> {
    query.push(" AND id IN (");
    for (nth, slice) in slices(snapshot).await?.into_iter().enumerate() {
        query.push(if nth == 0 { "" } else { " UNION ALL " });
        query
            .push(format!("SELECT rowid FROM logs_text_{slice} WHERE logs_text_{slice} MATCH "))
            .push_bind(words);
    }
    query.push(")");
    Ok(())
}

pub(super) fn stored_logs(rows: Vec<(i64, String, Vec<u8>)>) -> sqlx::Result<Vec<StoredLog>> {
    let stored = rows.into_iter().map(|(time_ns, service, body)| {
        let record = LogRecord::decode(&*body).map_err(|error| sqlx::Error::Decode(error.into()))?;
        let (trace_id, span_id) =
            (TraceId::from_bytes(&record.trace_id).ok(), SpanId::from_bytes(&record.span_id).ok());
        Ok(StoredLog { time_ns, service, trace_id, span_id, record })
    });
    stored.collect()
}

/// A text as an FTS5 expression that finds exactly its words in their order.
pub(super) fn match_phrase(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// What people type as an FTS5 expression: every word must occur, punctuation means nothing.
fn match_expression(text: &str) -> Option<String> {
    let words: Vec<_> = text
        .split_whitespace()
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .map(match_phrase)
        .collect();
    (!words.is_empty()).then(|| format!("{}*", words.join(" ")))
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use opentelemetry_proto::tonic::logs::v1::{ResourceLogs, ScopeLogs};
    use sqlx::Connection as _;

    use super::*;
    use crate::store::{Caps, open};

    fn export(text: &str) -> ExportLogsServiceRequest {
        let body = Some(AnyValue { value: Some(Value::StringValue(text.into())) });
        let log_records = vec![LogRecord { body, ..LogRecord::default() }];
        let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
        ExportLogsServiceRequest {
            resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }],
        }
    }

    #[tokio::test]
    async fn a_search_finds_what_is_dropped_while_it_looks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("telemetry.db");
        let age = Duration::from_hours(1);
        let (mut writer, reader) =
            open(&path, Caps { bytes: 64 << 20, age }, Arc::default(), 0).await.unwrap();
        let mut db = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
        insert(&mut db, 1, &export("reminder sent"), 0, &mut 1).await.unwrap();
        let filter = LogFilter { text: Some("reminder".into()), limit: 9, ..LogFilter::default() };
        assert_eq!(reader.find_logs(&filter).await.unwrap().len(), 1);

        let mut snapshot = reader.snapshot().await.unwrap();
        let mut query = QueryBuilder::new("SELECT time_ns, service, body FROM logs WHERE TRUE");
        push_text_search(&mut query, "reminder", &mut snapshot).await.unwrap();
        writer.retain(3_600_000_000_000).await;
        assert_eq!(slices(&mut db).await.unwrap(), [2]);
        let found = query.build_query_as().fetch_all(&mut *snapshot).await.unwrap();
        assert_eq!(stored_logs(found).unwrap().len(), 1);
        drop(snapshot);
        assert!(reader.find_logs(&filter).await.unwrap().is_empty());
    }

    #[test]
    fn what_people_type_is_never_syntax() {
        assert_eq!(match_expression("reminder sen").as_deref(), Some(r#""reminder" "sen"*"#));
        assert_eq!(match_expression(r#"a" OR (b"#).as_deref(), Some(r#""a""" "OR" "(b"*"#));
        assert_eq!(match_expression(" * - "), None);
    }
}
