//! A game's whole life through every door. Each step waits for its own trace to be whole: then all of it is done.

use crate::api::Answer;
use crate::guild::sketch;
use crate::observatory::Trace;
use crate::program::{Home, eventually};
use crate::stage::Stage;
use crate::{export, traces};
use jiff::SignedDuration;
use practice::cast;
use reqwest::Method;
use serde_json::{Value, json};

const TITLE: &str = "Winterhold";
/// The game that is called off, and the one that shows that its time has passed.
const CALLED_OFF: &str = "Summerfield";
const LATER: &str = "Springvale";
#[tokio::test]
async fn a_game_lives_its_whole_life() {
    let home = Home::watched();
    let stage = Stage::set(&home).await;
    let made = tell(&stage).await;

    export::look(&stage.observatory, &made).await;
    export::count(&stage.observatory).await;
    let exported = export::keep_the_contract(&stage.observatory).await;
    let bot = stage.guild.get("bot").await["token"].as_str().unwrap().to_owned();
    let people = [&stage.ada, &stage.dana, &stage.emre, &stage.hana].map(|person| person.secret().to_owned());
    let spoken = stage.program.stop().await;
    let secrets = people.into_iter().chain([bot]).chain([TITLE, CALLED_OFF, LATER].map(str::to_owned));
    export::keep_secrets(&home, secrets.collect(), &format!("{exported}{spoken}"));
}

/// The whole story; gives the trace of its beginning.
pub(crate) async fn tell(stage: &Stage) -> Trace {
    let (game, made) = announce(stage).await;
    let called_off = call_off(stage).await;
    fill(stage, &game).await;
    move_up(stage, &game).await;
    remind(stage, &game, &made).await;
    run_its_course(stage, &game, &made).await;
    nothing_more_is_heard(stage, &called_off).await;
    made
}

/// A game is made once however often the request is sent, and its card appears.
async fn announce(stage: &Stage) -> (String, Trace) {
    let wish = stage.wish(TITLE, 62).await;
    let post = || stage.ada.request(Method::POST, "/api/v1/games").json(&wish);
    let made = Answer::of(post().header("idempotency-key", "once")).await;
    let game = made.json()["id"].as_str().unwrap().to_owned();
    insta::assert_snapshot!(sketch(&stage.card(TITLE, "Open").await), @r"
    Winterhold
    When: <t:…:F> / <t:…:R>
    Duration: 30 min
    Host: @Ada
    Players 0/2: Nobody yet
    Open for signups
    [Join] [Leave]
    ");
    let leads_to = ["delivery.send announcement"];
    let trace = stage.deed("Ada", ("POST /api/v1/games", &game), &leads_to).await;
    traces::made(&trace);

    let again = Answer::of(post().header("idempotency-key", "once")).await;
    assert_eq!(made.header("location"), again.header("location"));
    assert_eq!(again.is(201)["id"], made.is(201)["id"]);
    let page = stage.ada.get(&format!("/games/{game}")).await;
    assert!(page.status == 200 && page.text.contains(TITLE), "{}", page.text);
    (game, trace)
}

/// Another game is called off: those who know of it are told.
async fn call_off(stage: &Stage) -> String {
    let game = stage.ada.create(&stage.wish(CALLED_OFF, 300).await).await;
    stage.deed("Ada", ("POST /api/v1/games", &game), &["delivery.send announcement"]).await;
    stage.hana.join(&game).await;
    stage.deed("Hana", ("POST /api/v1/games/{id}/join", &game), &["delivery.send card"]).await;
    assert_eq!(stage.ada.delete(&format!("/api/v1/games/{game}")).await.is(200)["status"], "cancelled");
    insta::assert_snapshot!(sketch(&stage.card(CALLED_OFF, "Cancelled").await), @r"
    Summerfield
    When: <t:…:F> / <t:…:R>
    Duration: 30 min
    Host: @Ada
    Players 1/2: 1. @Hana
    Cancelled
    [Join off] [Leave off]
    ");
    let leads_to = ["delivery.send card", "delivery.send cancelled"];
    traces::cancelled(&stage.deed("Ada", ("DELETE /api/v1/games/{id}", &game), &leads_to).await);
    insta::assert_snapshot!(stage.dms("Hana").await.join("\n"), @"Summerfield: This game is cancelled. It would have started <t:…:R>.");
    game
}

/// People come by buttons and by the API until all seats are taken; then they wait.
async fn fill(stage: &Stage, game: &str) {
    let (pressed, edit) = (("discord.interaction join", game), ["delivery.send card"]);
    let card = stage.card(TITLE, "Nobody yet").await;
    insta::assert_snapshot!(stage.guild.press("Dana", &card, "Join").await, @"You have a seat in **Winterhold**. It starts <t:…:R>.");
    traces::joined_by_button(&stage.deed("Dana", pressed, &edit).await);
    let emre = stage.emre.join(game).await;
    assert_eq!(
        (&emre["seat"], &emre["already"]),
        (&json!({"state": "confirmed", "number": 2}), &json!(false))
    );
    stage.deed("Emre", ("POST /api/v1/games/{id}/join", game), &edit).await;
    insta::assert_snapshot!(stage.guild.press("Bruno", &card, "Join").await, @"All seats of **Winterhold** are taken. You are on the waitlist, at place 1. It starts <t:…:R>.");
    stage.deed("Bruno", pressed, &edit).await;
    insta::assert_snapshot!(stage.guild.press("Goro", &card, "Join").await, @"All seats of **Winterhold** are taken. You are on the waitlist, at place 2. It starts <t:…:R>.");
    stage.deed("Goro", pressed, &edit).await;
    insta::assert_snapshot!(stage.guild.press("Goro", &card, "Leave").await, @"You are no longer on the roster of **Winterhold**.");
    stage.deed("Goro", ("discord.interaction leave", game), &edit).await;
    insta::assert_snapshot!(sketch(&stage.card(TITLE, "Waitlist 1").await), @r"
    Winterhold
    When: <t:…:F> / <t:…:R>
    Duration: 30 min
    Host: @Ada
    Players 2/2: 1. @Dana / 2. @Emre
    Waitlist 1: 1. @Bruno
    Open for signups
    [Join] [Leave]
    ");
}

/// Somebody leaves, and who waited first has the seat.
async fn move_up(stage: &Stage, game: &str) {
    stage.dana.post(&format!("/api/v1/games/{game}/leave"), &Value::Null).await.is(200);
    let leads_to = ["delivery.send card", "delivery.send promoted"];
    let left = stage.deed("Dana", ("POST /api/v1/games/{id}/leave", game), &leads_to).await;
    traces::moved_up(&left);
    insta::assert_snapshot!(stage.dms("Bruno").await.join("\n"), @"Winterhold: A seat is free and it is yours: you moved up from the waitlist.");
    insta::assert_snapshot!(sketch(&stage.card(TITLE, "2. @Bruno").await), @r"
    Winterhold
    When: <t:…:F> / <t:…:R>
    Duration: 30 min
    Host: @Ada
    Players 2/2: 1. @Emre / 2. @Bruno
    Open for signups
    [Join] [Leave]
    ");
}

/// The clock moves on: who has joined is told, then everybody is reminded, twice, as the template says.
async fn remind(stage: &Stage, game: &str, made: &Trace) {
    stage.guild.advance(1).await;
    let is_notice = |trace: &Trace| trace.is("muster.notification.kind", "join_notice");
    eventually("both join notices", async || {
        let notices = stage.observatory.traces("notification.dispatch", game).await;
        let sent = notices.iter().filter(|trace| is_notice(trace) && trace.has("delivery.send joined"));
        (sent.count() == 2).then_some(())
    })
    .await;

    let start = stage.ada.get(&format!("/api/v1/games/{game}")).await.is(200)["start"].clone();
    let start: jiff::Timestamp = start.as_str().unwrap().parse().unwrap();
    for (minutes, step) in [(60, 1), (15, 45)] {
        stage.guild.advance(step).await;
        let due = (start - SignedDuration::from_mins(minutes)).to_string();
        let which = ("muster.notification.scheduled_time", due.as_str());
        let reminded = stage.moment(game, which, &["delivery.send reminder"; 3]).await;
        assert!(reminded.follows(made), "linked to what scheduled it: {:#}", reminded.root());
        if minutes == 60 {
            traces::reminded(&reminded);
        }
    }
    assert_eq!(stage.status(game).await, "scheduled");
}

/// It starts, it ends, and the card follows.
async fn run_its_course(stage: &Stage, game: &str, made: &Trace) {
    stage.guild.advance(15).await;
    stage.card(TITLE, "In progress").await;
    let (status, edit) = ("muster.transition.new_status", ["delivery.send card"]);
    let started = stage.moment(game, (status, "in_progress"), &edit).await;
    assert!(started.follows(made), "linked to what scheduled it: {:#}", started.root());
    traces::started(&started);
    assert_eq!(stage.status(game).await, "in_progress");

    stage.guild.advance(30).await;
    insta::assert_snapshot!(sketch(&stage.card(TITLE, "Completed").await), @r"
    Winterhold
    When: <t:…:F> / <t:…:R>
    Duration: 30 min
    Host: @Ada
    Players 2/2: 1. @Emre / 2. @Bruno
    Completed
    [Join off] [Leave off]
    ");
    let ended = stage.moment(game, (status, "completed"), &edit).await;
    assert!(ended.follows(&started), "the start scheduled the end: {:#}", ended.root());
    assert_eq!(stage.status(game).await, "completed");
    insta::assert_snapshot!(ledger(&stage.ada.deliveries(game).await), @r"
    announcement to the channel: sent, attempts 1
    joined to Bruno: sent, attempts 1
    joined to Emre: sent, attempts 1
    promoted to Bruno: sent, attempts 1
    reminder to Ada: sent, attempts 1
    reminder to Ada: sent, attempts 1
    reminder to Bruno: sent, attempts 1
    reminder to Bruno: sent, attempts 1
    reminder to Emre: sent, attempts 1
    reminder to Emre: sent, attempts 1
    ");
}

/// What became of every notice, a line each; those of one moment go out side by side.
fn ledger(deliveries: &[Value]) -> String {
    let line = |delivery: &Value| {
        let text = |key: &str| delivery[key].as_str().unwrap_or_default().to_owned();
        let to = delivery["name"].as_str().unwrap_or("the channel");
        let attempts = &delivery["attempts"];
        format!("{} to {to}: {}{}, attempts {attempts}", text("kind"), text("state"), text("reason"))
    };
    let mut lines: Vec<_> = deliveries.iter().map(line).collect();
    lines.sort();
    lines.join("\n")
}

/// The time of the game that was called off comes and goes; a later reminder shows that it has gone. Then everybody
/// has heard of everything once.
async fn nothing_more_is_heard(stage: &Stage, called_off: &str) {
    let later = stage.ada.create(&stage.wish(LATER, 420).await).await;
    stage.deed("Ada", ("POST /api/v1/games", &later), &["delivery.send announcement"]).await;
    stage.guild.advance(361).await;
    stage.moment(&later, ("muster.notification.kind", "reminder"), &["delivery.send reminder"]).await;
    insta::assert_snapshot!(ledger(&stage.ada.deliveries(called_off).await), @r"
    announcement to the channel: sent, attempts 1
    cancelled to Hana: sent, attempts 1
    ");

    let mut all = Vec::new();
    for person in cast::people() {
        let dms = stage.dms(person.global_name).await;
        all.extend(dms.into_iter().map(|dm| format!("{}: {dm}", person.global_name)));
    }
    insta::assert_snapshot!(all.join("\n"), @r"
    Ada: Winterhold: The game that you **host** starts <t:…:R>.
    Ada: Winterhold: The game that you **host** starts <t:…:R>.
    Ada: Springvale: The game that you **host** starts <t:…:R>.
    Bruno: Winterhold: A seat is free and it is yours: you moved up from the waitlist.
    Bruno: Winterhold: You have a seat.
    Bruno: Winterhold: Your game starts <t:…:R>.
    Bruno: Winterhold: Your game starts <t:…:R>.
    Emre: Winterhold: You have a seat.
    Emre: Winterhold: Your game starts <t:…:R>.
    Emre: Winterhold: Your game starts <t:…:R>.
    Hana: Summerfield: This game is cancelled. It would have started <t:…:R>.
    ");
    let cards = stage.guild.oracle().await;
    let cards =
        cards.iter().filter(|message| message["channel_name"] == "games" && message["only_for"].is_null());
    assert_eq!(cards.count(), 3, "each game has one card");
}
