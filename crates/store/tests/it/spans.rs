//! What the store's spans say.

use crate::database::Database;
use crate::sample::{ADA, LANTERN, place, scope};
use crate::tour;
use std::collections::{BTreeMap, BTreeSet};
use store::participants;
use telemetry::{CapturedSpan, DbSystem, Statement};

stories! {
    every_statement_is_called_and_its_span_says_what_it_was,
    a_span_counts_the_rows_that_came_back,
    a_violated_rule_is_told_in_the_databases_own_code,
}

async fn every_statement_is_called_and_its_span_says_what_it_was(db: &Database) {
    db.captured.clear();
    let game = tour::fill(db).await;
    assert_eq!(db.dump().await.empty_tables(), [""; 0], "something is in every table");
    tour::around(db, &game).await;

    let spans = db.captured.spans();
    let statements: BTreeMap<_, _> =
        store::statements(db.system()).into_iter().map(|statement| (statement.text, statement)).collect();
    let mut called = BTreeSet::new();
    for span in &spans {
        let text = span.attributes["db.query.text"].as_str();
        if let Some(statement) = statements.get(text) {
            called.insert(statement.text);
            assert_eq!(said(db, span), expected(db, statement), "{text}");
        } else {
            assert!(text.starts_with("BEGIN") || text == "COMMIT", "a statement that no list knows: {text}");
        }
    }
    let never: Vec<_> = statements.keys().filter(|text| !called.contains(*text)).collect();
    assert_eq!(never, Vec::<&&str>::new(), "a statement that no function says");
}

/// What a span says, apart from how many rows came back: only whether it counts them.
fn said(db: &Database, span: &CapturedSpan) -> Vec<(String, String)> {
    assert_eq!(format!("{:?}", span.kind), "Client");
    let mut said = vec![("name".to_owned(), span.name.clone())];
    for (key, value) in &span.attributes {
        let value = match key.as_str() {
            "db.response.returned_rows" => "some".to_owned(),
            // Another one each time.
            "server.address" | "server.port" => continue,
            "db.namespace" if db.system() == DbSystem::PostgreSql => {
                value.trim_end_matches(|c: char| c == '_' || c.is_ascii_digit()).to_owned()
            }
            _ => value.clone(),
        };
        said.push((key.clone(), value));
    }
    assert_eq!(span.attributes.contains_key("server.port"), db.system() == DbSystem::PostgreSql);
    said
}

fn expected(db: &Database, statement: &Statement) -> Vec<(String, String)> {
    let namespace = if db.system() == DbSystem::Sqlite { "muster" } else { "muster_test" };
    let mut expected = vec![
        ("name", statement.summary),
        ("db.collection.name", statement.collection.unwrap()),
        ("db.namespace", namespace),
        ("db.operation.name", statement.operation),
        ("db.query.summary", statement.summary),
        ("db.query.text", statement.text),
    ];
    if statement.operation == "SELECT" || statement.text.contains("RETURNING") {
        expected.push(("db.response.returned_rows", "some"));
    }
    expected.push(("db.system.name", db.system().as_str()));
    expected.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

async fn a_span_counts_the_rows_that_came_back(db: &Database) {
    let games = db.with_games(LANTERN, 1..=2).await;
    db.captured.clear();
    db.read(async |tx| {
        store::members::find(tx, LANTERN, ADA).await.unwrap();
        store::members::find(tx, LANTERN, domain::UserId::new(99)).await.unwrap();
        store::guilds::ids(tx, 9).await.unwrap();
        store::participants::of_game(tx, scope(LANTERN), games[0].id).await.unwrap();
    })
    .await;
    let counts: Vec<_> = db
        .captured
        .spans()
        .iter()
        .map(|span| format!("{} {}", span.name, span.attributes["db.response.returned_rows"]))
        .collect();
    assert_eq!(counts, ["SELECT members 1", "SELECT members 0", "SELECT guilds 1", "SELECT participants 0"]);
    let metric = db.captured.metric("db.client.response.returned_rows").unwrap();
    assert!(metric.points.iter().any(|point| point.attributes["db.collection.name"] == "guilds"));
}

async fn a_violated_rule_is_told_in_the_databases_own_code(db: &Database) {
    let game = db.with_game().await;
    db.write(async |tx| {
        participants::insert(tx, scope(LANTERN), game.id, &place(&game, ADA, 1)).await.unwrap();
    })
    .await;
    db.captured.clear();
    let mut tx = db.store.begin().await.unwrap();
    let error =
        participants::insert(&mut tx, scope(LANTERN), game.id, &place(&game, ADA, 2)).await.unwrap_err();
    drop(tx);

    // SQLITE_CONSTRAINT_UNIQUE and unique_violation.
    let code = if db.system() == DbSystem::Sqlite { "2067" } else { "23505" };
    assert_eq!(error.error_type(), code);
    assert_eq!(error.to_string(), "the database failed", "a stranger learns nothing");
    let spans = db.captured.spans();
    let span = spans.iter().find(|span| span.name == "INSERT participants").unwrap();
    assert_eq!(span.attributes["error.type"], code);
    assert_eq!(span.attributes["db.response.status_code"], code);
    assert!(format!("{:?}", span.status).starts_with("Error"));
    let logs = db.captured.logs();
    let told: Vec<_> = logs.iter().map(|log| (log.name.as_deref(), log.span_id.as_deref())).collect();
    assert_eq!(
        told,
        [(Some("db.client.operation.exception"), Some(span.span_id.as_str()))],
        "once, in its span"
    );
    let metric = db.captured.metric("db.client.operation.duration").unwrap();
    assert!(
        metric.points.iter().any(|point| point.attributes.get("error.type").is_some_and(|it| it == code))
    );
}
