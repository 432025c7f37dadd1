//! From an embedded database to a server, without losing anything.

use crate::database::{Database, Raw};
use crate::dump;
use crate::sample::{LANTERN, ORCHARD, scope};
use crate::tour;
use store::{Progress, Store, TransferError, Transferred, games, transfer};

async fn moved(from: &Store, to: &Store) -> Result<Transferred, TransferError> {
    transfer(from, to, |_| ()).await
}

async fn both() -> Option<(Database, Database)> {
    Some((Database::in_a_file().await, Database::on_a_server().await?))
}

async fn end(databases: [Database; 2]) {
    for db in databases {
        db.tell(async |_| ()).await;
    }
}

/// Every value of a table as text that is the same on both databases, in an order that is.
async fn values(db: &Database, table: &str) -> Vec<String> {
    let columns = db.raw.column(described(&db.raw, table)).await;
    let mut rows = Vec::new();
    let list: Vec<_> = columns.iter().map(|column| as_text(&db.raw, column)).collect();
    let select = format!("SELECT {} FROM {table}", list.join(" || '|' || "));
    rows.extend(db.raw.column(select).await);
    rows.sort();
    rows
}

/// A table's columns with their types, by name.
fn described(raw: &Raw, table: &str) -> String {
    match raw {
        Raw::Lite(_) => format!("SELECT name || ' ' || type FROM pragma_table_info('{table}') ORDER BY name"),
        Raw::Pg(_) => format!(
            "SELECT column_name || ' ' || data_type FROM information_schema.columns \
             WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY column_name COLLATE \"C\""
        ),
    }
}

fn as_text(raw: &Raw, column: &str) -> String {
    let (name, kind) = column.split_once(' ').unwrap();
    let text = match (raw, kind) {
        (Raw::Lite(_), "BLOB") => format!("lower(hex(\"{name}\"))"),
        (Raw::Pg(_), "uuid") => format!("replace(\"{name}\"::text, '-', '')"),
        (Raw::Pg(_), "bytea") => format!("encode(\"{name}\", 'hex')"),
        (Raw::Pg(_), "boolean") => format!("\"{name}\"::int::text"),
        (Raw::Pg(_), "timestamp with time zone") => {
            format!("(extract(epoch FROM \"{name}\") * 1000000)::bigint::text")
        }
        // Without what JSON does not mind.
        (Raw::Pg(_), "jsonb") => format!("length(replace(\"{name}\"::text, ' ', ''))::text"),
        (Raw::Lite(_), _) if ["roles", "manager_roles", "terms"].contains(&name) => {
            format!("CAST(length(replace(\"{name}\", ' ', '')) AS text)")
        }
        _ => format!("CAST(\"{name}\" AS text)"),
    };
    format!("COALESCE({text}, 'NULL')")
}

async fn expect_same(from: &Database, to: &Database) {
    let tables = dump::tables(&from.raw).await;
    assert_eq!(dump::tables(&to.raw).await, tables);
    for table in tables {
        assert_eq!(values(from, &table).await, values(to, &table).await, "{table}");
    }
}

#[tokio::test]
async fn everything_arrives_and_the_server_works_on_with_it() {
    let Some((from, to)) = both().await else { return };
    let game = tour::fill(&from).await;
    odd_values(&from).await;
    assert_eq!(from.dump().await.empty_tables(), [""; 0], "something is in every table");
    let before = from.dump().await;

    let mut told = Vec::new();
    let transferred = transfer(&from.store, &to.store, |progress| told.push(progress)).await.unwrap();
    let names: Vec<_> = transferred.tables.iter().map(|(table, _)| *table).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, dump::tables(&to.raw).await, "no table is left behind");
    assert!(transferred.rows() >= names.len() as u64);
    let last = Progress { table: "guilds", written: 1, rows: 1 };
    assert!(told.contains(&last), "{told:?}");
    assert_eq!(from.dump().await, before, "the source is not changed");
    expect_same(&from, &to).await;
    let forced = "SELECT relname::text FROM pg_class WHERE relrowsecurity AND NOT relforcerowsecurity";
    assert_eq!(to.raw.column(forced).await, [""; 0], "and the walls stand");

    let found = to.read(async |tx| games::find(tx, scope(LANTERN), game.id).await.unwrap()).await.unwrap();
    assert_eq!(found.terms, game.terms);
    end([from, to]).await;
}

/// Values at the edges of what a column can hold.
async fn odd_values(db: &Database) {
    let Raw::Lite(_) = &db.raw else { unreachable!("the source is a file") };
    let edges = "UPDATE users SET name = 'Zoë 🐉 \"quoted\" ''single'' \\ back' || char(10) || 'line', \
         created_at = -62135596800000000; \
         UPDATE games SET start_at = 253402207199999999, title = '', version = 9007199254740993, \
         description = '' || char(8238) || 'x'; \
         INSERT INTO users (id, name, dms, created_at) VALUES (-9223372036854775808, 'least', 'open', 1), \
         (9223372036854775807, 'greatest', 'closed', 999999)";
    db.raw.execute(edges).await.unwrap();
}

#[tokio::test]
async fn a_database_of_many_rows_arrives_in_batches() {
    let Some((from, to)) = both().await else { return };
    tour::fill(&from).await;
    from.raw.execute(include_str!("crowd_in_a_file.sql")).await.unwrap();
    let mut batches = 0;
    let transferred = transfer(&from.store, &to.store, |_| batches += 1).await.unwrap();
    assert!(transferred.rows() > 9000 && batches > 9, "{batches} batches of {} rows", transferred.rows());
    expect_same(&from, &to).await;
    end([from, to]).await;
}

#[tokio::test]
async fn a_target_with_rows_is_refused_and_left_alone() {
    let Some((from, to)) = both().await else { return };
    tour::fill(&from).await;
    to.with_games(ORCHARD, [1]).await;
    let before = to.dump().await;
    let error = moved(&from.store, &to.store).await.unwrap_err();
    assert_eq!(error.to_string(), "the PostgreSQL database isn't empty: there are rows in guilds");
    assert_eq!(to.dump().await, before);
    end([from, to]).await;
}

#[tokio::test]
async fn what_fails_halfway_leaves_nothing_behind() {
    let Some((from, to)) = both().await else { return };
    tour::fill(&from).await;
    // PostgreSQL's text has no such character.
    from.raw.execute("UPDATE outbox SET origin = 'api' || char(0) || 'service'").await.unwrap();
    let empty = to.dump().await;
    let error = moved(&from.store, &to.store).await.unwrap_err();
    assert!(error.to_string().starts_with("a row of outbox can't be moved: "), "{error}");
    assert_eq!(to.dump().await, empty);
    from.raw.execute("UPDATE outbox SET origin = 'api-service'").await.unwrap();
    moved(&from.store, &to.store).await.unwrap();
    expect_same(&from, &to).await;
    end([from, to]).await;
}

/// Rows that fail while they are analyzed, always or only when that may not take its time.
async fn fails_to_be_analyzed(to: &Database, when: &str) {
    let watch = format!(
        "CREATE FUNCTION watched(name text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN \
         IF current_query() LIKE '%ANALYZE%' AND {when} THEN RAISE 'not now'; END IF; RETURN name; END $$; \
         CREATE INDEX watched ON guilds (watched(name))"
    );
    to.raw.execute(&watch).await.unwrap();
}

#[tokio::test]
async fn what_is_moved_is_analyzed_and_stays_moved_when_it_cannot_be() {
    let analyzed = "SELECT relname::text FROM pg_class WHERE relname = 'guilds' AND reltuples > 0";
    for (when, expected) in
        [("true", &[][..]), ("current_setting('statement_timeout') <> '0'", &["guilds"][..])]
    {
        let Some((from, to)) = both().await else { return };
        tour::fill(&from).await;
        fails_to_be_analyzed(&to, when).await;
        moved(&from.store, &to.store).await.unwrap();
        expect_same(&from, &to).await;
        assert_eq!(to.raw.column(analyzed).await, expected, "{when}");
        end([from, to]).await;
    }
}

#[tokio::test]
async fn no_column_is_left_behind() {
    let Some((from, to)) = both().await else { return };
    let refused = async || moved(&from.store, &to.store).await.unwrap_err().to_string();
    from.raw.execute("ALTER TABLE games ADD COLUMN mood TEXT").await.unwrap();
    insta::assert_snapshot!(refused().await, @"the embedded database has a column that the PostgreSQL database lacks: games.mood");
    to.raw.execute("ALTER TABLE games ADD COLUMN mood TEXT").await.unwrap();
    to.raw.execute("ALTER TABLE shards ADD COLUMN mood TEXT").await.unwrap();
    insta::assert_snapshot!(refused().await, @"the PostgreSQL database has a column that the embedded database lacks: shards.mood");
    to.raw.execute("ALTER TABLE shards DROP COLUMN mood").await.unwrap();
    moved(&from.store, &to.store).await.unwrap();
    end([from, to]).await;
}

#[tokio::test]
async fn a_transfer_goes_one_way_between_complete_schemas() {
    let Some((from, to)) = both().await else { return };
    let refused = async |from: &Store, to: &Store| moved(from, to).await.unwrap_err().to_string();
    let direction = "a transfer goes from an embedded database to a PostgreSQL server";
    assert_eq!(refused(&to.store, &from.store).await, direction);
    assert_eq!(refused(&from.store, &from.store).await, direction);

    from.raw.execute("CREATE TABLE moods (id INTEGER PRIMARY KEY) STRICT").await.unwrap();
    let unknown = "the embedded database has a table that this version doesn't know: moods";
    assert_eq!(refused(&from.store, &to.store).await, unknown);
    from.raw.execute("DROP TABLE moods").await.unwrap();

    let to = to.signed_in_as_service().await;
    let owner =
        "only the owner of the PostgreSQL database's tables can fill them: sign in as whoever migrates it";
    assert_eq!(refused(&from.store, &to.store).await, owner);
    to.raw.execute("DELETE FROM _sqlx_migrations WHERE version = 4").await.unwrap();
    let pending = "1 migrations of the PostgreSQL database are pending; run muster migrate on it first";
    assert_eq!(refused(&from.store, &to.store).await, pending);
    end([from, to]).await;
}
