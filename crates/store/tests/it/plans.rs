//! Every statement is one that the database understands, and none reads a table that grows from end to end.

use crate::database::{Database, Raw};
use sqlx::{AssertSqlSafe, Either, Executor, Row, SqlStr, Statement as _};
use std::collections::BTreeSet;
use telemetry::{DbSystem, Statement};

stories! {
    every_statement_can_be_prepared,
}

async fn every_statement_can_be_prepared(db: &Database) {
    for Statement { text, .. } in store::statements(db.system()) {
        let parameters = match &db.raw {
            Raw::Lite(pool) => {
                let prepared = pool.prepare(SqlStr::from_static(text)).await;
                number_of(prepared.unwrap_or_else(|error| panic!("{error}: {text}")).parameters())
            }
            Raw::Pg(pool) => {
                let prepared = pool.prepare(SqlStr::from_static(text)).await;
                number_of(prepared.unwrap_or_else(|error| panic!("{error}: {text}")).parameters())
            }
        };
        assert_eq!(parameters, highest(text), "{text}");
    }
}

fn number_of<T>(parameters: Option<Either<&[T], usize>>) -> usize {
    match parameters {
        Some(Either::Left(types)) => types.len(),
        Some(Either::Right(count)) => count,
        None => 0,
    }
}

/// The highest number that a parameter of the statement has.
fn highest(text: &str) -> usize {
    let numbers = text.split('$').skip(1).map(|rest| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        rest[..digits].parse().unwrap()
    });
    numbers.max().unwrap_or(0)
}

/// What a plan of SQLite's may read from end to end, and what that is.
const SMALL: [(&str, &str); 5] = [
    ("people", "the people of one page of games"),
    ("guilds", "as many as the bot was invited to"),
    ("shards", "a row for each connection to Discord"),
    ("deliveries USING INDEX deliveries_open", "what is to be sent; what was sent is not in this index"),
    ("outbox USING INDEX outbox_unpublished", "what is to be published; what was is not in this index"),
];

/// Whether a statement is an operator's, who may wait for it: an index would cost each write something.
fn is_by_hand(statement: &Statement) -> bool {
    let lists_the_dead = ["state = 'dead'", "dead_at IS NOT NULL"];
    statement.operation == "SELECT" && lists_the_dead.iter().any(|what| statement.text.contains(what))
}

/// Whether a statement is one of a start: what a bus that forgets has taken and its consumer has not is looked for
/// among all events that are not swept yet, and how is PostgreSQL's to choose.
fn is_of_a_start(statement: &Statement) -> bool {
    statement.text.starts_with("UPDATE outbox SET published_at = NULL")
}

/// The lines of a plan, as `EXPLAIN QUERY PLAN` gives them.
async fn plan(raw: &Raw, text: &str) -> Vec<String> {
    let Raw::Lite(pool) = raw else { unreachable!("SQLite's plans") };
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
    let rows = sqlx::query(explain).fetch_all(pool).await.unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

#[tokio::test]
async fn no_statement_scans_a_table_that_grows() {
    let db = Database::in_a_file().await;
    let excused = expect_no_scans_in_a_file(&db).await;
    let unused: Vec<_> =
        SMALL.iter().map(|(small, _)| *small).filter(|small| !excused.contains(small)).collect();
    assert_eq!(unused, [""; 0], "excuses that nothing needs");
    db.tell(async |_| ()).await;
}

/// Looks at every plan; gives the excuses that were needed.
async fn expect_no_scans_in_a_file(db: &Database) -> BTreeSet<&'static str> {
    let (mut scans, mut excused) = (Vec::new(), BTreeSet::new());
    for statement in store::statements(DbSystem::Sqlite).into_iter().filter(|it| !is_by_hand(it)) {
        for step in plan(&db.raw, statement.text).await {
            let Some(what) = step.strip_prefix("SCAN ") else { continue };
            match SMALL.iter().find(|(small, _)| *small == what) {
                Some((small, _)) => drop(excused.insert(*small)),
                None => scans.push(format!("{step}: {}", statement.text)),
            }
        }
    }
    assert_eq!(scans, [""; 0]);
    excused
}

/// Those indexes of PostgreSQL's that a plan may read from end to end.
const SHORT: [&str; 5] = ["guilds_pkey", "cards_dirty", "deliveries_open", "outbox_unpublished", "on shards"];

/// With the role of services, whom row-level security adds its own conditions. With sequential scans made dear, as
/// they are in tables that are larger still, PostgreSQL takes one only where no index helps.
async fn plan_on_postgres(raw: &Raw, text: &str) -> Vec<String> {
    let Raw::Pg(pool) = raw else { unreachable!("PostgreSQL's plans") };
    let nulls = vec!["NULL"; highest(text)].join(", ");
    let arguments = if nulls.is_empty() { String::new() } else { format!("({nulls})") };
    let mut connection = pool.acquire().await.unwrap();
    let prepare = format!(
        "SET ROLE muster_app; SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; DEALLOCATE ALL; \
         PREPARE it AS {text}"
    );
    sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut *connection).await.unwrap();
    let explain = sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN EXECUTE it {arguments}")));
    let lines = explain.fetch_all(&mut *connection).await.unwrap();
    sqlx::raw_sql("RESET ALL; RESET ROLE").execute(&mut *connection).await.unwrap();
    lines.iter().map(|line| line.get(0)).collect()
}

#[tokio::test]
async fn no_statement_scans_a_table_that_grows_on_postgres() {
    let Some(db) = Database::on_a_server().await else { return };
    db.raw.execute(include_str!("crowd.sql")).await.unwrap();
    expect_no_scans(&db).await;
    db.tell(async |_| ()).await;
}

/// Looks at every plan of a database with rows in it.
pub(crate) async fn expect_no_scans(db: &Database) {
    if db.system() == DbSystem::Sqlite {
        expect_no_scans_in_a_file(db).await;
        return;
    }
    let mut scans = Vec::new();
    let all = store::statements(DbSystem::PostgreSql).into_iter();
    for statement in all.filter(|it| !is_by_hand(it) && !is_of_a_start(it)) {
        let plan = plan_on_postgres(&db.raw, statement.text).await;
        for (line, next) in plan.iter().zip(plan.iter().skip(1).map(String::as_str).chain([""])) {
            let from_end_to_end = line.contains("Seq Scan on ")
                || (line.contains("Index") && line.contains(" Scan ") && !next.contains("Index Cond: "));
            if from_end_to_end && !SHORT.iter().any(|index| line.contains(index)) {
                scans.push(format!("{}: {}", line.trim(), statement.text));
            }
        }
    }
    assert_eq!(scans, [""; 0]);
}

/// Every index costs each write something: none is kept that no statement uses and no rule needs.
#[tokio::test]
async fn every_index_is_used() {
    let db = Database::in_a_file().await;
    let mut steps = Vec::new();
    for statement in store::statements(DbSystem::Sqlite) {
        steps.extend(plan(&db.raw, statement.text).await);
    }
    let ours =
        "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND sql NOT LIKE '%UNIQUE%'";
    let unused: Vec<_> = db
        .raw
        .column(ours)
        .await
        .into_iter()
        .filter(|index| !steps.iter().any(|step| step.contains(&format!("INDEX {index}"))))
        .collect();
    assert_eq!(unused, [""; 0]);
    db.tell(async |_| ()).await;
}
