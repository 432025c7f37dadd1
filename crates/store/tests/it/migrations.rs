//! The schema from its beginning on, and when it is ahead of the program.

use crate::database::{Database, Raw};
use crate::sample::{LANTERN, scope};
use crate::tour;
use store::{MigrationState, Store, StoreConfig};
use telemetry::{DbSystem, ServiceName, Telemetry};

stories! {
    what_is_applied_is_applied_once,
    a_database_without_a_schema_waits_for_every_migration,
    a_newer_schema_does_not_stop_the_previous_version,
    a_migration_that_was_changed_is_told,
}

/// Grows with each file in `migrations/`.
const MIGRATIONS: usize = 5;

async fn what_is_applied_is_applied_once(db: &Database) {
    let state = db.store.migration_state().await.unwrap();
    assert_eq!(state, MigrationState { known: MIGRATIONS, applied: MIGRATIONS });
    let game = tour::fill(db).await;
    let before = db.dump().await;
    db.store.migrate().await.unwrap();
    assert_eq!(db.dump().await, before);
    assert_eq!(db.store.migration_state().await.unwrap().pending(), 0);
    tour::around(db, &game).await;
}

async fn a_database_without_a_schema_waits_for_every_migration(db: &Database) {
    match &db.raw {
        Raw::Pg(_) => {
            db.raw.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await.unwrap();
            expect_pending(&db.store).await;
        }
        Raw::Lite(_) => {
            let folder = tempfile::tempdir().unwrap();
            let config = StoreConfig::Sqlite(folder.path().join("new.db"));
            let store = Store::open(&config, &Telemetry::off(ServiceName::Api)).await.unwrap();
            expect_pending(&store).await;
            store.close().await;
        }
    }
}

async fn expect_pending(store: &Store) {
    assert_eq!(store.migration_state().await.unwrap(), MigrationState { known: MIGRATIONS, applied: 0 });
    store.migrate().await.unwrap();
    assert_eq!(store.migration_state().await.unwrap().pending(), 0);
}

/// As the next version's first, expanding step would leave it.
async fn a_newer_schema_does_not_stop_the_previous_version(db: &Database) {
    let (checksum, success) =
        if db.system() == DbSystem::Sqlite { ("x'00'", "1") } else { ("'\\x00'", "true") };
    let newer = format!(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'of a newer version', {success}, {checksum}, 1); \
         ALTER TABLE games ADD COLUMN mood text; ALTER TABLE schedule ADD COLUMN tries bigint NOT NULL DEFAULT 0; \
         CREATE TABLE moods (id bigint PRIMARY KEY)"
    );
    // STRICT tables know fewer names of types.
    let newer = if db.system() == DbSystem::Sqlite { newer.replace("bigint", "INTEGER") } else { newer };
    db.raw.execute(newer).await.unwrap();

    let store = db.again().await;
    store.migrate().await.unwrap();
    assert_eq!(
        store.migration_state().await.unwrap(),
        MigrationState { known: MIGRATIONS, applied: MIGRATIONS }
    );
    store.close().await;
    let game = tour::fill(db).await;
    let found = db.read(async |tx| store::games::find(tx, scope(LANTERN), game.id).await.unwrap()).await;
    assert_eq!(found, Some(game.clone()));
    tour::around(db, &game).await;
}

async fn a_migration_that_was_changed_is_told(db: &Database) {
    db.raw.execute("UPDATE _sqlx_migrations SET description = 'renamed'").await.unwrap();
    db.store.migrate().await.unwrap();
    let other = if db.system() == DbSystem::Sqlite { "x'00'" } else { "'\\x00'" };
    db.raw.execute(format!("UPDATE _sqlx_migrations SET checksum = {other}")).await.unwrap();
    let error = db.store.migrate().await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap();
    assert!(
        cause.to_string().contains("migration 1 was previously applied but has been modified"),
        "{cause}"
    );
}
