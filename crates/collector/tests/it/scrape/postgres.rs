//! PostgreSQL: the numbers of a server of the test's own are what was done in one of its databases.

use std::ops::Bound;

use collector::Target;
use sqlx::{Connection as _, PgConnection};

use super::{
    cluster::{Cluster, ON_A_CRAMPED_SERVER},
    ground::{self, Ground},
    watch::{Scrape, Watch},
};

/// Nobody else counts rows, scans or vacuums of them. A row of `notes` has two pages beside it.
const TABLES: &str = "
CREATE TABLE seats (id int PRIMARY KEY, name text) WITH (autovacuum_enabled = false, fillfactor = 50);
CREATE TABLE notes (id int PRIMARY KEY, body text, filler text)
    WITH (autovacuum_enabled = false, toast.autovacuum_enabled = false);
ALTER TABLE notes ALTER body SET STORAGE EXTERNAL;
INSERT INTO notes SELECT n, repeat(md5(n::text), 400), repeat('x', 500) FROM generate_series(1, 50) n;
";

#[tokio::test]
async fn postgresql_metrics_collected() {
    let Some(cluster) = Cluster::new(&[]).await else { return };
    let mut ground = Ground::cold(&cluster.owner(), "numbers", TABLES).await;
    let watch = Watch::over(Target::postgres, &ground.url).await;
    watch.is("up", &[], 1.0).await;

    work(&watch, &mut ground).await;
    insta::assert_snapshot!(watch.shapes(), @r"
    postgresql.backends 1 level int db.namespace
    postgresql.backends.by_state {connection} level int db.namespace state
    postgresql.bgwriter.buffers.allocated {buffers} counter int
    postgresql.bgwriter.buffers.writes {buffers} counter int source
    postgresql.bgwriter.checkpoint.count {checkpoints} counter int type
    postgresql.bgwriter.duration ms counter double type
    postgresql.bgwriter.maxwritten 1 counter int
    postgresql.blks_hit {blks_hit} counter int db.namespace
    postgresql.blks_read {blks_read} counter int db.namespace
    postgresql.blocks_read 1 counter int db.namespace db.collection.name source
    postgresql.commits 1 counter int db.namespace
    postgresql.connection.max {connections} gauge int
    postgresql.database.count {databases} level int
    postgresql.database.locks {lock} gauge int db.namespace relation mode lock_type
    postgresql.database.locks {lock} gauge int relation mode lock_type
    postgresql.db_size By level int db.namespace
    postgresql.deadlocks {deadlock} counter int db.namespace
    postgresql.index.scans {scans} counter int db.namespace db.collection.name postgresql.index.name
    postgresql.index.size By gauge int db.namespace db.collection.name postgresql.index.name
    postgresql.operations 1 counter int db.namespace db.collection.name operation
    postgresql.rollbacks 1 counter int db.namespace
    postgresql.rows 1 level int db.namespace db.collection.name state
    postgresql.sequential_scans {sequential_scan} counter int db.namespace db.collection.name
    postgresql.table.count {table} level int db.namespace
    postgresql.table.size By level int db.namespace db.collection.name
    postgresql.table.vacuum.count {vacuum} counter int db.namespace db.collection.name
    postgresql.temp.io By counter int db.namespace
    postgresql.temp_files {temp_file} counter int db.namespace
    postgresql.tup_deleted {tup_deleted} counter int db.namespace
    postgresql.tup_fetched {tup_fetched} counter int db.namespace
    postgresql.tup_inserted {tup_inserted} counter int db.namespace
    postgresql.tup_returned {tup_returned} counter int db.namespace
    postgresql.tup_updated {tup_updated} counter int db.namespace
    up  gauge int
    ");
    let why = "a server with little memory and few places moves it: it is looked at there";
    watch.has_looked_at_all_but(&ON_A_CRAMPED_SERVER.map(|name| (name, why)));
    watch.stop().await;
}

async fn work(watch: &Watch, ground: &mut Ground) {
    of_pages(watch, ground).await;
    of_rows(watch, ground).await;
    of_transactions(watch, ground).await;
    of_relations(watch, ground).await;
    of_connections(watch, ground).await;
    of_locks(watch, ground).await;
    of_checkpoints(watch, ground).await;
}

/// The labels of a table of the test's database, and one more.
struct Names {
    database: String,
    schema: String,
}

impl Names {
    fn of(ground: &Ground) -> Self {
        Self { database: ground.name.clone(), schema: format!("{}|public", ground.name) }
    }

    fn database(&self) -> [(&str, &str); 1] {
        [("db.namespace", &self.database)]
    }

    fn table<'a>(&'a self, name: &'a str) -> [(&'a str, &'a str); 2] {
        [("db.namespace", &self.schema), ("db.collection.name", name)]
    }

    fn table_and<'a>(&'a self, name: &'a str, and: (&'a str, &'a str)) -> [(&'a str, &'a str); 3] {
        let [database, table] = self.table(name);
        [database, table, and]
    }
}

/// So much, and little more: catalogs are looked at beside it.
fn about(number: f64) -> (Bound<f64>, Bound<f64>) {
    (Bound::Included(number), Bound::Excluded(number * 1.2 + 20.0))
}

fn exactly(number: f64) -> (Bound<f64>, Bound<f64>) {
    (Bound::Included(number), Bound::Included(number))
}

fn at_least(number: f64) -> (Bound<f64>, Bound<f64>) {
    (Bound::Included(number), Bound::Unbounded)
}

/// Reads a table of pages that are not in memory, and once more when they are.
async fn of_pages(watch: &Watch, ground: &mut Ground) {
    const READ: &str = "SET enable_bitmapscan = off; SET enable_seqscan = off; \
                        SELECT count(md5(body)) FROM notes WHERE id > 0; RESET enable_seqscan; \
                        RESET enable_bitmapscan";
    let names = Names::of(ground);
    let pages = "SELECT (pg_relation_size('notes') / current_setting('block_size')::int)::float8";
    let heap = ground.number(pages).await;
    let toast = "SELECT (pg_relation_size(reltoastrelid) / current_setting('block_size')::int)::float8 \
                 FROM pg_class WHERE relname = 'notes'";
    let toast = ground.number(toast).await;
    let cold = watch.now().await;
    for (nth, heap_source, rest) in [
        (0, "heap_read", ["idx_read", "toast_read", "tidx_read"]),
        (1, "heap_hit", ["idx_hit", "toast_hit", "tidx_hit"]),
    ] {
        let before = watch.now().await;
        ground.run(READ).await;
        let of = |source| names.table_and("notes", ("source", source));
        let blocks = "postgresql.blocks_read";
        let least = if nth == 0 { exactly(heap) } else { at_least(heap) };
        watch.rises(&before, (blocks, &of(heap_source)), least).await;
        let [index, toasted, toast_index] = rest;
        watch.rises(&before, (blocks, &of(index)), at_least(1.0)).await;
        let least = if nth == 0 { exactly(toast) } else { at_least(toast) };
        watch.rises(&before, (blocks, &of(toasted)), least).await;
        watch.rises(&before, (blocks, &of(toast_index)), at_least(1.0)).await;
        let all = ["postgresql.blks_read", "postgresql.blks_hit"][nth];
        watch.rises(&before, (all, &names.database()), at_least(heap + toast)).await;
    }
    watch.rises(&cold, ("postgresql.bgwriter.buffers.allocated", &[]), at_least(heap + toast)).await;
}

/// Writes rows, reads them by both kinds of scan, and takes some of them back.
async fn of_rows(watch: &Watch, ground: &mut Ground) {
    let names = Names::of(ground);
    let before = watch.now().await;
    // As long as somebody may look at rows of before, they are dead but there.
    let mut witness = ground.connect().await;
    ground::run(&mut witness, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1".to_owned()).await;
    ground.run("INSERT INTO seats SELECT n, 'x' FROM generate_series(1, 20000) n").await;
    ground.run("SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off").await;
    ground.run("UPDATE seats SET name = 'y' WHERE id <= 3000").await;
    ground.run("DELETE FROM seats WHERE id > 19300").await;
    ground.run("SELECT count(name) FROM seats WHERE id BETWEEN 5001 AND 10000").await;
    ground.run("RESET enable_seqscan; SET enable_indexscan = off").await;
    for _ in 0..10 {
        ground.run("SELECT count(*) FROM seats").await;
    }
    ground.run("RESET ALL").await;

    for (name, by) in [
        ("postgresql.tup_inserted", about(20_000.0)),
        ("postgresql.tup_updated", about(3_000.0)),
        ("postgresql.tup_deleted", about(700.0)),
        // Each scrape reads catalogs.
        ("postgresql.tup_fetched", (Bound::Included(8_700.0), Bound::Excluded(100_000.0))),
        ("postgresql.tup_returned", at_least(8_700.0 + 193_000.0)),
    ] {
        watch.rises(&before, (name, &names.database()), by).await;
    }
    let table = names.table("seats");
    for (operation, count) in [("ins", 20_000.0), ("upd", 3_000.0), ("del", 700.0), ("hot_upd", 3_000.0)] {
        let labels = names.table_and("seats", ("operation", operation));
        watch.rises(&before, ("postgresql.operations", &labels), exactly(count)).await;
    }
    for (state, count) in [("live", 19_300.0), ("dead", 3_700.0)] {
        let labels = names.table_and("seats", ("state", state));
        watch.rises(&before, ("postgresql.rows", &labels), exactly(count)).await;
    }
    watch.rises(&before, ("postgresql.sequential_scans", &table), exactly(10.0)).await;
    let index = names.table_and("seats", ("postgresql.index.name", "seats_pkey"));
    watch.rises(&before, ("postgresql.index.scans", &index), exactly(3.0)).await;
    witness.close().await.unwrap();
}

/// Ends transactions well and badly, sorts more than fits into memory, and runs into a deadlock.
async fn of_transactions(watch: &Watch, ground: &mut Ground) {
    let names = Names::of(ground);
    let database = names.database();
    let before = watch.now().await;
    ground.run("DO $$ BEGIN FOR n IN 1..5000 LOOP COMMIT; END LOOP; END $$").await;
    ground.run("DO $$ BEGIN FOR n IN 1..500 LOOP ROLLBACK; END LOOP; END $$").await;
    // The scrapes of this and of other tests end well.
    watch.rises(&before, ("postgresql.commits", &database), at_least(5_000.0)).await;
    watch.rises(&before, ("postgresql.rollbacks", &database), about(500.0)).await;

    ground.run("SET work_mem = '64kB'; SELECT count(*) FROM (SELECT n FROM generate_series(1, 200000) n ORDER BY -n OFFSET 1) x; RESET work_mem").await;
    watch.rises(&before, ("postgresql.temp_files", &database), 1.0..=4.0).await;
    watch.rises(&before, ("postgresql.temp.io", &database), 1e6..=2e7).await;

    let (mut first, mut second) = (ground.connect().await, ground.connect().await);
    for (db, id) in [(&mut first, 1), (&mut second, 2)] {
        let sql = format!("SET deadlock_timeout = '10ms'; BEGIN; UPDATE notes SET body = '' WHERE id = {id}");
        ground::run(db, sql).await;
    }
    let (one, other) = tokio::join!(
        lock(&mut first, "UPDATE notes SET body = '' WHERE id = 2"),
        lock(&mut second, "UPDATE notes SET body = '' WHERE id = 1")
    );
    assert_eq!([one, other].iter().filter(|is_locked| !**is_locked).count(), 1, "one of them gives up");
    for db in [&mut first, &mut second] {
        ground::run(db, "ROLLBACK".to_owned()).await;
        ground::flush(db).await;
    }
    watch.rises(&before, ("postgresql.deadlocks", &database), exactly(1.0)).await;
    first.close().await.unwrap();
    second.close().await.unwrap();
}

/// Whether the rows were had.
async fn lock(db: &mut PgConnection, sql: &'static str) -> bool {
    sqlx::raw_sql(sql).execute(db).await.is_ok()
}

/// Sizes are what the server's own functions say, and grow by what is written.
async fn of_relations(watch: &Watch, ground: &mut Ground) {
    let names = Names::of(ground);
    let before = watch.now().await;
    ground.run("CREATE TABLE one (id int); CREATE TABLE two (id int)").await;
    watch.rises(&before, ("postgresql.table.count", &names.database()), exactly(2.0)).await;
    ground.run("VACUUM seats").await;
    let table = names.table("seats");
    watch.rises(&before, ("postgresql.table.vacuum.count", &table), exactly(1.0)).await;

    ground.run("INSERT INTO seats SELECT n, repeat('x', 500) FROM generate_series(20001, 30000) n").await;
    let written = 10_000.0 * 500.0;
    watch.rises(&before, ("postgresql.table.size", &table), at_least(written)).await;
    watch.rises(&before, ("postgresql.db_size", &names.database()), at_least(written)).await;
    let index = names.table_and("seats", ("postgresql.index.name", "seats_pkey"));
    watch.rises(&before, ("postgresql.index.size", &index), at_least(10_000.0 * 8.0)).await;
    let size = ground.number("SELECT pg_relation_size('seats')::float8").await;
    watch.is("postgresql.table.size", &table, size).await;
    let size = ground.number("SELECT pg_relation_size('seats_pkey')::float8").await;
    watch.is("postgresql.index.size", &index, size).await;
    let size = ground.number("SELECT pg_database_size(current_database())::float8").await;
    // Others write to the catalogs that it has a copy of.
    watch.until("postgresql.db_size", &names.database(), |value| (value / size - 1.0).abs() < 0.05).await;
}

/// Comes in three times more, and has one of them wait in a transaction. Who asks is there, and at work.
async fn of_connections(watch: &Watch, ground: &Ground) {
    let names = Names::of(ground);
    let [database] = names.database();
    watch.is("postgresql.backends", &[database], 2.0).await;
    let mut guests = [ground.connect().await, ground.connect().await, ground.connect().await];
    watch.is("postgresql.backends", &[database], 5.0).await;
    let by_state = "postgresql.backends.by_state";
    watch.is(by_state, &[database, ("state", "idle")], 4.0).await;
    ground::run(&mut guests[0], "BEGIN".to_owned()).await;
    watch.is(by_state, &[database, ("state", "idle in transaction")], 1.0).await;
    watch.is(by_state, &[database, ("state", "idle")], 3.0).await;
    let sleeps = sqlx::raw_sql("SELECT pg_sleep(60)").execute(&mut guests[1]);
    let active = [database, ("state", "active")];
    watch.is(by_state, &active, 1.0).await;
    let is_seen = watch.is(by_state, &active, 2.0);
    tokio::select! {
        _ = sleeps => panic!("nobody saw it sleep"),
        () = is_seen => (),
    }
}

/// Two hold a table, one of them alone may write to it.
async fn of_locks(watch: &Watch, ground: &Ground) {
    let name = "postgresql.database.locks";
    let database = ("db.namespace", ground.name.as_str());
    let of = |mode| [database, ("relation", "seats"), ("mode", mode), ("lock_type", "relation")];
    let before = watch.now().await;
    let held = |before: &Scrape, mode| before.value(name, &of(mode));
    assert_eq!((held(&before, "AccessShareLock"), held(&before, "ShareRowExclusiveLock")), (None, None));
    let (mut first, mut second) = (ground.connect().await, ground.connect().await);
    ground::run(&mut first, "BEGIN; LOCK TABLE seats IN SHARE ROW EXCLUSIVE MODE".to_owned()).await;
    for db in [&mut first, &mut second] {
        ground::run(db, "BEGIN; LOCK TABLE seats IN ACCESS SHARE MODE".to_owned()).await;
    }
    watch.is(name, &of("AccessShareLock"), 2.0).await;
    watch.is(name, &of("ShareRowExclusiveLock"), 1.0).await;
    // A transaction holds itself, and is of no database.
    let itself = [("relation", ""), ("mode", "ExclusiveLock"), ("lock_type", "virtualxid")];
    watch.until(name, &itself, |count| count >= 2.0).await;
    ground::run(&mut first, "ROLLBACK".to_owned()).await;
    watch.is(name, &of("AccessShareLock"), 1.0).await;
    assert_eq!(held(&watch.now().await, "ShareRowExclusiveLock"), None);
}

/// Orders that what was written be brought to the disk.
async fn of_checkpoints(watch: &Watch, ground: &mut Ground) {
    let before = watch.now().await;
    ground.run("UPDATE seats SET name = 'z'").await;
    ground.run("CHECKPOINT").await;
    ground.run("CHECKPOINT").await;
    let requested = [("type", "requested")];
    watch.rises(&before, ("postgresql.bgwriter.checkpoint.count", &requested), exactly(2.0)).await;
    let written = [("source", "checkpoints")];
    watch.rises(&before, ("postgresql.bgwriter.buffers.writes", &written), at_least(100.0)).await;
}
