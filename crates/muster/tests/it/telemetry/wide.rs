//! A story through every door of the program, also through those that nobody hopes for.

use super::exported::Exported;
use super::sink::Sink;
use super::trouble;
use crate::api::{Answer, Person};
use crate::program::eventually;
use crate::stage::Stage;
use jiff::SignedDuration;
use practice::cast;
use reqwest::Method;
use serde_json::{Value, json};
use std::net::TcpListener;

/// What the story has left behind.
pub(super) struct Told {
    pub(super) exported: Exported,
    /// All lines that the program has written.
    pub(super) said: String,
}

/// Plays it with every log record that there is.
pub(super) async fn play() -> Told {
    let sink = Sink::listen().await;
    // Given back at once: the program takes it.
    let internal = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let home = sink.home().set("OTEL_LOG_LEVEL", "debug").set("MUSTER_INTERNAL_LISTEN", &internal);
    let stage = Stage::set(&home).await;
    look_around(&stage).await;
    be_refused(&stage).await;
    play_a_game(&stage).await;
    plan_by_form(&stage).await;
    call_off(&stage).await;
    trouble::with_discord(&stage).await;
    trouble::with_the_database(&stage, &home, &sink).await;
    trouble::with_the_receiver(&stage, &sink).await;
    trouble::with_strangers(&stage, &internal).await;
    trouble::with_the_disk(&stage, &home).await;
    trouble::with_a_channel(&stage).await;
    let said = trouble::at_the_end(stage, &home).await;
    Told { exported: sink.exported(), said }
}

/// Pages and resources, each once.
async fn look_around(stage: &Stage) {
    let guild = format!("/api/v1/guilds/{}", cast::GUILD_ID);
    let games = format!("/api/v1/games?guild={}", cast::GUILD_ID);
    for path in [
        "/",
        "/games",
        "/games/new",
        "/problems",
        "/problems/not-found",
        "/sign-in",
        "/api/v1/me",
        "/api/v1/guilds",
        "/api/v1/openapi.json",
        &guild,
        &format!("{guild}/channels"),
        &format!("{guild}/templates"),
        &games,
    ] {
        let answer = stage.ada.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    }
    let id = cast::find_person("Bruno").unwrap().id;
    let address = stage.program.address("dashboard");
    let bruno = Person::by_json(stage.program.http.clone(), address, id).await;
    assert_eq!(bruno.post("/api/v1/auth/logout", &Value::Null).await.status, 204);
}

/// What is wrong is refused, each in its way.
async fn be_refused(stage: &Stage) {
    let games = "/api/v1/games";
    let wish = stage.wish("Nothing", 60).await;
    let nobody = Person::nobody(stage.program.http.clone(), stage.program.address("dashboard"));
    assert_eq!(nobody.post(games, &wish).await.status, 401);
    assert_eq!(stage.hana.post(games, &wish).await.status, 403);
    assert_eq!(stage.ada.get("/api/v1/games/01890a5d-ac96-774b-bcce-b302099a8057").await.status, 404);
    assert_eq!(stage.ada.get("/nowhere").await.status, 404);
    assert_eq!(stage.ada.delete(games).await.status, 405);
    assert_eq!(stage.ada.post(games, &json!({ "title": " " })).await.status, 422);
    let brew = Method::from_bytes(b"BREW").unwrap();
    assert_eq!(Answer::of(stage.ada.request(brew, games)).await.status, 405);
}

/// A game is announced, filled, changed and played; clicks, commands and requests take turns.
pub(super) async fn play_a_game(stage: &Stage) {
    let game = stage.ada.create(&stage.wish("Winterhold", 62).await).await;
    let card = stage.card("Winterhold", "Open").await;
    stage.guild.press("Dana", &card, "Join").await;
    stage.emre.join(&game).await;
    stage.guild.press("Bruno", &card, "Join").await;
    stage.guild.press("Goro", &card, "Join").await;
    stage.guild.press("Goro", &card, "Leave").await;
    for command in ["game list", "game mine"] {
        stage.guild.command("Dana", command).await;
    }
    stage.guild.command_with("Dana", "game show", json!({ "game": "Winter" })).await;
    for part in ["participants", "deliveries"] {
        stage.ada.get(&format!("/api/v1/games/{game}/{part}")).await.is(200);
    }
    stage.dana.post(&format!("/api/v1/games/{game}/leave"), &Value::Null).await.is(200);
    dm(stage, "Bruno", "moved up").await;
    change(stage, &game, json!({ "place": "The long table", "seats": 1 })).await;
    stage.card("Winterhold", "Players 1/1").await;
    stage.guild.advance(1).await;
    dm(stage, "Emre", "You have a seat").await;
    stage.guild.advance(1).await;
    dm(stage, "Ada", "host").await;
    stage.guild.advance(60).await;
    stage.card("Winterhold", "In progress").await;
    stage.guild.advance(30).await;
    stage.card("Winterhold", "Completed").await;
}

async fn change(stage: &Stage, game: &str, patch: Value) {
    let request = stage.ada.request(Method::PATCH, &format!("/api/v1/games/{game}"));
    Answer::of(request.json(&patch)).await.is(200);
}

/// Waits until somebody has a DM with these words.
pub(super) async fn dm(stage: &Stage, name: &str, words: &str) {
    eventually(&format!("{words} for {name}"), async || {
        stage.dms(name).await.iter().any(|dm| dm.contains(words)).then_some(())
    })
    .await;
}

/// A game that is made with the form, and announced later.
async fn plan_by_form(stage: &Stage) {
    let form = stage.ada.get(&format!("/games/new?guild={}", cast::GUILD_ID)).await.text;
    let hidden = |name: &str| {
        let field = form.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_default();
        field.split('"').next().unwrap_or_default().to_owned()
    };
    let at = |minutes| {
        let now = stage.guild.now();
        async move { (now.await + SignedDuration::from_mins(minutes)).strftime("%Y-%m-%dT%H:%M").to_string() }
    };
    let guild = cast::GUILD_ID.to_string();
    let (start, post_at) = (at(600).await, at(10).await);
    let fields = [
        ("csrf", hidden("csrf")),
        ("key", hidden("key")),
        ("template", hidden("template")),
        ("guild", guild),
        ("title", "Springvale".to_owned()),
        ("start", start),
        ("post_at", post_at),
        ("zone", "UTC".to_owned()),
    ];
    let made = Answer::of(stage.ada.request(Method::POST, "/games/new").form(&fields)).await;
    assert_eq!(made.status, 303, "{}", made.text);
    let page = made.header("location").to_owned();
    stage.guild.advance(11).await;
    stage.card("Springvale", "Open").await;
    for part in ["", "/edit", "/cancel"] {
        assert_eq!(stage.ada.get(&format!("{page}{part}")).await.status, 200, "{page}{part}");
    }
    let seen = stage.dana.get(&page).await;
    assert_eq!(seen.status, 200);
    let csrf =
        seen.text.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    for deed in ["join", "leave"] {
        let form = stage.dana.request(Method::POST, &format!("{page}/{deed}")).form(&[("csrf", csrf)]);
        assert_eq!(Answer::of(form).await.status, 303);
    }
}

async fn call_off(stage: &Stage) {
    let game = stage.ada.create(&stage.wish("Summerfield", 300).await).await;
    stage.card("Summerfield", "Open").await;
    stage.hana.join(&game).await;
    stage.ada.delete(&format!("/api/v1/games/{game}")).await.is(200);
    dm(stage, "Hana", "cancelled").await;
}
