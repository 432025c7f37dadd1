use crate::outage::Running;
use crate::stage::Stage;
use actions::{games, ledger};
use discord::RestError;
use domain::{Game, UserId};
use jiff::SignedDuration;
use serde_json::{Value, json};
use telemetry::ServiceName;
use testkit::{House, actor, person, sketch};

async fn fates(house: &House, game: &Game) -> Vec<String> {
    let mut fates: Vec<_> = games::deliveries(&house.ctx, &actor("ada"), game.id)
        .await
        .unwrap()
        .into_iter()
        .map(|notice| {
            let reason = notice.fate.reason.filter(|_| notice.fate.state != "sent").unwrap_or_default();
            let to = notice.name.unwrap_or_else(|| "channel".to_owned());
            format!("{} {to} {} {reason}", notice.fate.kind.as_str(), notice.fate.state).trim_end().to_owned()
        })
        .collect();
    fates.sort();
    fates
}

/// Waits until every delivery of the game has ended.
async fn at_rest(house: &House, game: &Game, count: usize) -> Vec<String> {
    house
        .until("every delivery has ended", async |house| {
            let fates = fates(house, game).await;
            let open = |fate: &String| fate.contains(" pending") || fate.contains(" sending");
            fates.len() >= count && !fates.iter().any(open)
        })
        .await;
    fates(house, game).await
}

fn in_doubt(fates: &[String]) -> bool {
    fates.iter().any(|fate| fate == "reminder Dana sending no_answer")
}

fn keys(oracle: &[Value]) -> Vec<String> {
    let mut keys: Vec<_> =
        oracle.iter().filter_map(|message| message["nonce"].as_str().map(str::to_owned)).collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn everybody_is_reminded_once_at_the_time() {
    let stage = Stage::set().await;
    let game = stage.game(|draft| draft.reminders = Some(vec![60])).await;
    let card = stage.card().await;
    for name in ["Dana", "Emre", "Goro"] {
        stage.press(name, &card, "Join").await;
    }
    stage.clock.advance(SignedDuration::from_mins(2));
    at_rest(&stage, &game, 4).await;
    stage.clock.advance(SignedDuration::from_mins(118));
    insta::assert_snapshot!(at_rest(&stage, &game, 8).await.join("\n"), @r"
    announcement channel sent
    joined Dana sent
    joined Emre sent
    reminder Ada sent
    reminder Dana sent
    reminder Emre sent
    reminder Goro sent
    waitlisted Goro sent
    ");
    let reminders = [stage.dms("Ada").await, stage.dms("Dana").await, stage.dms("Goro").await];
    let last: Vec<_> = reminders.iter().map(|dms| sketch(dms.last().unwrap())).collect();
    insta::assert_snapshot!(last.join("\n\n"), @r"
    Dragons
    The game that you **host** starts <t:1780326000:R>.
    When: <t:1780326000:F> (<t:1780326000:R>)
    Duration: 1 h
    Where: The long table
    Practice Guild

    Dragons
    Your game starts <t:1780326000:R>.
    When: <t:1780326000:F> (<t:1780326000:R>)
    Duration: 1 h
    Where: The long table
    Practice Guild

    Dragons
    A game starts <t:1780326000:R>. You are on its **waitlist**, at place 1.
    When: <t:1780326000:F> (<t:1780326000:R>)
    Duration: 1 h
    Where: The long table
    Practice Guild
    ");
    stage.strike().await;
}

#[tokio::test]
async fn notices_that_go_out_together_open_one_dm() {
    let stage = Stage::set().await;
    let mut games = Vec::new();
    for _ in 0..5 {
        games.push(stage.game(|draft| draft.reminders = Some(vec![60])).await);
    }
    for game in &games {
        at_rest(&stage, game, 1).await;
    }
    stage.captured.clear();
    stage.clock.advance(SignedDuration::from_mins(120));
    for game in &games {
        assert_eq!(at_rest(&stage, game, 2).await, ["announcement channel sent", "reminder Ada sent"]);
    }
    let spans = stage.captured.spans();
    let opened = spans.iter().filter(|span| span.name == "POST /users/@me/channels");
    assert_eq!(opened.count(), 1);
    stage.strike().await;
}

#[tokio::test]
async fn somebody_whose_dms_are_closed_is_mentioned_in_the_channel() {
    let stage = Stage::set().await;
    let game = stage.game(|_| {}).await;
    let card = stage.card().await;
    stage.change_person("Dana", json!({ "dms_open": false })).await;
    stage.press("Dana", &card, "Join").await;
    stage.clock.advance(SignedDuration::from_mins(2));
    insta::assert_snapshot!(at_rest(&stage, &game, 2).await.join("\n"), @r"
    announcement channel sent
    joined Dana sent
    ");
    let posted = stage.cards().await;
    assert_eq!(posted.len(), 2);
    insta::assert_snapshot!(sketch(&posted[1]), @r"
    <@1200000000000000304>
    Dragons
    You have a seat.
    When: <t:1780326000:F> (<t:1780326000:R>)
    Duration: 1 h
    Where: The long table
    Practice Guild
    ");
    assert_eq!(posted[1]["mentions"]["users"], json!([person("dana").to_string()]));
    stage.strike().await;
}

#[tokio::test]
async fn lost_answers_and_outages_leave_one_message_each() {
    let stage = Stage::set().await;
    let game = stage.game(|draft| draft.reminders = Some(vec![60])).await;
    let card = stage.card().await;
    for name in ["Dana", "Emre", "Goro", "Freya"] {
        stage.press(name, &card, "Join").await;
    }
    stage.clock.advance(SignedDuration::from_mins(2));
    at_rest(&stage, &game, 5).await;
    stage.faults(json!({ "lost_answers": 3, "html_errors": 2 })).await;
    stage.clock.advance(SignedDuration::from_mins(118));
    stage.clock.resume();
    at_rest(&stage, &game, 10).await;

    let keys = keys(&stage.oracle().await);
    let mut once = keys.clone();
    once.dedup();
    assert_eq!(keys, once, "no notice was seen twice");
    assert_eq!(keys.len(), 10, "every notice was seen");
    stage.strike().await;
}

#[tokio::test]
async fn a_crash_between_sending_and_writing_it_down_sends_nothing_twice() {
    let mut stage = Stage::set().await;
    let game = stage.game(|draft| draft.reminders = Some(vec![60])).await;
    let card = stage.card().await;
    stage.press("Dana", &card, "Join").await;
    stage.clock.advance(SignedDuration::from_mins(2));
    at_rest(&stage, &game, 2).await;

    // The reminder goes out, its answer is lost, and the process dies before it tries again.
    stage.faults(json!({ "lost_answers": 2 })).await;
    stage.clock.advance(SignedDuration::from_mins(118));
    stage.until("a reminder is out", async |stage| stage.dms("Dana").await.len() == 2).await;
    stage.until("its row says so", async |stage| in_doubt(&fates(stage, &game).await)).await;
    stage.crash().await;
    stage.faults(json!({})).await;

    // Much later than any nonce is remembered, and still before the game.
    stage.clock.advance(SignedDuration::from_mins(10));
    stage.captured.clear();
    stage.run();
    insta::assert_snapshot!(at_rest(&stage, &game, 4).await.join("\n"), @r"
    announcement channel sent
    joined Dana sent
    reminder Ada sent
    reminder Dana sent
    ");
    assert_eq!(stage.dms("Dana").await.len(), 2);
    let looked = stage.captured.spans().iter().any(|span| span.name == "GET /channels/{channel.id}/messages");
    assert!(looked, "it was found in the history");
    stage.strike().await;
}

#[tokio::test]
async fn a_cancelled_game_is_told_and_nothing_is_left() {
    let stage = Stage::set().await;
    let game = stage.game(|_| {}).await;
    let card = stage.card().await;
    stage.press("Dana", &card, "Join").await;
    games::cancel(&stage.ctx, &actor("ada"), game.id).await.unwrap();
    insta::assert_snapshot!(at_rest(&stage, &game, 2).await.join("\n"), @r"
    announcement channel sent
    cancelled Dana sent
    ");
    insta::assert_snapshot!(sketch(stage.dms("Dana").await.last().unwrap()), @r"
    Dragons
    This game is cancelled. It would have started <t:1780326000:R>.
    Practice Guild
    ");
    stage.until("the card says so", async |stage| sketch(&stage.card().await).ends_with("Cancelled")).await;
    stage.clock.advance(SignedDuration::from_hours(4));
    assert_eq!(at_rest(&stage, &game, 2).await.len(), 2, "nothing follows a cancelled game");
    stage.strike().await;
}

#[tokio::test]
async fn a_channel_is_tried_again_as_soon_as_the_bot_may_write_to_it() {
    let stage = Stage::set().await;
    stage.change_channel("games", json!({ "bot_writes": false })).await;
    let game = stage.game(|_| {}).await;
    let waits = ["announcement channel pending channel_forbidden"];
    stage.until("it is put off", async |stage| fates(stage, &game).await == waits).await;
    // The clock stands still: nothing but the gateway tells of it.
    stage.change_channel("games", json!({ "bot_writes": true })).await;
    assert_eq!(at_rest(&stage, &game, 1).await, ["announcement channel sent"]);
    stage.strike().await;
}

#[tokio::test]
async fn a_reminder_that_would_come_too_late_is_skipped() {
    let stage = Stage::set().await;
    let game = stage.game(|draft| draft.reminders = Some(vec![60])).await;
    stage.card().await;
    stage.faults(json!({ "outage": true })).await;
    stage.clock.advance(SignedDuration::from_mins(120));
    stage
        .until("it is in trouble", async |stage| {
            fates(stage, &game).await.iter().any(|fate| fate.starts_with("reminder Ada pending no_answer"))
        })
        .await;
    stage.clock.advance(SignedDuration::from_mins(61));
    stage.faults(json!({})).await;
    let fates = at_rest(&stage, &game, 2).await;
    assert_eq!(fates, ["announcement channel sent", "reminder Ada skipped expired"]);
    assert!(stage.dms("Ada").await.is_empty());
    stage.strike().await;
}

#[tokio::test]
async fn who_was_never_written_to_may_have_to_wait_and_holds_up_nobody() {
    let house = House::open(ServiceName::Bot).await;
    house.know_the_guild().await;
    let running = Running::start(&house, &house.ctx);
    let game = house.game(|_| {}).await;
    house.card().await;
    for name in ["dana", "emre"] {
        games::join(&house.ctx, &actor(name), game.id).await.unwrap();
    }
    let emre = house.ctx.discord.open_dm(person("emre")).await.unwrap();
    ledger::dm_opened(&house.ctx, person("emre"), emre).await.unwrap();
    for stranger in 1.. {
        let opened = house.ctx.discord.open_dm(UserId::new(stranger)).await;
        if matches!(opened, Err(RestError::Rationed { .. })) {
            break;
        }
    }

    games::cancel(&house.ctx, &actor("ada"), game.id).await.unwrap();
    let expected = ["announcement channel sent", "cancelled Dana pending new_dms", "cancelled Emre sent"]
        .map(str::to_owned);
    house.until("Emre is told", async |house| fates(house, &game).await == expected).await;
    house.until("the card follows", async |house| sketch(&house.card().await).ends_with("Cancelled")).await;
    running.stop().await;
    house.close().await;
}
