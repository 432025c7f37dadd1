//! The story of one game: everything that ever happened to it on one page, over all its traces.

use super::page::{DARK, DESKTOP, PHONE, Screen};
use super::stage::Stage;
use crate::api::Person;
use crate::program::eventually;
use practice::cast;
use serde_json::json;

/// The usual first reminder comes an hour before the start.
const REMINDED_MINUTES_BEFORE: i64 = 60;
/// The reminder is so far away when the game is made.
const SKIP_MINUTES: i64 = 15;

/// Room for the whole story.
const WIDE: Screen = Screen { name: "wide", width: 1280, height: 1240, colours: "light" };

#[tokio::test]
async fn everything_that_happened_to_a_game_is_on_one_page() {
    let Some(stage) = Stage::open().await else { return };
    let browser = &stage.browser;
    let game = evening(&stage).await;
    stage.sign_in("Ada").await;
    browser.open(&stage.dashboard("/observatory/games")).await;
    browser.follow(&game).await;
    browser.arrives_at("Story of a game").await;
    browser.sees_after_reload("Joined").await;
    follows_by_itself(&stage, &game).await;
    reminder(&stage).await;
    for screen in [DESKTOP, DARK, PHONE, PHONE_BY_NIGHT] {
        browser.show_on(screen).await;
        browser.open(&stage.dashboard(&format!("/observatory/games/{game}"))).await;
        browser.sees("Reminder").await;
        browser.inspect(&format!("{}/story", screen.name)).await;
    }
    browser.show_on(WIDE).await;
    browser.ask("document.querySelector('main h1').parentElement.scrollIntoView()").await;
    browser.take_picture_for_readme("story").await;
    refused(&stage, &game).await;
    stage.close().await;
}

/// Who isn't known is sent away, and the story says with what.
async fn refused(stage: &Stage, game: &str) {
    let nobody = Person::nobody(stage.program.http.clone(), stage.program.address("dashboard"));
    let answer = nobody.post(&format!("/api/v1/games/{game}/join"), &json!({})).await;
    assert_eq!(answer.status, 401, "{}", answer.text);
    stage.browser.sees("answered 401").await;
}

/// A telephone in bed.
const PHONE_BY_NIGHT: Screen = Screen { name: "phone-dark", colours: "dark", ..PHONE };

/// A game, and one who joins it and takes no direct messages. Gives the game.
async fn evening(stage: &Stage) -> String {
    let start =
        stage.guild.now().await + jiff::SignedDuration::from_mins(REMINDED_MINUTES_BEFORE + SKIP_MINUTES);
    let game =
        json!({ "guild": cast::GUILD_ID.to_string(), "title": "Moonfall", "start": start, "seats": 4 });
    let game = stage.person("Ada").await.create(&game).await;
    let card = eventually("the card", async || stage.guild.card("Moonfall").await).await;
    stage.guild.patch("people/Emre", json!({ "dms_open": false })).await;
    stage.guild.press("Emre", &card, "Join").await;
    game
}

/// Whoever looks sees the next chapter come.
async fn follows_by_itself(stage: &Stage, game: &str) {
    let marked = "document.documentElement.dataset.seen = 'before'";
    stage.browser.ask(marked).await;
    stage.person("Chidi").await.join(game).await;
    stage.browser.sees("Joined ×2").await;
    let kept = stage.browser.ask("return document.documentElement.dataset.seen").await;
    assert_eq!(kept, "before", "the page was not loaded anew");
    // A card rests after each edit: this one must not come in the way of what is next.
    let chidi = cast::find_person("Chidi").unwrap().id.to_string();
    let is_shown =
        async || stage.guild.card("Moonfall").await.filter(|card| card.to_string().contains(&chidi));
    eventually("Chidi on the card", is_shown).await;
}

/// It comes due while Discord has a bad moment; everybody gets it nevertheless, and the page says how.
async fn reminder(stage: &Stage) {
    stage.guild.faults(json!({ "html_errors": 1 })).await;
    stage.guild.advance(SKIP_MINUTES).await;
    for words in ["Reminder", "sent to the channel", "code 50007"] {
        stage.browser.sees(words).await;
    }
    stage.browser.sees_no("waiting").await;
    for words in ["1 no answer", "2 sent", "claimed", "program's clock"] {
        stage.browser.sees(words).await;
    }
}
