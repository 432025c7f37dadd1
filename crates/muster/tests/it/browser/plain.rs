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
    stage.close().await;
}
