//! Locks that are held or waited for; those of the connection that asks are not counted.

use sqlx::PgConnection;

use super::super::{ScrapeError, sheet::Sheet};

/// Locks on what belongs to no database: transactions, and catalogs that all databases share.
const OF_SERVER: &str = "
SELECT coalesce(c.relname::text, ''), l.mode, l.locktype, count(*)
FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation
WHERE (l.database IS NULL OR l.database = 0) AND l.pid <> pg_backend_pid()
GROUP BY 1, 2, 3 LIMIT 500";
/// Locks in the database that is asked: only there their tables have names.
const OF_DATABASE: &str = "
SELECT coalesce(c.relname::text, ''), l.mode, l.locktype, count(*)
FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation
WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND l.pid <> pg_backend_pid()
GROUP BY 1, 2, 3 LIMIT 500";

pub(super) async fn of_server(db: &mut PgConnection, sheet: &mut Sheet) -> Result<(), ScrapeError> {
    read(db, OF_SERVER, None, sheet).await
}

pub(super) async fn of_database(
    db: &mut PgConnection,
    database: &str,
    sheet: &mut Sheet,
) -> Result<(), ScrapeError> {
    read(db, OF_DATABASE, Some(("db.namespace", database)), sheet).await
}

async fn read(
    db: &mut PgConnection,
    sql: &'static str,
    of: Option<(&'static str, &str)>,
    sheet: &mut Sheet,
) -> Result<(), ScrapeError> {
    let rows: Vec<(String, String, String, i64)> = sqlx::query_as(sql).fetch_all(db).await?;
    for (relation, mode, kind, count) in &rows {
        let lock = [("relation", relation.as_str()), ("mode", mode.as_str()), ("lock_type", kind.as_str())];
        let labels: Vec<_> = of.into_iter().chain(lock).collect();
        sheet.gauge(("postgresql.database.locks", "{lock}"), *count, &labels);
    }
    Ok(())
}
