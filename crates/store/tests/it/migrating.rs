//! A migration while others work: nobody waits for it longer than it may hold them up.

use crate::database::Database;
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use store::{MigrationState, Store, StoreConfig};
use telemetry::{Secret, ServiceName, Telemetry};

/// A migration lets others through after it has waited half a second; a busy machine may take its time.
const HELD_UP_AT_MOST: Duration = Duration::from_secs(4);

/// A database as the first version left it.
async fn of_the_first_version() -> Option<(Database, String)> {
    let db = Database::on_a_server().await?;
    let url = db.url(|to| to);
    db.raw.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await.unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres");
    let all = Migrator::new(folder).await.unwrap();
    let first = Migrator::with_migrations(all.iter().take(1).cloned().collect());
    let mut connection = PgConnection::connect(&url).await.unwrap();
    first.run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    Some((db, url))
}

async fn open(url: &str) -> Store {
    let config = StoreConfig::Postgres(Secret::new(url.to_owned()));
    Store::open(&config, &Telemetry::off(ServiceName::Api)).await.unwrap()
}

/// Writes, one transaction after the other, each of which keeps its tables for a while; gives the longest.
async fn write_until(url: String, ended: Arc<AtomicBool>, number: u32) -> (u32, Duration) {
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let (mut written, mut longest) = (0, Duration::ZERO);
    while !ended.load(Ordering::Relaxed) || written < 5 {
        let began = Instant::now();
        let mut tx = connection.begin().await.unwrap();
        written += 1;
        let orders = [
            format!(
                "INSERT INTO outbox (id, origin, guild, sequence, type, payload, created_at) VALUES \
                 (gen_random_uuid(), 'api-service', {number}, 1, 'game.created', '{{}}', now())"
            ),
            format!(
                "INSERT INTO guilds VALUES ({}, 'g', 1, 'UTC', '[]', '[]', NULL, now())",
                number * 100_000 + written
            ),
            "SELECT pg_sleep(0.15)".to_owned(),
        ];
        for order in orders {
            sqlx::raw_sql(AssertSqlSafe(order)).execute(&mut *tx).await.unwrap();
        }
        tx.commit().await.unwrap();
        longest = longest.max(began.elapsed());
    }
    connection.close().await.unwrap();
    (written, longest)
}

#[tokio::test]
async fn a_migration_holds_nobody_up_who_writes_meanwhile() {
    let Some((db, url)) = of_the_first_version().await else { return };
    let store = open(&url).await;
    let ended = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (1..=4)
        .map(|number| telemetry::spawn(write_until(url.clone(), Arc::clone(&ended), number)))
        .collect();
    let began = Instant::now();
    store.migrate().await.unwrap();
    let took = began.elapsed();
    ended.store(true, Ordering::Relaxed);
    let mut all = 0;
    for writer in writers {
        let (written, longest) = writer.await.unwrap();
        all += written;
        println!("a writer's longest transaction took {longest:?} of {written}");
        assert!(longest < HELD_UP_AT_MOST, "{longest:?}");
    }
    println!("migrated in {took:?} beside {all} transactions");
    let rows = db.raw.column("SELECT CAST(COUNT(*) AS text) FROM outbox").await;
    assert_eq!(rows, [all.to_string()], "nothing that was written is lost");
    assert_eq!(store.migration_state().await.unwrap().pending(), 0);
    store.close().await;
    db.tell(async |_| ()).await;
}

/// Somebody who keeps a table for long makes the migration wait, and nobody else.
#[tokio::test]
async fn who_waits_behind_a_migration_is_let_through() {
    let Some((db, url)) = of_the_first_version().await else { return };
    let store = open(&url).await;
    let mut reader = PgConnection::connect(&url).await.unwrap();
    let mut reading = reader.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM outbox").fetch_optional(&mut *reading).await.unwrap();
    let waits = "SELECT CAST(COUNT(*) AS text) FROM pg_stat_activity WHERE datname = current_database() \
         AND wait_event_type = 'Lock' AND (query LIKE '%ALTER TABLE%')";
    let let_through = async {
        while db.raw.column(waits).await != ["1"] {
            tokio::task::yield_now().await;
        }
        let began = Instant::now();
        db.raw.column("SELECT type FROM outbox").await;
        println!("let through after {:?}", began.elapsed());
        assert!(began.elapsed() < HELD_UP_AT_MOST);
        assert!(store.migration_state().await.unwrap().pending() > 0, "the reader is in the way still");
        reading.rollback().await.unwrap();
    };
    let (migrated, ()) = tokio::join!(store.migrate(), let_through);
    migrated.unwrap();
    reader.close().await.unwrap();
    let state = store.migration_state().await.unwrap();
    assert_eq!(state.pending(), 0);
    store.close().await;
    db.tell(async |_| ()).await;
}

/// As two services that start at once do.
#[tokio::test]
async fn processes_that_migrate_at_once_take_turns() {
    let Some((db, url)) = of_the_first_version().await else { return };
    let migrate = async || {
        let store = open(&url).await;
        store.migrate().await.unwrap();
        let MigrationState { known, applied } = store.migration_state().await.unwrap();
        store.close().await;
        assert_eq!(known, applied);
    };
    tokio::join!(migrate(), migrate(), migrate(), migrate());
    db.tell(async |_| ()).await;
}
