//! Row-level security: what a guild's wall holds when a statement forgets to ask for the guild, with the role that
//! services work as.

use crate::database::Database;
use crate::sample::{LANTERN, ORCHARD};
use crate::tour;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// Each table with its column that says whose a row is.
const WALLED: [(&str, &str); 10] = [
    ("cards", "guild"),
    ("channels", "guild"),
    ("deliveries", "guild"),
    ("games", "guild"),
    ("guilds", "id"),
    ("members", "guild"),
    ("outbox", "guild"),
    ("participants", "guild"),
    ("schedule", "guild"),
    ("templates", "guild"),
];

/// A database with something of a guild in every table, and a connection that works as services do.
async fn furnished() -> Option<(Database, PgConnection)> {
    let db = Database::on_a_server().await?.signed_in_as_service().await;
    tour::fill(&db).await;
    let service = PgConnection::connect(&db.url(|to| to.username("muster_test_service"))).await.unwrap();
    Some((db, service))
}

/// Says something in a transaction of its own with these settings; gives the number that comes back.
async fn count(
    service: &mut PgConnection,
    settings: &[(&str, &str)],
    sql: String,
) -> Result<i64, sqlx::Error> {
    let mut tx = service.begin().await?;
    for (name, value) in settings {
        sqlx::query("SELECT set_config($1, $2, true)").bind(name).bind(value).execute(&mut *tx).await?;
    }
    let rows: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *tx).await?;
    tx.commit().await?;
    Ok(rows)
}

/// The tables of which a connection sees any row.
async fn seen(service: &mut PgConnection, settings: &[(&str, &str)]) -> Vec<&'static str> {
    let mut seen = Vec::new();
    for (table, _) in WALLED {
        if count(service, settings, format!("SELECT COUNT(*) FROM {table}")).await.unwrap() > 0 {
            seen.push(table);
        }
    }
    seen
}

#[tokio::test]
async fn every_table_with_rows_of_a_guild_has_a_wall_that_holds_its_owner_too() {
    let Some(db) = Database::on_a_server().await else { return };
    let of_guilds = "SELECT table_name::text FROM information_schema.columns WHERE table_schema = 'public' \
         AND (column_name = 'guild' OR table_name = 'guilds') GROUP BY table_name ORDER BY table_name";
    let walled =
        "SELECT relname::text FROM pg_class WHERE relrowsecurity AND relforcerowsecurity ORDER BY relname";
    let expected = WALLED.map(|(table, _)| table);
    assert_eq!(db.raw.column(of_guilds).await, expected);
    assert_eq!(db.raw.column(walled).await, expected);
    db.tell(async |_| ()).await;
}

#[tokio::test]
async fn services_work_as_a_role_that_no_wall_lets_through() {
    let Some((db, mut service)) = furnished().await else { return };
    let held = "SELECT COUNT(*) FROM pg_roles WHERE rolname = 'muster_app' AND NOT rolsuper AND NOT rolbypassrls \
         AND NOT rolcanlogin AND NOT EXISTS (SELECT 1 FROM pg_tables WHERE tableowner = 'muster_app')";
    assert_eq!(count(&mut service, &[], held.to_owned()).await.unwrap(), 1);
    for order in [
        "ALTER TABLE games DISABLE ROW LEVEL SECURITY",
        "DROP POLICY of_guild ON games",
        "SET row_security = off; SELECT 1 FROM games",
    ] {
        let error = sqlx::raw_sql(order).execute(&mut service).await.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().code().unwrap(), "42501", "{order}: {error}");
    }
    db.tell(async |_| ()).await;
}

#[tokio::test]
async fn without_a_guild_or_with_another_one_nothing_is_seen() {
    let Some((db, mut service)) = furnished().await else { return };
    let (ours, theirs) = (LANTERN.to_string(), ORCHARD.to_string());
    assert_eq!(seen(&mut service, &[]).await, [""; 0]);
    assert_eq!(seen(&mut service, &[("app.guild", &theirs)]).await, [""; 0]);
    assert_eq!(seen(&mut service, &[("app.guild", &ours)]).await, WALLED.map(|(table, _)| table));
    assert_eq!(seen(&mut service, &[]).await, [""; 0], "a setting ends with its transaction");
    assert_eq!(
        seen(&mut service, &[("app.work", "on")]).await,
        ["cards", "deliveries", "games", "guilds", "outbox", "schedule"],
        "who claims sees what there is to do"
    );
    assert_eq!(seen(&mut service, &[("app.person", "1")]).await, ["members"], "and who asks, themselves");
    assert_eq!(seen(&mut service, &[("app.person", "77")]).await, [""; 0]);
    db.tell(async |_| ()).await;
}

#[tokio::test]
async fn with_another_guild_nothing_is_changed_or_put_there() {
    let Some((db, mut service)) = furnished().await else { return };
    let theirs = ORCHARD.to_string();
    let before = db.dump().await;
    for (table, column) in WALLED {
        for (what, settings) in [("nobody", &[][..]), ("another", &[("app.guild", theirs.as_str())][..])] {
            for change in [format!("UPDATE {table} SET {column} = {column}"), format!("DELETE FROM {table}")]
            {
                let counted = format!("WITH done AS ({change} RETURNING 1) SELECT COUNT(*) FROM done");
                assert_eq!(count(&mut service, settings, counted).await.unwrap(), 0, "{what}: {change}");
            }
        }
        // A row of the Lantern's, given by whoever may see only the Orchard's.
        let row = &db.raw.column(format!("SELECT to_jsonb(t)::text FROM {table} t LIMIT 1")).await[0];
        let forged = format!(
            "WITH done AS (INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, '{}') RETURNING 1) \
             SELECT COUNT(*) FROM done",
            row.replace('\'', "''")
        );
        let error = count(&mut service, &[("app.guild", &theirs)], forged).await.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().code().unwrap(), "42501", "{table}: {error}");
    }
    assert_eq!(db.dump().await, before);
    db.tell(async |_| ()).await;
}

/// Work may look at which guilds and games there are, and not at anything else, nor change them.
#[tokio::test]
async fn work_changes_neither_guilds_nor_games() {
    let Some((db, mut service)) = furnished().await else { return };
    for table in ["guilds", "games"] {
        let change = format!("WITH done AS (DELETE FROM {table} RETURNING 1) SELECT COUNT(*) FROM done");
        assert_eq!(count(&mut service, &[("app.work", "on")], change).await.unwrap(), 0);
    }
    db.tell(async |_| ()).await;
}

/// An owner that is no superuser, on a server where nobody may make the role for services.
#[tokio::test]
async fn the_owner_of_the_tables_is_held_too() {
    let Some((db, service)) = furnished().await else { return };
    service.close().await.unwrap();
    let own = "DO $$ DECLARE t text; BEGIN BEGIN CREATE ROLE muster_test_owner LOGIN; \
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END; \
         FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP \
         EXECUTE format('ALTER TABLE %I OWNER TO muster_test_owner', t); END LOOP; END $$";
    db.raw.execute(own).await.unwrap();
    let mut owner = PgConnection::connect(&db.url(|to| to.username("muster_test_owner"))).await.unwrap();
    assert_eq!(seen(&mut owner, &[]).await, [""; 0]);
    owner.close().await.unwrap();
    db.tell(async |_| ()).await;
}

/// Every function of the store, by whoever has only the role of services.
#[tokio::test]
async fn a_service_needs_no_more_than_its_role() {
    let Some(db) = Database::on_a_server().await else { return };
    let db = db.signed_in_as_service().await;
    let game = tour::fill(&db).await;
    tour::around(&db, &game).await;
    assert_eq!(db.store.migration_state().await.unwrap().pending(), 0);
    db.tell(async |_| ()).await;
}
