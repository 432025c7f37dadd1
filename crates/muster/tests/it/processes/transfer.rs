//! A community outgrows its process: what the embedded database holds moves to a server, and work goes on there.

use super::apart::Apart;
use super::servers::Servers;
use crate::program::{Home, eventually};
use crate::stage::Stage;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use std::collections::BTreeMap;

const TITLE: &str = "Millbrook";

/// Tables and their rows, each value as text that is the same on both databases.
type Contents = Vec<(String, Vec<String>)>;

const FILES_TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' \
     AND name NOT LIKE '\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' ORDER BY name";
const SERVERS_TABLES: &str = "SELECT table_name::text FROM information_schema.tables \
     WHERE table_schema = 'public' AND table_name NOT LIKE '\\_%' ORDER BY table_name";

enum Source {
    File(SqliteConnection),
    Server(PgConnection),
}

impl Source {
    async fn file(home: &Home) -> Self {
        let path = home.data().join("muster.db").display().to_string();
        Self::File(SqliteConnection::connect(&format!("sqlite://{path}?mode=ro")).await.unwrap())
    }

    async fn server(url: &str) -> Self {
        Self::Server(PgConnection::connect(url).await.unwrap())
    }

    async fn column(&mut self, select: String) -> Vec<String> {
        let select = AssertSqlSafe(select);
        let rows = match self {
            Self::File(file) => sqlx::query_scalar(select).fetch_all(file).await,
            Self::Server(server) => sqlx::query_scalar(select).fetch_all(server).await,
        };
        rows.unwrap()
    }

    async fn contents(mut self) -> Contents {
        let tables = if matches!(self, Self::File(_)) { FILES_TABLES } else { SERVERS_TABLES };
        let mut contents = Vec::new();
        for table in self.column(tables.to_owned()).await {
            let columns = self.column(self.described(&table)).await;
            let texts: Vec<_> = columns.iter().map(|column| self.as_text(column)).collect();
            let array = if matches!(self, Self::File(_)) { "json_array" } else { "json_build_array" };
            let select = format!("SELECT CAST({array}({}) AS text) FROM \"{table}\"", texts.join(", "));
            let mut rows: Vec<_> = self.column(select).await.iter().map(|row| settled(row)).collect();
            rows.sort();
            contents.push((table, rows));
        }
        contents
    }

    /// A table's columns with their types, by name.
    fn described(&self, table: &str) -> String {
        match self {
            Self::File(_) => {
                format!("SELECT name || ' ' || type FROM pragma_table_info('{table}') ORDER BY name")
            }
            Self::Server(_) => format!(
                "SELECT column_name || ' ' || data_type FROM information_schema.columns \
                 WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY column_name COLLATE \"C\""
            ),
        }
    }

    fn as_text(&self, column: &str) -> String {
        let (name, kind) = column.split_once(' ').unwrap();
        let value = match (self, kind) {
            (Self::File(_), "BLOB") => format!("lower(hex(\"{name}\"))"),
            (Self::Server(_), "uuid") => format!("replace(\"{name}\"::text, '-', '')"),
            (Self::Server(_), "bytea") => format!("encode(\"{name}\", 'hex')"),
            (Self::Server(_), "boolean") => format!("\"{name}\"::int"),
            (Self::Server(_), "timestamp with time zone") => {
                format!("(extract(epoch FROM \"{name}\") * 1000000)::bigint")
            }
            _ => format!("\"{name}\""),
        };
        format!("CASE WHEN \"{name}\" IS NULL THEN 'NULL' ELSE CAST({value} AS text) END")
    }
}

/// A row in which what is JSON is written in one way.
fn settled(row: &str) -> String {
    let values: Vec<String> = serde_json::from_str(row).unwrap();
    let settled = values.into_iter().map(|text| match serde_json::from_str::<Value>(&text) {
        Ok(json @ (Value::Object(_) | Value::Array(_))) => in_order(&json),
        _ => text,
    });
    settled.collect::<Vec<_>>().join(" | ")
}

/// JSON with its keys in their order, which one database keeps and the other doesn't.
fn in_order(json: &Value) -> String {
    match json {
        Value::Object(fields) => {
            let fields: BTreeMap<_, _> = fields.iter().map(|(key, value)| (key, in_order(value))).collect();
            format!("{fields:?}")
        }
        Value::Array(values) => format!("{:?}", values.iter().map(in_order).collect::<Vec<_>>()),
        value => value.to_string(),
    }
}

/// Something in nearly every table: a game with its card and its players, sessions, tokens, an answer that is kept.
async fn live(home: &Home) -> (String, Value) {
    let stage = Stage::set(home).await;
    let wish = stage.wish(TITLE, 62).await;
    let post = stage.ada.request(reqwest::Method::POST, "/api/v1/games").json(&wish);
    let made = crate::api::Answer::of(post.header("idempotency-key", "once")).await.is(201);
    let game = made["id"].as_str().unwrap().to_owned();
    let card = stage.card(TITLE, "Nobody yet").await;
    stage.guild.press("Dana", &card, "Join").await;
    stage.card(TITLE, "@Dana").await;
    stage.guild.advance(2).await;
    eventually("the notice", async || (!stage.dms("Dana").await.is_empty()).then_some(())).await;
    let seen = stage.emre.get(&format!("/api/v1/games/{game}")).await.is(200);
    stage.program.stop().await;
    (game, seen)
}

#[tokio::test]
async fn an_embedded_database_moves_to_a_server_with_everything() {
    let Some(servers) = Servers::of_our_own("transfer").await else { return };
    let home = Home::watched();
    let token = home.token("Bruno").await;
    let (game, seen) = live(&home).await;

    let home = home.set("DATABASE_URL", &servers.database);
    let moved = home.run(&["transfer"]).await.done();
    let file = Source::file(&home).await.contents().await;
    let server = Source::server(&servers.database).await.contents().await;
    let names = |contents: &Contents| contents.iter().map(|(table, _)| table.clone()).collect::<Vec<_>>();
    assert_eq!(names(&file), names(&server));
    for ((table, there), (_, here)) in file.iter().zip(&server) {
        assert_eq!(here, there, "{table}");
        assert!(moved.contains(&format!("{:>10}  {table}\n", there.len())), "{table} in\n{moved}");
    }
    let empty = file.iter().filter(|(_, rows)| rows.is_empty()).map(|(table, _)| table.as_str());
    assert_eq!(empty.collect::<Vec<_>>(), Vec::<&str>::new(), "something is in every table");
    let again = home.run(&["transfer"]).await.refusal();
    assert!(again.starts_with("1 muster: the PostgreSQL database isn't empty"), "{again}");

    // Whoever had a token has it still, and the game is what it was.
    let apart = Apart::prepare(&servers).await.start(1, 0).await;
    let bruno = apart.services[0].program.person(&token);
    let game = format!("/api/v1/games/{game}");
    let there = bruno.get(&game).await.is(200);
    assert_eq!(there["title"], TITLE);
    assert_eq!(there, seen);
    bruno.post(&format!("{game}/join"), &Value::Null).await.is(200);
    apart.stop().await;
}
