//! The story of a game, over all its traces.

use axum::body::Body;
use futures_util::FutureExt as _;
use http::Request;
use http_body_util::BodyExt as _;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::{
    harness::World,
    story::{self, BOT, CREATED, GAME, Made, NOTIFICATION, REMINDED, STATUS},
};

const AT: u64 = 1_777_660_200_000_000_000;
const HOURS_LATER: u64 = AT + 3 * 3_600_000_000_000;
const STARTED: [u8; 16] = [0x99; 16];

/// Somebody presses a button; the card follows.
fn joined(trace: u8, at: u64, user: &str) -> Vec<Made> {
    let trace = [trace; 16];
    vec![
        story::span(BOT, trace, 1, 0, "discord.interaction join")
            .kind(SpanKind::Server)
            .at(at, 0, 9_000)
            .with("muster.game.id", GAME)
            .with("user.id", user),
        story::span(BOT, trace, 2, 1, "games.join")
            .at(at, 500, 8_000)
            .with("muster.action", "games.join")
            .with("muster.game.id", GAME)
            .with("user.id", user)
            .with("muster.outcome", "ok"),
        story::span(BOT, trace, 3, 2, "delivery.send card")
            .at(at, 9_000, 30_000)
            .with("muster.delivery.id", "1500")
            .with("muster.delivery.kind", "card")
            .with("muster.game.id", GAME)
            .with("muster.outcome", "edited"),
        answered(story::span(BOT, trace, 4, 3, "PATCH /channels/{channel.id}/messages/{message.id}"), 200)
            .at(at, 10_000, 29_000),
    ]
}

fn answered(span: Made, status: i64) -> Made {
    let template = "/channels/{channel.id}/messages";
    span.kind(SpanKind::Client).with("url.template", template).number("http.response.status_code", status)
}

/// A reminder comes due two seconds late: one person gets it, one has closed DMs and gets it in the channel, one left.
fn reminded(at: u64) -> Vec<Made> {
    let delivery = |id: u8, name: &str, user: &str, attempt: i64| {
        story::span(BOT, REMINDED, id, 1, "delivery.send reminder")
            .with("muster.delivery.id", name)
            .with("muster.delivery.kind", "reminder")
            .number("muster.delivery.attempt", attempt)
            .with("muster.game.id", GAME)
            .with("user.id", user)
    };
    let ask = |id: u8, of: u8| story::span(BOT, REMINDED, id, of, "POST /channels/{channel.id}/messages");
    vec![
        story::span(NOTIFICATION, REMINDED, 1, 0, "notification.dispatch")
            .kind(SpanKind::Consumer)
            .at(at, 0, 9_000)
            .with("muster.game.id", GAME)
            .with("muster.notification.kind", "reminder")
            .with("muster.notification.scheduled_time", "2026-05-01T21:29:58Z")
            .number("muster.notification.lateness_ms", 2_000)
            .with("muster.outcome", "done")
            .link(CREATED, 2),
        delivery(2, "d-1", "301", 1).at(at, 10_000, 50_000).with("muster.outcome", "sent"),
        answered(ask(12, 2), 200).at(at, 11_000, 49_000),
        delivery(3, "d-2", "305", 1).at(at, 10_000, 60_000).with("muster.outcome", "redirected"),
        answered(ask(13, 3), 403)
            .at(at, 11_000, 59_000)
            .number("discord.error.code", 50_007)
            .failed("50007", "Cannot send messages to this user"),
        delivery(4, "d-2", "305", 2)
            .at(at, 70_000, 100_000)
            .with("discord.channel.id", "203")
            .with("muster.outcome", "sent"),
        answered(ask(14, 4), 200).at(at, 71_000, 99_000),
        delivery(5, "d-3", "306", 1).at(at, 10_000, 12_000).with("muster.outcome", "not_on_roster"),
        delivery(6, "d-4", "307", 1).at(at, 10_000, 12_000).with("muster.outcome", "rate_limited"),
    ]
}

async fn evening() -> World {
    let world = World::start().await;
    let minute = 60_000_000_000;
    let traces = [
        story::created(AT),
        joined(0x61, AT + minute, "304"),
        joined(0x62, AT + minute + 1, "305"),
        joined(0x63, AT + minute + 2, "306"),
        reminded(HOURS_LATER),
        story::started(STARTED, HOURS_LATER + minute),
    ];
    for trace in traces {
        world.send("traces", &story::export(trace)).await;
    }
    let looked = story::span(story::API, [0x77; 16], 1, 0, "GET /api/v1/games/{id}").at(AT + 5, 0, 9);
    world.send("traces", &story::export([looked.with("muster.game.id", GAME)])).await;
    let warning = story::record(HOURS_LATER + 60_000_000, 13, "recipient has closed DMs", (REMINDED, 3));
    let silence = story::record(HOURS_LATER + 61_000_000, 9, "sent", (REMINDED, 2));
    world.send("logs", &story::log_export(BOT, vec![warning, silence])).await;
    world
}

/// A chapter in a line, and a line for each of its deliveries.
fn line(chapter: &Value) -> String {
    let said = ["detail", "by", "scheduled", "lateness_ms"].into_iter().filter(|key| !chapter[key].is_null());
    let facts = said.map(|key| format!(" {key}={}", chapter[key].to_string().trim_matches('"')));
    let text = |key: &str| chapter[key].as_str().unwrap().to_owned();
    let first = format!("{} {}{}", text("mark"), text("title"), facts.collect::<String>());
    let deliveries =
        ["deliveries", "card_edits"].into_iter().flat_map(|key| chapter[key].as_array().unwrap());
    std::iter::once(first).chain(deliveries.map(fate)).collect::<Vec<_>>().join("\n")
}

fn fate(delivery: &Value) -> String {
    let text = |of: &Value| of.as_str().unwrap_or("-").to_owned();
    let attempt = |of: &Value| {
        let (status, code) = (&of["answer"]["status"], text(&of["answer"]["code"]));
        format!("{}:{}:{status}/{code}", of["number"], text(&of["outcome"]))
    };
    let attempts: Vec<_> = delivery["attempts"].as_array().unwrap().iter().map(attempt).collect();
    let [kind, user, channel, fate] = ["kind", "user", "channel", "fate"].map(|key| text(&delivery[key]));
    format!(
        "  {kind} to {user}/{channel} {fate} after {} ms: {}",
        delivery["lateness_ms"],
        attempts.join(", ")
    )
}

#[tokio::test]
async fn the_story_tells_every_trace_of_a_game_in_order() {
    let world = evening().await;
    let told = world.read(&format!("games/{GAME}")).await;
    let lines: Vec<_> = told["chapters"].as_array().unwrap().iter().map(line).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    created Created
    joined Joined by=304
      card to -/- sent after 30 ms: 1:edited:200/-
    joined Joined by=305
      card to -/- sent after 30 ms: 1:edited:200/-
    joined Joined by=306
      card to -/- sent after 30 ms: 1:edited:200/-
    notice Reminder scheduled=2026-05-01T21:29:58Z lateness_ms=2000
      reminder to 301/- sent after 2050 ms: 1:sent:200/-
      reminder to 305/203 sent after 2100 ms: 1:redirected:403/50007, 2:sent:200/-
      reminder to 306/- skipped after null ms: 1:not_on_roster:null/-
      reminder to 307/- waiting after null ms: 1:rate_limited:null/-
    status Started detail=scheduled → in_progress
    ");
    assert_eq!(told["looks"], 1);
    assert_eq!(told["card_edits"], 3);
    let tally = json!({"sent": 1, "redirected": 1, "waiting": 1, "skipped": 1, "failed": 0});
    assert_eq!(told["tally"], tally);
    let reminder = &told["chapters"][4];
    assert_eq!(reminder["logs"].as_array().unwrap().len(), 1, "what is no warning stays in its trace");
    assert_eq!(reminder["follows"][0][0], hex::encode(CREATED));
}

#[tokio::test]
async fn the_page_of_a_game_reads_as_its_story() {
    let world = evening().await;
    world.collector.flush().await;
    let page = world.get(&format!("/observatory/games/{GAME}")).await.text();
    let said = [
        "Story of a game",
        "Created",
        "Joined ×3",
        " later</span>",
        "Reminder",
        "2.00 s late",
        "sent to the channel",
        "not sent: not on roster",
        "due</span> <time",
        "21:29:58.000",
        "+2.00 s",
        "claimed</span> <time",
        "21:30:00.000",
        "first sent</span> <time",
        "21:30:00.050",
        "last sent</span> <time",
        "21:30:00.100",
        "rate limited",
        "code 50007",
        "Cannot send messages to this user",
        "recipient has closed DMs",
        "Started",
        "scheduled → in_progress",
        "looked at 1×",
    ];
    for words in said {
        assert!(page.contains(words), "{words}");
    }
    let scheduled_by = format!("scheduled by <a href=\"#at-{}\">Created</a>", hex::encode(CREATED));
    assert!(page.contains(&scheduled_by));
    assert!(
        page.contains(&format!(
            "href=\"/observatory/traces/{}#span-0404040404040404\"",
            hex::encode(REMINDED)
        ))
    );
    for forbidden in ["<script>", "style=", "<style", "program's clock"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[tokio::test]
async fn whoever_looks_hears_of_this_game_and_no_other() {
    let world = World::start().await;
    let stop = CancellationToken::new();
    let request = Request::get(format!("/observatory/games/{GAME}/live")).body(Body::empty()).unwrap();
    let mut told = world.collector.observatory_router(stop.clone()).oneshot(request).await.unwrap();
    assert_eq!(told.headers()["content-type"], "text/event-stream");
    let other =
        story::span(STATUS, [0x56; 16], 1, 0, "games.edit").at(AT, 0, 1).with("muster.game.id", "other");
    world.send("traces", &story::export([other])).await;
    world.collector.flush().await;
    assert!(told.body_mut().frame().now_or_never().is_none(), "another game is none of its business");
    world.send("traces", &story::export(story::started(STARTED, AT))).await;
    let event = told.body_mut().frame().await.unwrap().unwrap();
    assert_eq!(event.into_data().unwrap(), "data: stored\n\n");
    let said = story::record(AT, 9, "sent", (REMINDED, 2));
    world.send("logs", &story::log_export(BOT, vec![said])).await;
    assert!(told.body_mut().frame().await.is_some());
    stop.cancel();
    assert!(told.body_mut().frame().await.is_none(), "it ends with the pages");
}

#[tokio::test]
async fn games_are_listed_and_found_and_unknown_ones_explained() {
    let world = World::start().await;
    assert!(world.get("/observatory/games").await.text().contains("No game has been heard of yet"));
    let unknown = world.get("/observatory/games/nothing").await;
    assert_eq!(unknown.status, 200);
    assert!(unknown.text().contains("Nothing is told of this game"));

    world.send("traces", &story::export(story::started([0x99; 16], AT))).await;
    let listed = world.read("games").await;
    assert_eq!((&listed[0]["game"], &listed[0]["spans"]), (&GAME.into(), &1.into()));
    assert!(
        world.get("/observatory/games").await.text().contains(&format!("href=\"/observatory/games/{GAME}\""))
    );
    let found = world.get(&format!("/observatory/games?game={GAME}")).await;
    assert_eq!(
        (found.status.as_u16(), found.header("location")),
        (303, &*format!("/observatory/games/{GAME}"))
    );
    let trace = world.get(&format!("/observatory/traces/{}", hex::encode([0x99; 16]))).await;
    assert!(trace.text().contains(&format!("href=\"/observatory/games/{GAME}\"")));
    assert_eq!(world.get("/observatory/games/x?before=soon").await.status, 422);
}

#[tokio::test]
async fn a_long_story_is_told_in_parts() {
    let world = World::start().await;
    for nth in 0..410_u16 {
        let mut trace = [0x55; 16];
        trace[..2].copy_from_slice(&nth.to_be_bytes());
        let at = AT + u64::from(nth) * 1_000_000;
        let deed = story::span(STATUS, trace, 1, 0, "games.edit").at(at, 0, 1);
        world
            .send(
                "traces",
                &story::export([deed.with("muster.game.id", GAME).with("muster.action", "games.edit")]),
            )
            .await;
    }
    let newest = world.read(&format!("games/{GAME}")).await;
    assert_eq!(newest["chapters"].as_array().unwrap().len(), 400);
    let page = world.get(&format!("/observatory/games/{GAME}")).await.text();
    let href = page.split('"').find(|part| part.contains("?before=")).unwrap().replace("&amp;", "&");
    let path = href.replace("/observatory/", "");
    let oldest = world.read(&path).await;
    assert_eq!(oldest["chapters"].as_array().unwrap().len(), 10);
    assert!(oldest["older"].is_null());
}
