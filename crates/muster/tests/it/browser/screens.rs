//! Every page, on every screen.

use super::page::{DARK, DESKTOP, PHONE, Screen};
use super::stage::Stage;
use crate::program::eventually;
use serde_json::Value;

/// Nothing of that id is anywhere.
const NO_GAME: &str = "/games/00000000-0000-7000-8000-000000000001";
const NO_TRACE: &str = "/observatory/traces/00000000000000000000000000000001";

/// Names and addresses of pages that are there for everybody, with their status.
const PAGES: [(&str, &str, u16); 15] = [
    ("home", "/", 200),
    ("games", "/games", 200),
    ("games-none", "/games?q=nothing+like+it", 200),
    ("form", "/games/new", 200),
    ("problems", "/problems", 200),
    ("problem", "/problems/not-found", 200),
    ("not-found", NO_GAME, 404),
    ("observatory", "/observatory", 200),
    ("traces", "/observatory/traces", 200),
    ("traces-none", "/observatory/traces?name=nothing+like+it", 200),
    ("trace-none", NO_TRACE, 404),
    ("logs", "/observatory/logs", 200),
    ("metrics", "/observatory/metrics", 200),
    ("metric", "/observatory/metrics?name=db.client.operation.duration", 200),
    ("health", "/observatory/health", 200),
];

/// The pages of one game.
const GAME_PAGES: [(&str, &str); 3] = [("game", ""), ("edit", "/edit"), ("cancel", "/cancel")];

/// Places of the practice Discord.
const PLACES: [(&str, &str); 3] = [("guild-games", "games"), ("guild-empty", "general"), ("guild-dm", "dm")];

#[tokio::test]
async fn every_page_fits_every_screen() {
    let Some(stage) = Stage::open().await else { return };
    let browser = &stage.browser;
    let game = fill(&stage).await;
    for screen in [DESKTOP, DARK, PHONE] {
        browser.show_on(screen).await;
        let name = |page: &str| format!("{}/{page}", screen.name);
        browser.open(&stage.dashboard("/sign-in")).await;
        browser.inspect(&name("sign-in")).await;
        stage.sign_in("Chidi").await;
        for (page, path, status) in PAGES {
            browser.open(&stage.dashboard(path)).await;
            browser.inspect_answer(&name(page), status).await;
        }
        for (page, path) in GAME_PAGES {
            browser.open(&stage.dashboard(&format!("{game}{path}"))).await;
            browser.inspect(&name(page)).await;
        }
        for (page, place) in PLACES {
            stage.visit_guild("Dana", place).await;
            browser.inspect(&name(page)).await;
        }
        is_painted(&stage, screen).await;
    }
    strangers_are_told(&stage, &game).await;
    colours_are_kept(&stage).await;
    stage.close().await;
}

/// A full game with a waitlist, and another; gives the path of the first.
async fn fill(stage: &Stage) -> String {
    let ada = stage.person("Ada").await;
    let game = stage.plan(&ada, "Lancer: The Long Rim", 2).await;
    stage.plan(&ada, "Moonfall", 12).await;
    for name in ["Dana", "Bruno", "Chidi", "Emre"] {
        stage.person(name).await.join(&game).await;
    }
    eventually("the card", async || stage.guild.card("Moonfall").await).await;
    format!("/games/{game}")
}

/// The ground has the colours that the system asks for.
async fn is_painted(stage: &Stage, screen: Screen) {
    let script = "return getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)";
    let ground = stage.browser.ask(script).await;
    let brightness: u64 = ground.as_array().unwrap().iter().filter_map(Value::as_u64).sum();
    assert_eq!(brightness > 3 * 128, screen.colours == "light", "{}: {ground}", screen.name);
}

/// Who may not, and who isn't there yet.
async fn strangers_are_told(stage: &Stage, game: &str) {
    let browser = &stage.browser;
    stage.sign_in("Emre").await;
    browser.open(&stage.dashboard(&format!("{game}/edit"))).await;
    browser.arrives_at("You may not do this").await;
    browser.inspect_answer("forbidden", 403).await;
    browser.press("Sign out").await;
    browser.arrives_at("Sign in").await;
    browser.open(&stage.dashboard(game)).await;
    browser.arrives_at("Sign in").await;
    browser.click("//button[.//span[normalize-space(.)='Emre']]").await;
    browser.arrives_at("Lancer: The Long Rim").await;
}

/// The switch goes over the system, stays on every page, and can be given back.
async fn colours_are_kept(stage: &Stage) {
    let browser = &stage.browser;
    browser.show_on(DESKTOP).await;
    browser.press("Dark").await;
    browser.sees("Lancer: The Long Rim").await;
    browser.follow("Observatory").await;
    browser.arrives_at("Observatory").await;
    is_painted(stage, DARK).await;
    browser.inspect("observatory-dark-by-choice").await;
    browser.press("System").await;
    eventually("the system's colours", async || {
        let theme = browser.ask("return document.documentElement.dataset.theme ?? null").await;
        theme.is_null().then_some(())
    })
    .await;
    browser.arrives_at("Observatory").await;
    is_painted(stage, DESKTOP).await;
}
