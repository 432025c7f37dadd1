use crate::stage::Stage;
use jiff::SignedDuration;
use serde_json::json;
use testkit::sketch;

#[tokio::test]
async fn seats_fill_the_waitlist_waits_and_the_next_one_moves_up() {
    let stage = Stage::set().await;
    stage.game(|_| {}).await;
    let card = stage.card().await;
    insta::assert_snapshot!(sketch(&card), @r"
    Dragons
    When: <t:1780326000:F>
    <t:1780326000:R>
    Duration: 1 h
    Host: <@1200000000000000301>
    Where: The long table
    Players 0/2: Nobody yet
    Open for signups
    ");

    insta::assert_snapshot!(stage.press("Dana", &card, "Join").await, @"You have a seat in **Dragons**. It starts <t:1780326000:R>.");
    stage.press("Emre", &card, "Join").await;
    insta::assert_snapshot!(stage.press("Goro", &card, "Join").await, @"All seats of **Dragons** are taken. You are on the waitlist, at place 1. It starts <t:1780326000:R>.");
    insta::assert_snapshot!(stage.press("Goro", &card, "Join").await, @"All seats of **Dragons** are taken. You are still on the waitlist, at place 1. It starts <t:1780326000:R>.");
    insta::assert_snapshot!(stage.press("Dana", &card, "Leave").await, @"You are no longer on the roster of **Dragons**.");

    stage.until("Goro is told", async |stage| !stage.dms("Goro").await.is_empty()).await;
    insta::assert_snapshot!(sketch(&stage.dms("Goro").await[0]), @r"
    Dragons
    A seat is free and it is yours: you moved up from the waitlist.
    When: <t:1780326000:F> (<t:1780326000:R>)
    Duration: 1 h
    Where: The long table
    Practice Guild
    ");
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
    insta::assert_snapshot!(nothing, @"No game is coming up here.");
    stage.game(|_| {}).await;
    let card = stage.card().await;
    stage.press("Dana", &card, "Join").await;
    stage
        .game(|draft| {
            draft.title = "Dungeons".to_owned();
            draft.start += SignedDuration::from_hours(1);
        })
        .await;

    insta::assert_snapshot!(stage.command("Dana", "game list", json!({})).await, @r"
    Coming up
    **Dragons** · <t:1780326000:F> · 1/2 · you have a seat
    **Dungeons** · <t:1780329600:F> · 0/2
    ");
    insta::assert_snapshot!(stage.command("Dana", "game mine", json!({})).await, @r"
    Your games
    **Dragons** · <t:1780326000:F> · 1/2 · you have a seat
    ");
    insta::assert_snapshot!(stage.command("Dana", "game show", json!({ "game": "ungeon" })).await, @r"
    Dungeons
    When: <t:1780329600:F>
    <t:1780329600:R>
    Duration: 1 h
    Host: <@1200000000000000301>
    Where: The long table
    Players 0/2: Nobody yet
    Open for signups
    ");
    insta::assert_snapshot!(stage.command("Dana", "game show", json!({ "game": "d" })).await, @r"
    Which one?
    **Dragons** · <t:1780326000:F> · 1/2 · you have a seat
    **Dungeons** · <t:1780329600:F> · 0/2
    ");
    insta::assert_snapshot!(stage.command("Dana", "game show", json!({ "game": "Chess" })).await, @"No game that is coming up here has that in its title.");
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
    insta::assert_snapshot!(stage.press("Hana", &card, "Leave").await, @"You are no longer on the roster of **Dragons**.");
    let unknown =
        stage.command("Hana", "game show", json!({ "game": "00000000-0000-0000-0000-000000000000" }));
    insta::assert_snapshot!(unknown.await, @"There is no such thing here.");
    stage.strike().await;
}
