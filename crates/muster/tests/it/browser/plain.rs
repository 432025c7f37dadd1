//! Somebody whose browser runs no scripts: everything works, only nothing follows by itself.

use super::stage::Stage;

#[tokio::test]
async fn scripts_are_a_comfort() {
    let Some(stage) = Stage::open().await else { return };
    let browser = &stage.browser;
    browser.forget_scripts().await;
    stage.sign_in("Ada").await;
    browser.follow("New game").await;
    browser.arrives_at("New game").await;
    browser.fill("Title", "Saltmarsh").await;
    browser.fill("Starts", &stage.in_minutes(24 * 60).await).await;
    browser.press("Create game").await;
    browser.arrives_at("Saltmarsh").await;
    let game = browser.address().await;

    stage.visit_guild("Dana", "games").await;
    browser.sees_after_reload("Saltmarsh").await;
    browser.press("Join").await;
    browser.sees("Only you can see this").await;
    browser.sees_after_reload("Players 1/").await;

    browser.open(&game).await;
    browser.press("Sign out").await;
    browser.arrives_at("Sign in").await;
    stage.sign_in("Dana").await;
    browser.follow("Saltmarsh").await;
    browser.sees("You have seat 1.").await;
    browser.press("Leave").await;
    browser.sees("You are not on the roster.").await;
    browser.press("Join").await;
    browser.sees("You have seat 1.").await;
    browser.press("Dark").await;
    browser.arrives_at("Saltmarsh").await;
    assert_eq!(browser.ask("return document.documentElement.dataset.theme").await, "dark");
    browser.inspect("game-without-scripts").await;
    story(&stage, &game).await;
    stage.close().await;
}

/// What happened to it, over all its traces.
async fn story(stage: &Stage, game: &str) {
    let browser = &stage.browser;
    let id = game.rsplit('/').next().unwrap();
    browser.open(&stage.dashboard(&format!("/observatory/games/{id}"))).await;
    browser.sees_after_reload("Left").await;
    browser.arrives_at("Story of a game").await;
    browser.follow("Trace of POST /games/{id}/leave").await;
    browser.arrives_at("POST /games/{id}/leave").await;
}
