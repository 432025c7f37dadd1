//! The server as a whole, and its databases by name.

use sqlx::{PgConnection, Row as _, postgres::PgRow};

use super::{
    super::{
        ScrapeError,
        sheet::{Name, Sheet},
    },
    locks,
};

/// Since this version checkpoints have a view of their own.
const CHECKPOINTER_SINCE: i32 = 170_000;

/// `(metric, column)` of `pg_stat_database`.
const DATABASE: [(Name, &str); 12] = [
    (("postgresql.commits", "1"), "xact_commit"),
    (("postgresql.rollbacks", "1"), "xact_rollback"),
    (("postgresql.blks_hit", "{blks_hit}"), "blks_hit"),
    (("postgresql.blks_read", "{blks_read}"), "blks_read"),
    (("postgresql.deadlocks", "{deadlock}"), "deadlocks"),
    (("postgresql.temp.io", "By"), "temp_bytes"),
    (("postgresql.temp_files", "{temp_file}"), "temp_files"),
    (("postgresql.tup_deleted", "{tup_deleted}"), "tup_deleted"),
    (("postgresql.tup_fetched", "{tup_fetched}"), "tup_fetched"),
    (("postgresql.tup_inserted", "{tup_inserted}"), "tup_inserted"),
    (("postgresql.tup_returned", "{tup_returned}"), "tup_returned"),
    (("postgresql.tup_updated", "{tup_updated}"), "tup_updated"),
];

pub(super) async fn read(db: &mut PgConnection, sheet: &mut Sheet) -> Result<(), ScrapeError> {
    backends(db, sheet).await?;
    databases(db, sheet).await?;
    background_writer(db, sheet).await?;
    locks::of_server(db, sheet).await?;
    replication(db, sheet).await
}

async fn backends(db: &mut PgConnection, sheet: &mut Sheet) -> Result<(), ScrapeError> {
    let max: i64 =
        sqlx::query_scalar("SELECT current_setting('max_connections')::bigint").fetch_one(&mut *db).await?;
    sheet.gauge(("postgresql.connection.max", "{connections}"), max, &[]);
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT datname::text, coalesce(state, 'background'), count(*) FROM pg_stat_activity \
         WHERE datname IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2",
    )
    .fetch_all(db)
    .await?;
    for of_database in rows.chunk_by(|a, b| a.0 == b.0) {
        let Some((database, ..)) = of_database.first() else { continue };
        let all = of_database.iter().map(|(.., count)| count).sum::<i64>();
        sheet.level(("postgresql.backends", "1"), all, &[("db.namespace", database)]);
        for (_, state, count) in of_database {
            // The receiver counts all states together; this one is ours.
            let labels = [("db.namespace", database.as_str()), ("state", state.as_str())];
            sheet.level(("postgresql.backends.by_state", "{connection}"), *count, &labels);
        }
    }
    Ok(())
}

async fn databases(db: &mut PgConnection, sheet: &mut Sheet) -> Result<(), ScrapeError> {
    let rows = sqlx::query(
        "SELECT s.*, s.datname::text AS name, pg_database_size(d.oid) AS size \
         FROM pg_stat_database s JOIN pg_database d ON d.oid = s.datid WHERE NOT d.datistemplate ORDER BY s.datname",
    )
    .fetch_all(db)
    .await?;
    for row in &rows {
        let name: String = row.try_get("name")?;
        let labels = [("db.namespace", name.as_str())];
        sheet.level(("postgresql.db_size", "By"), row.try_get::<i64, _>("size")?, &labels);
        for (metric, column) in DATABASE {
            sheet.counter(metric, row.try_get::<i64, _>(column)?, &labels);
        }
    }
    Ok(())
}

async fn background_writer(db: &mut PgConnection, sheet: &mut Sheet) -> Result<(), ScrapeError> {
    let version: i32 =
        sqlx::query_scalar("SELECT current_setting('server_version_num')::int").fetch_one(&mut *db).await?;
    let row = sqlx::query("SELECT * FROM pg_stat_bgwriter").fetch_one(&mut *db).await?;
    sheet.counter(
        ("postgresql.bgwriter.buffers.allocated", "{buffers}"),
        number(&row, "buffers_alloc")?,
        &[],
    );
    sheet.counter(("postgresql.bgwriter.maxwritten", "1"), number(&row, "maxwritten_clean")?, &[]);
    let writes = ("postgresql.bgwriter.buffers.writes", "{buffers}");
    sheet.counter(writes, number(&row, "buffers_clean")?, &[("source", "bgwriter")]);
    if version >= CHECKPOINTER_SINCE {
        let since = sqlx::query("SELECT * FROM pg_stat_checkpointer").fetch_one(db).await?;
        let columns = ["buffers_written", "num_requested", "num_timed", "sync_time", "write_time"];
        return checkpoints(sheet, &since, columns);
    }
    sheet.counter(writes, number(&row, "buffers_backend")?, &[("source", "backend")]);
    sheet.counter(writes, number(&row, "buffers_backend_fsync")?, &[("source", "backend_fsync")]);
    let columns = [
        "buffers_checkpoint",
        "checkpoints_req",
        "checkpoints_timed",
        "checkpoint_sync_time",
        "checkpoint_write_time",
    ];
    checkpoints(sheet, &row, columns)
}

fn checkpoints(sheet: &mut Sheet, row: &PgRow, columns: [&str; 5]) -> Result<(), ScrapeError> {
    let [written, requested, timed, sync, write] = columns;
    let writes = ("postgresql.bgwriter.buffers.writes", "{buffers}");
    sheet.counter(writes, number(row, written)?, &[("source", "checkpoints")]);
    let count = ("postgresql.bgwriter.checkpoint.count", "{checkpoints}");
    sheet.counter(count, number(row, requested)?, &[("type", "requested")]);
    sheet.counter(count, number(row, timed)?, &[("type", "scheduled")]);
    let duration = ("postgresql.bgwriter.duration", "ms");
    sheet.counter(duration, row.try_get::<f64, _>(sync)?, &[("type", "sync")]);
    sheet.counter(duration, row.try_get::<f64, _>(write)?, &[("type", "write")]);
    Ok(())
}

fn number(row: &PgRow, column: &str) -> Result<i64, ScrapeError> {
    Ok(row.try_get(column)?)
}

/// Its address, bytes it is behind, and by how much it writes, flushes and replays late, in seconds.
type Standby = (String, Option<i64>, Option<f64>, Option<f64>, Option<f64>);

async fn replication(db: &mut PgConnection, sheet: &mut Sheet) -> Result<(), ScrapeError> {
    let age: Option<f64> = sqlx::query_scalar(
        "SELECT extract(epoch FROM current_timestamp - last_archived_time)::float8 FROM pg_stat_archiver",
    )
    .fetch_one(&mut *db)
    .await?;
    if let Some(seconds) = age {
        #[expect(clippy::cast_possible_truncation, reason = "the receiver tells whole seconds")]
        sheet.gauge(("postgresql.wal.age", "s"), seconds as i64, &[]);
    }
    // A standby has no position of its own to compare with.
    let rows: Vec<Standby> = sqlx::query_as(
        "SELECT coalesce(host(client_addr), 'unix'), pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint, \
                extract(epoch FROM write_lag)::float8, extract(epoch FROM flush_lag)::float8, \
                extract(epoch FROM replay_lag)::float8 \
         FROM pg_stat_replication WHERE NOT pg_is_in_recovery()",
    )
    .fetch_all(db)
    .await?;
    for (client, behind, write, flush, replay) in &rows {
        let client = ("replication_client", client.as_str());
        if let Some(bytes) = behind.filter(|bytes| *bytes >= 0) {
            sheet.gauge(("postgresql.replication.data_delay", "By"), bytes, &[client]);
        }
        for (operation, lag) in [("write", write), ("flush", flush), ("replay", replay)] {
            if let Some(seconds) = lag {
                sheet.gauge(("postgresql.wal.delay", "s"), *seconds, &[("operation", operation), client]);
            }
        }
    }
    Ok(())
}
