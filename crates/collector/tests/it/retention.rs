//! The store stays within its caps, and what it holds outlives a restart.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use collector::Collector;
use prost::Message as _;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::{
    harness::{self, PROTOBUF, World},
    story::{self, CREATED},
};

const AT: u64 = 1_777_660_200_000_000_000;
const MAX_BYTES: u64 = 8 << 20;

/// Bytes of the file and of the write-ahead log beside it.
fn on_disk(folder: &Path) -> u64 {
    let bytes = |name: &str| std::fs::metadata(folder.join(name)).map_or(0, |metadata| metadata.len());
    bytes("telemetry.db") + bytes("telemetry.db-wal")
}

/// Sends spans that take so many bytes each, and waits until they are stored.
async fn fill(world: &World, batch: u64, spans: u64, bytes: usize) {
    let filler = "x".repeat(bytes);
    let spans = (0..spans).map(|nth| {
        let made = story::span(story::API, CREATED, 1, 0, "GET /").at(AT, batch, batch + 1);
        let mut made = made.with("filler", &filler);
        made.set_id(batch * 1_000 + nth + 1);
        made
    });
    // Most of it is the same.
    let body = harness::gzip(&story::export(spans).encode_to_vec());
    let headers = [("content-type", PROTOBUF), ("content-encoding", "gzip")];
    assert_eq!(world.post("traces", &headers, body).await.status, 200);
    world.collector.flush().await;
}

/// A collector over a file that is there already.
async fn reopen(folder: TempDir, max_bytes: u64) -> World {
    let mut config = harness::config(&folder).await;
    config.max_bytes = max_bytes;
    let stop = CancellationToken::new();
    let collector = Collector::start(config, stop.clone()).await.unwrap();
    World { collector, stop, folder }
}

/// Ends a collector in order, and keeps what it stored.
async fn end(world: World) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (world.folder.path().join("telemetry.db"), folder.path().join("telemetry.db"));
    world.stop.cancel();
    world.collector.wait().await;
    let left = world.folder.path().join("telemetry.db-wal");
    assert_eq!(std::fs::metadata(left).map_or(0, |log| log.len()), 0, "all of it is in the file");
    std::fs::copy(from, to).unwrap();
    folder
}

async fn connect(folder: &Path) -> SqliteConnection {
    let path = format!("sqlite://{}", folder.join("telemetry.db").display());
    SqliteConnection::connect(&path).await.unwrap()
}

#[tokio::test]
async fn the_oldest_go_when_the_cap_on_bytes_is_reached() {
    let world = World::with(|config| config.max_bytes = MAX_BYTES).await;
    for batch in 0..80 {
        fill(&world, batch, 50, 2_000).await;
        let bytes = on_disk(world.folder.path());
        assert!(bytes <= MAX_BYTES, "{bytes} bytes after batch {batch}");
        assert_eq!(world.collector.health().store_bytes, bytes);
    }
    let counts = world.collector.health().signals[0];
    assert_eq!(counts.stored, 4_000);
    assert!(counts.expired > 0);
    let held =
        world.read(&format!("traces/{}", hex::encode(CREATED))).await["spans"].as_array().unwrap().len()
            as u64;
    assert_eq!(held, counts.stored - counts.expired);
    assert!(world.collector.health().slices > 1);
}

#[tokio::test]
async fn one_batch_larger_than_the_cap_gives_its_room_back() {
    let world = World::with(|config| config.max_bytes = MAX_BYTES).await;
    for batch in 0..3 {
        fill(&world, batch, 150, 80_000).await;
        let bytes = on_disk(world.folder.path());
        assert!(bytes <= MAX_BYTES, "{bytes} bytes after batch {batch}");
    }
    let counts = world.collector.health().signals[0];
    assert_eq!((counts.stored, counts.expired), (450, 450));
    fill(&world, 4, 1, 10).await;
    assert_eq!(world.read("traces").await.as_array().unwrap().len(), 1, "it goes on");
}

#[tokio::test]
async fn who_still_reads_holds_the_room_until_they_are_done() {
    let world = World::with(|config| config.max_bytes = MAX_BYTES).await;
    fill(&world, 0, 50, 2_000).await;
    let mut other = connect(world.folder.path()).await;
    let mut looks = other.begin().await.unwrap();
    let seen: i64 = sqlx::query_scalar("SELECT count(*) FROM spans").fetch_one(&mut *looks).await.unwrap();
    assert_eq!(seen, 50);
    let began = Instant::now();
    fill(&world, 1, 150, 80_000).await;
    assert!(began.elapsed() < Duration::from_secs(20), "nobody waits for who reads: {:?}", began.elapsed());
    assert!(on_disk(world.folder.path()) > MAX_BYTES, "what is read is there");
    drop(looks);
    other.close().await.unwrap();
    fill(&world, 2, 1, 10).await;
    assert!(on_disk(world.folder.path()) <= MAX_BYTES, "{}", on_disk(world.folder.path()));
}

#[tokio::test]
async fn a_cap_that_was_lowered_holds_for_what_was_there_before() {
    let world = World::with(|config| config.max_bytes = 5 * MAX_BYTES).await;
    for batch in 0..12 {
        fill(&world, batch, 50, 40_000).await;
    }
    assert!(on_disk(world.folder.path()) > 2 * MAX_BYTES);
    let world = reopen(end(world).await, MAX_BYTES).await;
    fill(&world, 100, 1, 10).await;
    assert!(on_disk(world.folder.path()) <= MAX_BYTES, "{}", on_disk(world.folder.path()));
    assert!(world.collector.health().signals[0].expired > 0);
}

#[tokio::test]
async fn a_file_that_could_give_nothing_back_learns_it() {
    let world = World::with(|config| config.max_bytes = 5 * MAX_BYTES).await;
    for batch in 0..12 {
        fill(&world, batch, 50, 40_000).await;
    }
    let folder = end(world).await;
    // As the first versions made it.
    let mut db = connect(folder.path()).await;
    sqlx::raw_sql("PRAGMA auto_vacuum = NONE; VACUUM").execute(&mut db).await.unwrap();
    db.close().await.unwrap();
    let world = reopen(folder, MAX_BYTES).await;
    fill(&world, 100, 1, 10).await;
    assert!(on_disk(world.folder.path()) <= MAX_BYTES, "{}", on_disk(world.folder.path()));
    let mut db = connect(world.folder.path()).await;
    let mode: i64 = sqlx::query_scalar("PRAGMA auto_vacuum").fetch_one(&mut db).await.unwrap();
    assert_eq!(mode, 2, "incremental");
    let is_whole: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut db).await.unwrap();
    assert_eq!(is_whole, "ok");
}

#[tokio::test]
async fn what_is_stored_outlives_the_collector() {
    let world = World::start().await;
    world.send("traces", &story::export(story::created(AT))).await;
    let world = reopen(end(world).await, MAX_BYTES).await;
    let trace = world.read(&format!("traces/{}", hex::encode(CREATED))).await;
    assert_eq!(trace["spans"].as_array().unwrap().len(), 9);
    world
        .send("logs", &story::log_export(story::API, vec![story::record(AT, 9, "again", (CREATED, 1))]))
        .await;
    assert_eq!(world.read("logs").await.as_array().unwrap().len(), 1);
    world.stop().await;
}

/// What the first version of the tables lacked, and what it had instead.
const AS_THE_FIRST: &str = "
DROP VIEW red; DROP VIEW calls; DROP VIEW games; DROP VIEW points;
DROP TABLE red_1; DROP TABLE calls_1; DROP TABLE games_1;
ALTER TABLE points_1 DROP COLUMN exemplars;
CREATE VIEW points AS SELECT * FROM points_1;
DROP INDEX spans_1_slow;
CREATE INDEX spans_1_name ON spans_1 (name, start_ns);
CREATE INDEX spans_1_duration ON spans_1 (duration_ns);
CREATE INDEX spans_1_entry ON spans_1 (start_ns, service, duration_ns, error, entry) WHERE entry;
PRAGMA user_version = 1;
";

#[tokio::test]
async fn a_store_of_the_first_version_goes_on() {
    let world = World::start().await;
    world.send("traces", &story::export(story::created(AT))).await;
    let folder = end(world).await;
    let mut db = connect(folder.path()).await;
    sqlx::raw_sql(AS_THE_FIRST).execute(&mut db).await.unwrap();
    db.close().await.unwrap();

    let world = reopen(folder, MAX_BYTES).await;
    assert_eq!(world.read("games").await[0]["game"], story::GAME);
    world.send("traces", &story::export(story::started([0x99; 16], AT))).await;
    assert_eq!(world.read(&format!("games/{}", story::GAME)).await["chapters"].as_array().unwrap().len(), 2);
    world.stop().await;
}
