//! The store stays within its caps, and what it holds outlives a restart.

use sqlx::{Connection as _, SqliteConnection};
use tokio_util::sync::CancellationToken;

use crate::{
    harness::{self, World},
    story::{self, CREATED},
};

const AT: u64 = 1_777_660_200_000_000_000;
const MAX_BYTES: u64 = 8 << 20;

#[tokio::test]
async fn the_oldest_go_when_the_cap_on_bytes_is_reached() {
    let world = World::with(|config| config.max_bytes = MAX_BYTES).await;
    let filler = "x".repeat(2_000);
    for batch in 0..80_u64 {
        let spans = (0..50_u64).map(|nth| {
            let mut made = story::span(story::API, CREATED, 1, 0, "GET /")
                .at(AT, batch, batch + 1)
                .with("filler", &filler);
            made.set_id(batch * 1_000 + nth + 1);
            made
        });
        assert_eq!(world.send("traces", &story::export(spans)).await.status, 200);
        world.collector.flush().await;
        let bytes = std::fs::metadata(world.folder.path().join("telemetry.db")).unwrap().len();
        assert!(bytes <= MAX_BYTES, "{bytes} bytes after batch {batch}");
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
async fn what_is_stored_outlives_the_collector() {
    let world = World::start().await;
    world.send("traces", &story::export(story::created(AT))).await;
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (world.folder.path().join("telemetry.db"), folder.path().join("telemetry.db"));
    world.stop.cancel();
    world.collector.wait().await;
    std::fs::copy(from, to).unwrap();

    let config = harness::config(&folder).await;
    let stop = CancellationToken::new();
    let collector = collector::Collector::start(config, stop.clone()).await.unwrap();
    let world = World { collector, stop, folder };
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
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (world.folder.path().join("telemetry.db"), folder.path().join("telemetry.db"));
    world.stop.cancel();
    world.collector.wait().await;
    std::fs::copy(from, &to).unwrap();
    let mut db = SqliteConnection::connect(&format!("sqlite://{}", to.display())).await.unwrap();
    sqlx::raw_sql(AS_THE_FIRST).execute(&mut db).await.unwrap();
    db.close().await.unwrap();

    let stop = CancellationToken::new();
    let collector = collector::Collector::start(harness::config(&folder).await, stop.clone()).await.unwrap();
    let world = World { collector, stop, folder };
    assert_eq!(world.read("games").await[0]["game"], story::GAME);
    world.send("traces", &story::export(story::started([0x99; 16], AT))).await;
    assert_eq!(world.read(&format!("games/{}", story::GAME)).await["chapters"].as_array().unwrap().len(), 2);
    world.stop().await;
}
