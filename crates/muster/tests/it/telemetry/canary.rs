//! The canary: the program lives through success, error, panic and debug with secrets that are known, and nobody who reads
//! its telemetry, its lines, its messages or its error pages finds one of them.

use super::exported::Exported;
use super::marks::{Mark, Place};
use super::sink::{Manner, Sink};
use super::tables::{headers, rename};
use super::wide;
use crate::api::{Answer, Person};
use crate::program::{Home, Program};
use crate::stage::Stage;
use reqwest::Method;
use serde_json::{Value, json};

const OTLP_HEADER: &str = "c4nary-otlp-header-1f0c";
const OTLP_PASSWORD: &str = "c4nary-otlp-password-77ab";
const TITLE: &str = "C4nary Title Quartz";
const DESCRIPTION: &str = "C4nary description: bring <three> things & a \"lamp\"";
const PLACE: &str = "c4nary-place-the-long-table";
const INSTRUCTIONS: &str = "c4nary-instructions-the-door-code-is-4711";
const WRONG_TOKEN: &str = "c4nary-wrong-token-5d5d5d5d";
const OTHER_COOKIE: &str = "c4nary-other-cookie-9e9e";
const OAUTH_CODE: &str = "c4nary-oauth-code-0a0a";
const OAUTH_STATE: &str = "c4nary-oauth-state-1b1b";
const WEBHOOK: &str = "c4nary-webhook-token-7d7d";
const IDEMPOTENCY_KEY: &str = "c4nary-idempotency-key-2c2c";
const SEARCH: &str = "c4nary-search-words-3d3d";
const BODY: &str = "c4nary-body-of-a-broken-request-4e4e";
const COMMAND_OPTION: &str = "c4nary-option-6f6f";
/// What a client says of itself is recorded: so it shows that the search finds what is there.
const PLANTED: &str = "c4nary-planted-8a8a";

#[tokio::test]
async fn no_secret_is_told_to_anybody() {
    let sink = Sink::listen().await;
    let home = sink
        .home_behind(OTLP_PASSWORD)
        .set("OTEL_LOG_LEVEL", "debug")
        .set("OTEL_EXPORTER_OTLP_HEADERS", &format!("x-key={OTLP_HEADER}"));
    let stage = Stage::set(&home).await;
    let mut marks = known(&stage).await;
    let mut pages = Vec::new();
    succeed(&stage).await;
    fail(&stage, &home, &sink, &mut pages).await;
    pages.extend(looked_at(&stage.program).await);
    let rows = trace_columns(&home).await;
    let spoken = stage.program.stop().await;
    marks.extend(interaction_tokens(&home));

    let exported = sink.exported();
    let places = places(&exported, &spoken, &rows, &pages);
    for mark in &marks {
        assert_eq!(mark.found_in(&places), [""; 0], "{} is told", mark.what);
    }
    names_are_nowhere(&exported, &spoken);
    let planted = Mark::new("what a client calls itself", PLANTED).found_in(&places);
    assert!(planted.contains(&"traces"), "the search finds what is there: {planted:?}");
}

/// Every secret that is known before anything happens.
async fn known(stage: &Stage) -> Vec<Mark> {
    let bot = stage.guild.get("bot").await["token"].as_str().unwrap().to_owned();
    let texts = [
        ("a header of the exporter", OTLP_HEADER),
        ("the password in the receiver's address", OTLP_PASSWORD),
        ("a game's title", TITLE),
        ("a game's description", DESCRIPTION),
        ("a game's place", PLACE),
        ("what players are told", INSTRUCTIONS),
        ("a bearer token that is none", WRONG_TOKEN),
        ("another site's cookie", OTHER_COOKIE),
        ("an OAuth code", OAUTH_CODE),
        ("an OAuth state", OAUTH_STATE),
        ("the token of a webhook", WEBHOOK),
        ("an idempotency key", IDEMPOTENCY_KEY),
        ("what somebody searches for", SEARCH),
        ("the body of a request", BODY),
        ("the option of a command", COMMAND_OPTION),
        ("the bot's token", &bot),
        ("Ada's session", stage.ada.secret()),
        ("Dana's session", stage.dana.secret()),
        ("Emre's API token", stage.emre.secret()),
        ("Hana's API token", stage.hana.secret()),
    ];
    texts.map(|(what, secret)| Mark::new(what, secret)).to_vec()
}

/// A game with marked texts is made, joined, asked for, changed and played.
async fn succeed(stage: &Stage) {
    let mut wish = stage.wish(TITLE, 62).await;
    for (field, text) in [("description", DESCRIPTION), ("place", PLACE), ("instructions", INSTRUCTIONS)] {
        wish[field] = json!(text);
    }
    let request = stage.ada.request(Method::POST, "/api/v1/games").json(&wish);
    let request = request.header("idempotency-key", IDEMPOTENCY_KEY).header("user-agent", PLANTED);
    let made = Answer::of(request).await.is(201);
    let game = made["id"].as_str().unwrap();
    let card = stage.card(TITLE, "Open").await;
    stage.guild.press("Dana", &card, "Join").await;
    stage.emre.join(game).await;
    stage.guild.command_with("Dana", "game show", json!({ "game": COMMAND_OPTION })).await;
    stage.guild.command_with("Dana", "game show", json!({ "game": "Quartz" })).await;
    for path in ["/games", "/api/v1/games"] {
        let path = format!("{path}?q={SEARCH}&code={OAUTH_CODE}&state={OAUTH_STATE}");
        let answer = stage.ada.get(&path).await;
        assert!(answer.status < 500, "{path}: {}", answer.text);
    }
    for words in ["You have a seat", "starts"] {
        stage.guild.advance(1).await;
        wide::dm(stage, "Dana", words).await;
    }
    stage.guild.advance(60).await;
    stage.card(TITLE, "In progress").await;
}

/// Everything goes wrong that can; what strangers are told of it is kept.
async fn fail(stage: &Stage, home: &Home, sink: &Sink, pages: &mut Vec<String>) {
    let games = "/api/v1/games";
    let dashboard = stage.program.address("dashboard");
    let intruder = Person::with_token(stage.program.http.clone(), dashboard, WRONG_TOKEN);
    let cookie = ("cookie", format!("muster_session={OTHER_COOKIE}; other={OTHER_COOKIE}"));
    let nobody = Person::nobody(stage.program.http.clone(), dashboard);
    let broken: &'static str = "{\"title\": \"c4nary-body-of-a-broken-request-4e4e";
    let mut keep = async |answer: Answer| pages.push(format!("{:?}\n{}", answer.headers, answer.text));
    keep(intruder.get("/api/v1/me").await).await;
    keep(Answer::of(nobody.request(Method::GET, "/api/v1/me").header(cookie.0, &cookie.1)).await).await;
    keep(Answer::of(nobody.request(Method::GET, "/nowhere?code=x").header("accept", "text/html")).await)
        .await;
    keep(stage.ada.post_text(games, broken).await).await;
    keep(stage.ada.post(games, &json!({ "title": TITLE, "guild": "1", "colour": BODY })).await).await;
    let far = format!("/auth/discord/callback?code={OAUTH_CODE}&state={OAUTH_STATE}");
    keep(nobody.get(&far).await).await;
    // An address of Discord's that has come to the wrong house.
    for path in [format!("/webhooks/1/{WEBHOOK}"), format!("/api/v10/interactions/1/{WEBHOOK}/callback/")] {
        assert_eq!(nobody.get(&path).await.status, 404);
    }

    stage.guild.post("clock", json!({ "resume": true })).await;
    stage.guild.faults(json!({ "html_errors": 1, "lost_answers": 1, "rate_limited": 1 })).await;
    let mut wish = stage.wish(TITLE, 300).await;
    wish["description"] = json!(DESCRIPTION);
    let other = stage.ada.create(&wish).await;
    stage.hana.join(&other).await;
    stage.program.says("http.client.request.exception").await;
    stage.guild.faults(json!({})).await;
    sink.be(Manner::Away);
    stage.program.says("telemetry.export.interrupted").await;
    sink.be(Manner::Taking);
    rename(home, "games", "gone").await;
    keep(stage.ada.get(games).await).await;
    keep(Answer::of(stage.ada.request(Method::GET, "/games").header("accept", "text/html")).await).await;
    keep(stage.ada.post(games, &wish).await).await;
    rename(home, "gone", "games").await;
}

/// What operators and supervisors look at.
pub(super) async fn looked_at(program: &Program) -> Vec<String> {
    let mut pages = Vec::new();
    let observatory = program.address("observatory");
    let paths = ["", "/metrics", "/telemetry-config", "/api/metrics", "/health"];
    let dashboard = ["/readyz", "/livez", "/version", "/metrics"];
    let urls = paths.map(|path| format!("{observatory}{path}")).into_iter();
    let urls = urls.chain(dashboard.map(|path| format!("{}{path}", program.address("dashboard"))));
    for url in urls {
        let answer = Answer::of(program.http.get(url)).await;
        pages.push(format!("{:?}\n{}", answer.headers, answer.text));
    }
    pages
}

/// What travels beside the events and stays in rows: the headers of messages.
async fn trace_columns(home: &Home) -> String {
    let mut all = String::new();
    for table in ["outbox", "schedule", "deliveries", "cards"] {
        let rows = headers(home, table).await;
        assert!(table == "schedule" || !rows.is_empty(), "{table} has rows");
        all.push_str(&rows.join("\n"));
    }
    assert!(all.contains("00-"), "there are traces in it: {all}");
    all
}

/// The tokens that Discord made for clicks and commands.
fn interaction_tokens(home: &Home) -> Vec<Mark> {
    let practice: Value = serde_json::from_slice(&home.read("practice.json")).unwrap();
    let interactions = practice["interactions"].as_object().unwrap().values();
    let tokens: Vec<_> =
        interactions.map(|it| Mark::new("an interaction's token", it["token"].as_str().unwrap())).collect();
    assert!(tokens.len() >= 3, "people clicked and typed");
    tokens
}

pub(super) fn places<'a>(
    exported: &'a Exported,
    spoken: &'a str,
    rows: &'a str,
    pages: &'a [String],
) -> Vec<Place<'a>> {
    let bodies =
        exported.bodies.iter().map(|(signal, body)| Place { what: (*signal).to_owned(), bytes: body });
    let texts = [("what it wrote", spoken), ("what goes with messages", rows)];
    let texts = texts.map(|(what, text)| Place { what: what.to_owned(), bytes: text.as_bytes() });
    let pages = pages.iter().map(|page| Place { what: "an error page".to_owned(), bytes: page.as_bytes() });
    bodies.chain(texts).chain(pages).collect()
}

/// Nobody's name is a word of any value.
fn names_are_nowhere(exported: &Exported, spoken: &str) {
    let series: Vec<_> = exported.series.keys().map(|series| &series.attributes).collect();
    let told = json!([exported.spans, exported.logs, series]).to_string();
    assert_eq!(crate::contract::names_somebody(&told), None);
    let lines = spoken.lines().filter(|line| line.starts_with('{'));
    assert_eq!(lines.clone().find_map(crate::contract::names_somebody), None);
    assert!(lines.count() > 100, "it has written a lot");
}
