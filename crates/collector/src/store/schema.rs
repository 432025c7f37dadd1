//! The tables.

use sqlx::{AssertSqlSafe, SqliteConnection};

/// Marks the file as ours (`MuCo` in ASCII), so that no other database is taken for a store.
pub(super) const APPLICATION_ID: i64 = 0x4d75_436f;
/// Changes with every change of the tables.
pub(super) const VERSION: i64 = 1;

/// Tables that outlive slices.
const STORE: &str = "
CREATE TABLE slices (
    number    INTEGER PRIMARY KEY,
    opened_ns INTEGER NOT NULL,
    -- Bytes of the file that the slice took; known when it is closed.
    bytes     INTEGER,
    spans     INTEGER NOT NULL DEFAULT 0,
    points    INTEGER NOT NULL DEFAULT 0,
    logs      INTEGER NOT NULL DEFAULT 0
) STRICT;
";

/// The tables of one slice; `{n}` is its number.
///
/// An origin is a resource with an instrumentation scope, named by a digest of its bytes, so that slices need not know
/// of each other. `entry` marks the spans by which a trace enters a service: served requests, consumed messages, roots.
const SLICE: &str = "
CREATE TABLE origins_{n} (
    id      INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    body    BLOB NOT NULL
) STRICT;

CREATE TABLE spans_{n} (
    trace_id    BLOB NOT NULL,
    span_id     BLOB NOT NULL,
    parent_id   BLOB,
    service     TEXT NOT NULL,
    name        TEXT NOT NULL,
    kind        INTEGER NOT NULL,
    entry       INTEGER NOT NULL,
    start_ns    INTEGER NOT NULL,
    duration_ns INTEGER NOT NULL,
    error       INTEGER NOT NULL,
    game_id     TEXT,
    origin_id   INTEGER NOT NULL,
    body        BLOB NOT NULL,
    UNIQUE (trace_id, span_id)
) STRICT;
CREATE INDEX spans_{n}_start ON spans_{n} (start_ns);
CREATE INDEX spans_{n}_service ON spans_{n} (service, start_ns);
CREATE INDEX spans_{n}_name ON spans_{n} (name, start_ns);
CREATE INDEX spans_{n}_duration ON spans_{n} (duration_ns);
CREATE INDEX spans_{n}_entry ON spans_{n} (start_ns, service, duration_ns, error, entry) WHERE entry;
CREATE INDEX spans_{n}_error ON spans_{n} (start_ns) WHERE error;
CREATE INDEX spans_{n}_game ON spans_{n} (game_id) WHERE game_id IS NOT NULL;

CREATE TABLE links_{n} (
    linked_trace_id BLOB NOT NULL,
    linked_span_id  BLOB NOT NULL,
    trace_id        BLOB NOT NULL,
    span_id         BLOB NOT NULL,
    PRIMARY KEY (linked_trace_id, trace_id, span_id, linked_span_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE logs_{n} (
    id         INTEGER PRIMARY KEY,
    time_ns    INTEGER NOT NULL,
    severity   INTEGER NOT NULL,
    service    TEXT NOT NULL,
    trace_id   BLOB,
    origin_id  INTEGER NOT NULL,
    body       BLOB NOT NULL
) STRICT;
CREATE INDEX logs_{n}_time ON logs_{n} (time_ns);
CREATE INDEX logs_{n}_service ON logs_{n} (service, time_ns);
CREATE INDEX logs_{n}_severe ON logs_{n} (time_ns) WHERE severity >= 13;
CREATE INDEX logs_{n}_trace ON logs_{n} (trace_id) WHERE trace_id IS NOT NULL;
CREATE VIRTUAL TABLE logs_text_{n} USING fts5 (text, content='', tokenize='unicode61 remove_diacritics 2');

CREATE TABLE series_{n} (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    unit        TEXT NOT NULL,
    description TEXT NOT NULL,
    service     TEXT NOT NULL,
    instance    TEXT NOT NULL,
    temporality TEXT NOT NULL,
    attributes  TEXT NOT NULL
) STRICT;
CREATE INDEX series_{n}_name ON series_{n} (name);

CREATE TABLE points_{n} (
    series_id INTEGER NOT NULL,
    time_ns   INTEGER NOT NULL,
    start_ns  INTEGER NOT NULL,
    value     REAL,
    count     INTEGER,
    min       REAL,
    max       REAL,
    -- [[lower, upper, count], …] of the buckets that are not empty; null is infinity.
    buckets   TEXT,
    PRIMARY KEY (series_id, time_ns)
) STRICT, WITHOUT ROWID;
";

/// The tables of a slice. Each of them but the full text has a view over all slices.
const TABLES: [&str; 7] = ["logs_text", "points", "series", "logs", "links", "spans", "origins"];

/// Makes an empty file a store.
pub(super) async fn create_store(db: &mut SqliteConnection) -> sqlx::Result<()> {
    run(db, format!("{STORE} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"))
        .await
}

/// Makes the tables of a new slice.
pub(super) async fn create_slice(db: &mut SqliteConnection, number: i64) -> sqlx::Result<()> {
    run(db, SLICE.replace("{n}", &number.to_string())).await
}

/// Drops the tables of a slice. The views must be made anew in the same transaction.
pub(super) async fn drop_slice(db: &mut SqliteConnection, number: i64) -> sqlx::Result<()> {
    run(db, TABLES.map(|table| format!("DROP TABLE {table}_{number};")).concat()).await
}

/// Lets the views show exactly these slices.
pub(super) async fn create_views(db: &mut SqliteConnection, slices: &[i64]) -> sqlx::Result<()> {
    let views = TABLES.iter().filter(|table| **table != "logs_text").map(|table| {
        let arms: Vec<_> = slices.iter().map(|number| format!("SELECT * FROM {table}_{number}")).collect();
        format!("DROP VIEW IF EXISTS {table}; CREATE VIEW {table} AS {};", arms.join(" UNION ALL "))
    });
    run(db, views.collect()).await
}

/// Runs statements that are made of constants and slice numbers only.
async fn run(db: &mut SqliteConnection, statements: String) -> sqlx::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(db).await.map(drop)
}
