//! The tables and indexes of one database.

use sqlx::{PgConnection, Row as _, postgres::PgRow};

use super::{
    super::{
        ScrapeError,
        sheet::{Name, Sheet},
    },
    whole,
};

/// A database with more tables is cut off here: each is some twenty series.
const MAX_TABLES: i64 = 300;

/// `(value of the attribute, column)`.
const BLOCKS: [(&str, &str); 8] = [
    ("heap_read", "heap_blks_read"),
    ("heap_hit", "heap_blks_hit"),
    ("idx_read", "idx_blks_read"),
    ("idx_hit", "idx_blks_hit"),
    ("toast_read", "toast_blks_read"),
    ("toast_hit", "toast_blks_hit"),
    ("tidx_read", "tidx_blks_read"),
    ("tidx_hit", "tidx_blks_hit"),
];
const OPERATIONS: [(&str, &str); 4] =
    [("ins", "n_tup_ins"), ("upd", "n_tup_upd"), ("del", "n_tup_del"), ("hot_upd", "n_tup_hot_upd")];
const ROWS: [(&str, &str); 2] = [("dead", "n_dead_tup"), ("live", "n_live_tup")];
const COUNTERS: [(Name, &str); 2] = [
    (("postgresql.table.vacuum.count", "{vacuum}"), "vacuum_count"),
    (("postgresql.sequential_scans", "{sequential_scan}"), "seq_scan"),
];

pub(super) async fn read(
    db: &mut PgConnection,
    database: &str,
    sheet: &mut Sheet,
) -> Result<(), ScrapeError> {
    // A table under an exclusive lock would hold the question of its size up.
    let tables = sqlx::query(
        "SELECT t.*, i.heap_blks_read, i.heap_blks_hit, i.idx_blks_read, i.idx_blks_hit, i.toast_blks_read, \
                i.toast_blks_hit, i.tidx_blks_read, i.tidx_blks_hit, t.schemaname::text AS schema_name, \
                t.relname::text AS table_name, pg_relation_size(t.relid) AS size \
         FROM pg_stat_user_tables t JOIN pg_statio_user_tables i ON i.relid = t.relid \
         WHERE NOT EXISTS (SELECT 1 FROM pg_locks l WHERE l.relation = t.relid AND l.granted \
                           AND l.mode = 'AccessExclusiveLock') \
         ORDER BY t.schemaname, t.relname LIMIT $1",
    )
    .bind(MAX_TABLES)
    .fetch_all(&mut *db)
    .await?;
    sheet.level(("postgresql.table.count", "{table}"), whole(tables.len()), &[("db.namespace", database)]);
    for table in &tables {
        of_table(sheet, database, table)?;
    }
    indexes(db, database, sheet).await
}

fn of_table(sheet: &mut Sheet, database: &str, table: &PgRow) -> Result<(), ScrapeError> {
    let schema: String = table.try_get("schema_name")?;
    let name: String = table.try_get("table_name")?;
    let namespace = format!("{database}|{schema}");
    let labels = [("db.namespace", namespace.as_str()), ("db.collection.name", name.as_str())];
    let number = |column: &str| {
        table.try_get::<Option<i64>, _>(column).map(Option::unwrap_or_default).map_err(ScrapeError::from)
    };
    sheet.level(("postgresql.table.size", "By"), number("size")?, &labels);
    for (metric, column) in COUNTERS {
        sheet.counter(metric, number(column)?, &labels);
    }
    for (source, column) in BLOCKS {
        let labels = [labels[0], labels[1], ("source", source)];
        sheet.counter(("postgresql.blocks_read", "1"), number(column)?, &labels);
    }
    for (operation, column) in OPERATIONS {
        let labels = [labels[0], labels[1], ("operation", operation)];
        sheet.counter(("postgresql.operations", "1"), number(column)?, &labels);
    }
    for (state, column) in ROWS {
        sheet.level(("postgresql.rows", "1"), number(column)?, &[labels[0], labels[1], ("state", state)]);
    }
    Ok(())
}

async fn indexes(db: &mut PgConnection, database: &str, sheet: &mut Sheet) -> Result<(), ScrapeError> {
    let rows: Vec<(String, String, String, i64, i64)> = sqlx::query_as(
        "SELECT schemaname::text, relname::text, indexrelname::text, coalesce(idx_scan, 0), \
                pg_relation_size(indexrelid) \
         FROM pg_stat_user_indexes x \
         WHERE NOT EXISTS (SELECT 1 FROM pg_locks l WHERE l.relation = x.indexrelid AND l.granted \
                           AND l.mode = 'AccessExclusiveLock') \
         ORDER BY 1, 2, 3 LIMIT $1",
    )
    .bind(MAX_TABLES)
    .fetch_all(db)
    .await?;
    for (schema, table, index, scans, size) in &rows {
        let namespace = format!("{database}|{schema}");
        let labels = [
            ("db.namespace", namespace.as_str()),
            ("db.collection.name", table.as_str()),
            ("postgresql.index.name", index.as_str()),
        ];
        sheet.counter(("postgresql.index.scans", "{scans}"), *scans, &labels);
        sheet.gauge(("postgresql.index.size", "By"), *size, &labels);
    }
    Ok(())
}
