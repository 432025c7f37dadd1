//! Both databases have the same tables, and what must hold does so in both.

use crate::database::{Database, Raw};
use crate::dump;
use crate::sample::{ADA, LANTERN, ORCHARD, guild, now, scope, template};
use domain::{Template, TemplateId};
use std::collections::BTreeMap;
use store::{guilds, templates};

stories! {
    a_guild_has_at_most_one_default_template,
    a_place_is_a_persons_or_a_placeholders,
    a_notice_goes_to_a_person_or_a_channel,
    states_are_words_that_we_know,
    what_is_referred_to_is_there,
    what_hangs_on_a_game_is_of_its_guild,
}

/// The kinds of column, by what either database calls them.
fn kind(name: &str) -> &'static str {
    match name {
        "INTEGER" | "bigint" | "timestamp with time zone" | "boolean" => "a number, an instant or a truth",
        "TEXT" | "text" | "jsonb" => "text or JSON",
        "BLOB" | "bytea" | "uuid" => "bytes",
        other => panic!("a type that no column has: {other}"),
    }
}

/// Each column as `kind, required, default`, by table and name.
async fn columns(raw: &Raw) -> BTreeMap<String, String> {
    let mut columns = BTreeMap::new();
    for table in dump::tables(raw).await {
        let described = match raw {
            Raw::Lite(_) => format!(
                "SELECT name || ';' || type || ';' || (\"notnull\" OR pk > 0) || ';' || COALESCE(dflt_value, '-') \
                 FROM pragma_table_info('{table}')"
            ),
            Raw::Pg(_) => format!(
                "SELECT column_name || ';' || data_type || ';' || CASE is_nullable WHEN 'NO' THEN 1 ELSE 0 END \
                 || ';' || COALESCE(column_default, '-') FROM information_schema.columns \
                 WHERE table_schema = 'public' AND table_name = '{table}'"
            ),
        };
        for column in raw.column(described).await {
            let [name, kind_name, rest @ ..] = &column.split(';').collect::<Vec<_>>()[..] else {
                panic!("{column}")
            };
            columns.insert(format!("{table}.{name}"), format!("{} {}", kind(kind_name), rest.join(" ")));
        }
    }
    columns
}

/// The indexes that a migration names, with the table each is on and whether it is unique.
async fn indexes(raw: &Raw) -> Vec<String> {
    let mut indexes = raw
        .column(match raw {
            Raw::Lite(_) => {
                "SELECT tbl_name || ' ' || name || CASE WHEN sql LIKE '%UNIQUE%' THEN ' unique' ELSE '' END \
                 || CASE WHEN sql LIKE '%WHERE%' THEN ' partial' ELSE '' END \
                 FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
            }
            Raw::Pg(_) => {
                "SELECT t.relname || ' ' || c.relname || CASE WHEN i.indisunique THEN ' unique' ELSE '' END \
                 || CASE WHEN i.indpred IS NOT NULL THEN ' partial' ELSE '' END \
                 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid \
                 JOIN pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname = 'public' \
                 AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)"
            }
        })
        .await;
    indexes.sort();
    indexes
}

/// The references, as `table(columns) → table(columns)`.
async fn references(raw: &Raw) -> Vec<String> {
    let mut references = raw
        .column(match raw {
            Raw::Lite(_) => {
                "SELECT m.name || '(' || group_concat(f.\"from\", ', ') || ') → ' || f.\"table\" || '(' \
                 || group_concat(f.\"to\", ', ') || ')' FROM sqlite_schema m, pragma_foreign_key_list(m.name) f \
                 WHERE m.type = 'table' GROUP BY m.name, f.id"
            }
            Raw::Pg(_) => {
                "SELECT replace(replace(k.conrelid::regclass || ' ' || pg_get_constraintdef(k.oid), \
                 ' FOREIGN KEY ', ''), ' REFERENCES ', ' → ') FROM pg_constraint k WHERE k.contype = 'f' \
                 AND k.connamespace = 'public'::regnamespace"
            }
        })
        .await;
    references.sort();
    references
}

#[tokio::test]
async fn both_databases_have_the_same_schema() {
    let lite = Database::in_a_file().await;
    if let Some(pg) = Database::on_a_server().await {
        assert_eq!(columns(&lite.raw).await, columns(&pg.raw).await);
        assert_eq!(indexes(&lite.raw).await, indexes(&pg.raw).await);
        assert_eq!(references(&lite.raw).await, references(&pg.raw).await);
        pg.tell(async |_| ()).await;
    }
    let references = references(&lite.raw).await.join("\n");
    insta::assert_snapshot!(references, @r"
    api_tokens(user_id) → users(id)
    cards(game, guild) → games(id, guild)
    channels(guild) → guilds(id)
    deliveries(game, guild) → games(id, guild)
    games(guild) → guilds(id)
    games(template, guild) → templates(id, guild)
    idempotent_answers(game) → games(id)
    participants(game, guild) → games(id, guild)
    schedule(game, guild) → games(id, guild)
    sessions(user_id) → users(id)
    templates(guild) → guilds(id)
    ");
    lite.tell(async |_| ()).await;
}

/// Tries something that a rule forbids.
async fn refused(db: &Database, sql: impl Into<String>) {
    let before = db.dump().await;
    let sql = sql.into();
    let error = db.raw.execute(sql.clone()).await.unwrap_err();
    let error = error.as_database_error().unwrap();
    let rule = error.is_unique_violation() || error.is_check_violation() || error.is_foreign_key_violation();
    assert!(rule, "{error}: {sql}");
    assert_eq!(db.dump().await, before);
}

async fn a_guild_has_at_most_one_default_template(db: &Database) {
    db.write(async |tx| {
        for guild_id in [LANTERN, ORCHARD] {
            guilds::upsert(tx, &guild(guild_id), now()).await.unwrap();
            templates::insert(tx, &template(guild_id)).await.unwrap();
        }
        let plain = |number| Template {
            id: TemplateId::new(crate::sample::id(number)),
            is_default: false,
            ..template(LANTERN)
        };
        for number in 1..=2 {
            templates::insert(tx, &plain(number)).await.unwrap();
        }
    })
    .await;
    let default = if let Raw::Lite(_) = db.raw { "1" } else { "true" };
    refused(db, format!("UPDATE templates SET is_default = {default} WHERE guild = {LANTERN}")).await;
    let defaults = db.read(async |tx| templates::default_of(tx, scope(ORCHARD)).await.unwrap()).await;
    assert_eq!(defaults, Some(template(ORCHARD)));
}

async fn with_a_place(db: &Database) {
    let game = db.with_game().await;
    let place = crate::sample::place(&game, ADA, 1);
    db.write(async |tx| store::participants::insert(tx, scope(LANTERN), game.id, &place).await.unwrap())
        .await;
}

async fn a_place_is_a_persons_or_a_placeholders(db: &Database) {
    with_a_place(db).await;
    refused(db, "UPDATE participants SET placeholder = 'both'").await;
    refused(db, "UPDATE participants SET user_id = NULL").await;
    db.raw.execute("UPDATE participants SET placeholder = 'a friend', user_id = NULL").await.unwrap();
}

async fn a_notice_goes_to_a_person_or_a_channel(db: &Database) {
    crate::tour::fill(db).await;
    refused(db, "UPDATE deliveries SET channel_id = NULL, user_id = NULL").await;
    db.raw.execute("UPDATE deliveries SET channel_id = 1, user_id = 2").await.unwrap();
    db.raw.execute("UPDATE deliveries SET user_id = NULL").await.unwrap();
}

async fn states_are_words_that_we_know(db: &Database) {
    crate::tour::fill(db).await;
    refused(db, "UPDATE games SET status = 'lost'").await;
    refused(db, "UPDATE games SET version = -1").await;
    refused(db, "UPDATE participants SET class = 'benched'").await;
    refused(db, "UPDATE schedule SET state = 'lost'").await;
    refused(db, "UPDATE schedule SET duty = 'lost'").await;
    refused(db, "UPDATE deliveries SET state = 'lost'").await;
    refused(db, "UPDATE users SET dms = 'ajar'").await;
}

async fn what_is_referred_to_is_there(db: &Database) {
    crate::tour::fill(db).await;
    for table in ["guilds", "templates", "games", "users"] {
        refused(db, format!("DELETE FROM {table}")).await;
    }
    let nobody = db.raw.id(uuid::Uuid::nil());
    for table in ["participants", "schedule", "deliveries", "cards", "idempotent_answers"] {
        refused(db, format!("UPDATE {table} SET game = {nobody}")).await;
    }
    refused(db, format!("UPDATE games SET template = {nobody}")).await;
    refused(db, "UPDATE channels SET guild = 7").await;
    refused(db, "UPDATE sessions SET user_id = 7").await;
}

async fn what_hangs_on_a_game_is_of_its_guild(db: &Database) {
    crate::tour::fill(db).await;
    db.write(async |tx| guilds::upsert(tx, &guild(ORCHARD), now()).await.unwrap()).await;
    for table in ["participants", "schedule", "deliveries", "cards", "games", "templates"] {
        refused(db, format!("UPDATE {table} SET guild = {ORCHARD}")).await;
    }
}
