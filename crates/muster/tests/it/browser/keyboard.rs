//! Somebody who has no mouse.

use super::chromium::Browser;
use super::stage::Stage;
use thirtyfour::Key;

/// Nothing on these pages is further away than this.
const FAR: usize = 60;
/// What has the focus, and whether one can see that it has.
const FOCUS: &str = "const at = document.activeElement;
    const style = getComputedStyle(at);
    const isSeen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    const name = at.labels?.[0]?.innerText ?? at.getAttribute('aria-label') ?? at.innerText ?? '';
    return [name.trim().replace(/\\s+/g, ' '), isSeen]";

impl Browser {
    /// Goes on with the tabulator until it has come to something of that name; gives what it came by.
    async fn tab_to(&self, name: &str) -> Vec<String> {
        let mut passed = Vec::new();
        for _ in 0..FAR {
            self.key(Key::Tab).await;
            let focus = self.ask(FOCUS).await;
            let found = focus[0].as_str().unwrap().to_owned();
            assert_eq!(focus[1], true, "one can't see that {found:?} has the focus");
            let is_it = found.starts_with(name);
            passed.push(found);
            if is_it {
                return passed;
            }
        }
        panic!("{name:?} is out of reach: {passed:?}");
    }
}

#[tokio::test]
async fn a_game_is_posted_and_joined_without_a_mouse() {
    let Some(stage) = Stage::open().await else { return };
    let browser = &stage.browser;
    browser.open(&stage.dashboard("/sign-in")).await;
    browser.tab_to("A Ada").await;
    browser.key(Key::Enter).await;
    browser.arrives_at("Next games").await;

    let passed = browser.tab_to("New game").await;
    assert_eq!(passed, ["Skip to content", "Muster", "Home", "Games", "New game"]);
    browser.key(Key::Enter).await;
    browser.arrives_at("New game").await;
    fill_in(&stage).await;
    browser.arrives_at("Heist").await;
    let game = browser.address().await;

    browser.tab_to("Sign out").await;
    browser.key(Key::Enter).await;
    browser.arrives_at("Sign in").await;
    browser.tab_to("E Emre").await;
    browser.key(Key::Enter).await;
    browser.arrives_at("Next games").await;
    browser.open(&game).await;
    // Past the bar at once.
    browser.tab_to("Skip to content").await;
    browser.key(Key::Enter).await;
    assert_eq!(browser.tab_to("Join").await, ["Games", "Join"]);
    browser.key(Key::Enter).await;
    browser.sees("You have seat 1.").await;
    stage.close().await;
}

/// The fields in their order, the date as an American keyboard types it.
async fn fill_in(stage: &Stage) {
    let browser = &stage.browser;
    browser.tab_to("Title").await;
    browser.type_keys("Heist").await;
    browser.tab_to("Starts").await;
    let start = stage.guild.now().await + jiff::SignedDuration::from_hours(48);
    browser.type_keys(&start.strftime("%m%d%Y").to_string()).await;
    browser.key(Key::Right).await;
    browser.type_keys("0730PM").await;
    assert_eq!(browser.value("Starts").await, start.strftime("%Y-%m-%dT19:30").to_string());
    browser.tab_to("Seats").await;
    browser.type_keys("3").await;
    browser.tab_to("Create game").await;
    browser.key(Key::Enter).await;
}
