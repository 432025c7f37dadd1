use crate::outage::Running;
use crate::stage::Stage;
use actions::games;
use discord::message::Message;
use discord::{MessageAge, RestError, SentMessage};
use domain::MessageId;
use jiff::SignedDuration;
use telemetry::ServiceName;
use testkit::{House, actor, sketch};

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

/// How many edits ended so.
fn edits(house: &House, result: &str) -> f64 {
    let edits = house.captured.metric("muster.discord.card_edits").map(|metric| metric.points);
    edits
        .into_iter()
        .flatten()
        .filter(|point| point.attributes["result"] == result)
        .map(|point| point.value)
        .sum()
}

#[tokio::test]
async fn an_old_card_may_have_to_wait_and_holds_up_no_fresh_one() {
    let house = House::open(ServiceName::Bot).await;
    house.know_the_guild().await;
    let running = Running::start(&house, &house.ctx);
    let old = house.game(|_| {}).await;
    let card = house.card().await;
    house.clock.advance(SignedDuration::from_mins(61));
    let fresh = house.game(|_| {}).await;
    house.until("there are two", async |house| house.cards().await.len() == 2).await;
    for message in 1.. {
        let sent = SentMessage { id: MessageId::new(message), channel: old.terms.channel };
        let edited = house.ctx.discord.edit_message(sent, MessageAge::Old, &Message::text("Over.")).await;
        if matches!(edited, Err(RestError::Rationed { .. })) {
            break;
        }
    }

    for game in [old.id, fresh.id] {
        games::join(&house.ctx, &actor("dana"), game).await.unwrap();
    }
    let shown = async |house: &House| house.cards().await.iter().map(sketch).collect::<Vec<_>>();
    let follows = async |house: &House| shown(house).await[1].contains("Players 1/2");
    house.until("the fresh one follows", follows).await;
    house.until("the old one is put off", async |house| edits(house, "put_off") > 0.5).await;
    assert_eq!(shown(&house).await[0], sketch(&card));
    running.stop().await;
    house.close().await;
}
