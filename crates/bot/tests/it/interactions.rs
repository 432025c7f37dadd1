use crate::stage::{Stage, sketch};
use serde_json::json;

#[tokio::test]
async fn seats_fill_the_waitlist_waits_and_the_next_one_moves_up() {
    let stage = Stage::set().await;
    stage.game(|_| {}).await;
    let card = stage.card().await;
    insta::assert_snapshot!(sketch(&card), @"");

    insta::assert_snapshot!(stage.press("Dana", &card, "Join").await, @"");
    stage.press("Emre", &card, "Join").await;
    insta::assert_snapshot!(stage.press("Goro", &card, "Join").await, @"");
    insta::assert_snapshot!(stage.press("Goro", &card, "Join").await, @"");
    insta::assert_snapshot!(stage.press("Dana", &card, "Leave").await, @"");

    stage.until("Goro is told", async |stage| !stage.dms("Goro").await.is_empty()).await;
    insta::assert_snapshot!(sketch(&stage.dms("Goro").await[0]), @"");
    stage
        .until("the card follows", async |stage| {
            sketch(&stage.card().await).contains("2. <@1200000000000000307>")
        })
        .await;
    stage.strike().await;
}

#[tokio::test]
async fn commands_list_and_show_games() {
    let stage = Stage::set().await;
    let nothing = stage.command("Dana", "game list", json!({})).await;
    insta::assert_snapshot!(nothing, @"");
    stage.game(|_| {}).await;
    stage.game(|draft| draft.title = "Dungeons".to_owned()).await;
    let card = stage.card().await;
    stage.press("Dana", &card, "Join").await;

    insta::assert_snapshot!(stage.command("Dana", "game list", json!({})).await, @"");
    insta::assert_snapshot!(stage.command("Dana", "game mine", json!({})).await, @"");
    insta::assert_snapshot!(stage.command("Dana", "game show", json!({ "game": "ungeon" })).await, @"");
    insta::assert_snapshot!(stage.command("Dana", "game show", json!({ "game": "d" })).await, @"");
    insta::assert_snapshot!(stage.command("Dana", "game show", json!({ "game": "Chess" })).await, @"");
    stage.strike().await;
}

#[tokio::test]
async fn what_is_not_possible_is_said_politely() {
    let stage = Stage::set().await;
    let game = stage.game(|draft| draft.signup = Some(domain::SignupMethod::HostPicks)).await;
    let card = stage.card().await;
    let id = game.id;
    let show = stage.command("Hana", "game show", json!({ "game": id.to_string() })).await;
    assert!(show.contains("Dragons"), "{show}");
    insta::assert_snapshot!(stage.press("Hana", &card, "Leave").await, @"");
    let unknown =
        stage.command("Hana", "game show", json!({ "game": "00000000-0000-0000-0000-000000000000" }));
    insta::assert_snapshot!(unknown.await, @"");
    stage.strike().await;
}

#[tokio::test]
async fn a_click_is_one_trace_to_the_card() {
    let stage = Stage::set().await;
    stage.game(|_| {}).await;
    let card = stage.card().await;
    stage
        .until("the ledger is at rest", async |stage| {
            stage.captured.spans().iter().any(|s| s.name == "delivery.send announcement")
        })
        .await;
    stage.captured.clear();
    stage.press("Dana", &card, "Join").await;
    stage
        .until("the card follows", async |stage| {
            stage.captured.spans().iter().any(|span| span.name == "delivery.send card")
        })
        .await;
    let spans = stage.captured.spans();
    let root = spans.iter().find(|span| span.name == "discord.interaction join").unwrap();
    let trace: Vec<_> = spans.iter().filter(|span| span.trace_id == root.trace_id).cloned().collect();
    insta::assert_snapshot!(telemetry::shape(&trace), @"");
    stage.strike().await;
}
