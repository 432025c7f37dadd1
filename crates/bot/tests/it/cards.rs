use crate::stage::Stage;
use actions::games;
use jiff::SignedDuration;
use testkit::{actor, sketch};

#[tokio::test]
async fn a_card_follows_its_game_to_the_end() {
    let stage = Stage::set().await;
    stage.game(|_| {}).await;
    stage.card().await;
    stage.clock.advance(SignedDuration::from_hours(3));
    stage.until("it has started", async |stage| sketch(&stage.card().await).ends_with("In progress")).await;
    stage.clock.advance(SignedDuration::from_hours(1));
    stage.until("it is over", async |stage| sketch(&stage.card().await).ends_with("Completed")).await;
    stage.strike().await;
}

#[tokio::test]
async fn a_rush_of_signups_costs_few_edits() {
    let stage = Stage::set().await;
    stage.game(|draft| draft.seats = Some(7)).await;
    let card = stage.card().await;
    let people = ["Bruno", "Chidi", "Dana", "Emre", "Freya", "Goro", "Hana"];
    for name in people {
        stage.press(name, &card, "Join").await;
    }
    stage.until("all are on it", async |stage| sketch(&stage.card().await).contains("Players 7/7")).await;
    let edits = stage.card().await["edits"].as_u64().unwrap();
    assert!(edits < 7, "{edits} edits for seven signups");
    stage.strike().await;
}

#[tokio::test]
async fn a_deleted_card_of_an_open_game_is_posted_once_more() {
    let stage = Stage::set().await;
    let game = stage.game(|_| {}).await;
    let card = stage.card().await;
    stage.press("Dana", &card, "Join").await;
    stage.until("Dana is on it", async |stage| sketch(&stage.card().await).contains("Players 1/2")).await;
    stage.delete_message(&card).await;
    // The next change finds it gone.
    games::join(&stage.ctx, &actor("emre"), game.id).await.unwrap();
    stage
        .until("there is a new one", async |stage| {
            stage
                .cards()
                .await
                .first()
                .is_some_and(|new| new["id"] != card["id"] && sketch(new).contains("Players 2/2"))
        })
        .await;
    stage.strike().await;
}

#[tokio::test]
async fn the_longest_texts_that_a_game_may_have_fit_on_its_card() {
    let stage = Stage::set().await;
    stage
        .game(|draft| {
            draft.title = "*".repeat(200);
            draft.description = Some("_".repeat(2000));
            draft.place = Some("|".repeat(500));
            draft.seats = Some(100);
        })
        .await;
    let card = stage.card().await;
    let embed = &card["embeds"][0];
    assert!(embed["title"].as_str().unwrap().ends_with('…'));
    assert_eq!(embed["description"].as_str().unwrap().chars().count(), 4000, "each mark is escaped");
    stage.strike().await;
}
