//! The tables.

use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

/// Marks the file as ours (`MuCo` in ASCII), so that no other database is taken for a store.
pub(super) const APPLICATION_ID: i64 = 0x4d75_436f;
/// Changes with every change of the tables; [`upgrade`] knows the way from the version before.
pub(super) const VERSION: i64 = 2;

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
CREATE INDEX spans_{n}_slow ON spans_{n} (start_ns) WHERE duration_ns >= 100000000;
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
    -- [[time_ns, value, trace_id, span_id], …], ids as hexadecimal text.
    exemplars TEXT,
    PRIMARY KEY (series_id, time_ns)
) STRICT, WITHOUT ROWID;
";

/// Tables of one slice that sum up what its spans say, so that no page counts a million spans: `red` by minute, service
/// and bucket of duration; `calls` from service to service; `games` that something happened to.
const ROLLUPS: &str = "
CREATE TABLE red_{n} (
    minute  INTEGER NOT NULL,
    service TEXT NOT NULL,
    -- Eight to each doubling of the duration in nanoseconds.
    bucket  INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    errors  INTEGER NOT NULL,
    PRIMARY KEY (minute, service, bucket)
) STRICT, WITHOUT ROWID;

CREATE TABLE calls_{n} (
    minute INTEGER NOT NULL,
    caller TEXT NOT NULL,
    callee TEXT NOT NULL,
    times  INTEGER NOT NULL,
    PRIMARY KEY (minute, caller, callee)
) STRICT, WITHOUT ROWID;

CREATE TABLE games_{n} (
    id       TEXT PRIMARY KEY,
    first_ns INTEGER NOT NULL,
    last_ns  INTEGER NOT NULL,
    spans    INTEGER NOT NULL,
    errors   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// From the first version to the second: a slice gets its rollups (of games alone they are filled in), exemplars, and
/// other indexes.
const TO_SECOND: &str = "
ALTER TABLE points_{n} ADD COLUMN exemplars TEXT;
DROP INDEX spans_{n}_name;
DROP INDEX spans_{n}_duration;
DROP INDEX spans_{n}_entry;
CREATE INDEX spans_{n}_slow ON spans_{n} (start_ns) WHERE duration_ns >= 100000000;
INSERT INTO games_{n} SELECT game_id, min(start_ns), max(start_ns), count(*), sum(error) FROM spans_{n}
WHERE game_id IS NOT NULL GROUP BY game_id;
";

/// The tables of a slice. Each of them but the full text has a view over all slices.
const TABLES: [&str; 10] =
    ["logs_text", "points", "series", "logs", "links", "spans", "origins", "red", "calls", "games"];

/// Makes an empty file a store.
pub(super) async fn create_store(db: &mut SqliteConnection) -> sqlx::Result<()> {
    run(db, format!("{STORE} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"))
        .await
}

/// Makes the tables of a new slice.
pub(super) async fn create_slice(db: &mut SqliteConnection, number: i64) -> sqlx::Result<()> {
    run(db, format!("{SLICE}{ROLLUPS}").replace("{n}", &number.to_string())).await
}

/// Brings a store of the first version up to date, all or nothing.
pub(super) async fn upgrade(db: &mut SqliteConnection) -> sqlx::Result<()> {
    let mut tx = db.begin_with("BEGIN IMMEDIATE").await?;
    let slices: Vec<i64> =
        sqlx::query_scalar("SELECT number FROM slices ORDER BY number").fetch_all(&mut *tx).await?;
    for number in &slices {
        run(&mut tx, format!("{ROLLUPS}{TO_SECOND}").replace("{n}", &number.to_string())).await?;
    }
    create_views(&mut tx, &slices).await?;
    run(&mut tx, format!("PRAGMA user_version = {VERSION};")).await?;
    tx.commit().await
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
