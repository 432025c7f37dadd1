//! A game is planned, fills, changes and is cancelled, seen from both sides.

use super::page::{DARK, DESKTOP, PHONE};
use super::stage::Stage;

#[tokio::test]
async fn a_game_lives_in_two_tabs() {
    let Some(stage) = Stage::open().await else { return };
    let browser = &stage.browser;
    stage.sign_in("Ada").await;
    browser.inspect("home-empty").await;
    make_a_mistake(&stage).await;
    finish_the_form(&stage).await;

    let dashboard = browser.tab().await;
    browser.ask("window.seenFirst = true").await;
    let guild = browser.open_tab().await;
    browser.show_on(DESKTOP).await;
    dana_joins(&stage).await;
    browser.switch_to(&dashboard).await;
    browser.sees("Dana").await;
    browser.sees("1 of 2 seats").await;

    browser.switch_to(&guild).await;
    fill_the_seats(&stage).await;
    browser.switch_to(&dashboard).await;
    browser.sees("2 of 2 seats · 1 waiting").await;
    assert_eq!(browser.ask("return window.seenFirst").await, true, "the page was never loaded again");
    browser.inspect("game-full").await;

    browser.switch_to(&guild).await;
    dana_leaves(&stage).await;
    browser.switch_to(&dashboard).await;
    browser.sees_no("waiting").await;
    browser.sees("Chidi").await;

    change_it(&stage).await;
    cancel_it(&stage).await;
    browser.switch_to(&guild).await;
    stage.visit_guild("Bruno", "games").await;
    browser.sees("Cancelled").await;
    browser.inspect("guild-cancelled").await;
    stage.close().await;
}

/// Forgets to say when it starts: nothing that was typed is lost, and it is said where.
async fn make_a_mistake(stage: &Stage) {
    let browser = &stage.browser;
    browser.follow("New game").await;
    browser.arrives_at("New game").await;
    browser.inspect("form").await;
    browser.fill("Title", "Lancer: The Long Rim").await;
    browser.fill("Description", "A mission on the frontier.\nBring a pilot.").await;
    browser.fill("Seats", "2").await;
    browser.fill("Where", "Table 3").await;
    browser.press("Create game").await;
    browser.sees("Nothing was saved yet").await;
    browser.inspect_answer("form-mistake", 422).await;
    assert_eq!(browser.value("Title").await, "Lancer: The Long Rim");
    assert_eq!(browser.value("Description").await, "A mission on the frontier.\nBring a pilot.");
    assert_eq!(browser.value("Seats").await, "2");
    assert_eq!(browser.value("Where").await, "Table 3");
    assert!(browser.hint("Starts").await.contains("Say when it starts."));
    assert!(!browser.hint("Time zone").await.contains("Say when"), "only the field that is wrong says so");
}

/// Looks at the announcement first.
async fn finish_the_form(stage: &Stage) {
    let browser = &stage.browser;
    browser.fill("Starts", &stage.in_minutes(24 * 60).await).await;
    browser.press("Preview").await;
    browser.sees("Open for signups").await;
    browser.inspect("form-preview").await;
    browser.press("Create game").await;
    browser.arrives_at("Lancer: The Long Rim").await;
    browser.sees("Announced in").await;
    // The announcement goes out a moment after the page: it follows.
    browser.sees("Sent").await;
    browser.inspect("game-announced").await;
    for (link, page) in [("Home", "Next games"), ("Games", "Games")] {
        browser.follow(link).await;
        browser.arrives_at(page).await;
        browser.sees("Lancer: The Long Rim").await;
        browser.inspect(&link.to_lowercase()).await;
    }
    browser.follow("Lancer: The Long Rim").await;
    browser.arrives_at("Lancer: The Long Rim").await;
}

/// In the practice Discord, whose page opens where the card is.
async fn dana_joins(stage: &Stage) {
    let browser = &stage.browser;
    browser.open(stage.program.address("practice")).await;
    browser.sees("Players 0/2").await;
    browser.inspect("guild-card").await;
    browser.click("//a[contains(@class, 'person')][.//span[starts-with(normalize-space(.), 'Dana')]]").await;
    browser.sees("Dana you").await;
    browser.press("Join").await;
    browser.sees("Only you can see this").await;
    browser.sees("Players 1/2").await;
    browser.inspect("guild-joined").await;
    browser.take_picture_for_readme("practice").await;
}

async fn fill_the_seats(stage: &Stage) {
    let browser = &stage.browser;
    for (name, card) in [("Bruno", "Players 2/2"), ("Chidi", "Waitlist 1")] {
        stage.visit_guild(name, "games").await;
        browser.press("Join").await;
        browser.sees(card).await;
    }
    let screens =
        [(DARK, "guild-waitlist-dark"), (PHONE, "guild-waitlist-phone"), (DESKTOP, "guild-waitlist")];
    for (screen, name) in screens {
        browser.show_on(screen).await;
        browser.inspect(name).await;
    }
}

/// Who waited is told by a direct message.
async fn dana_leaves(stage: &Stage) {
    let browser = &stage.browser;
    stage.visit_guild("Dana", "games").await;
    browser.press("Leave").await;
    browser.sees("Players 2/2").await;
    browser.sees_no("Waitlist").await;
    stage.visit_guild("Chidi", "dm").await;
    browser.sees("you moved up from the waitlist").await;
    browser.inspect("guild-promoted").await;
}

async fn change_it(stage: &Stage) {
    let browser = &stage.browser;
    browser.follow("Edit").await;
    browser.arrives_at("Edit game").await;
    browser.inspect("edit").await;
    browser.fill("Title", "Lancer: The Short Rim").await;
    browser.fill("Reminders", "soon").await;
    browser.press("Save changes").await;
    browser.sees("Nothing was saved yet").await;
    browser.inspect_answer("edit-mistake", 422).await;
    assert_eq!(browser.value("Reminders").await, "soon");
    browser.fill("Reminders", "30").await;
    browser.press("Save changes").await;
    browser.arrives_at("Lancer: The Short Rim").await;
    browser.sees("30 min before").await;
}

async fn cancel_it(stage: &Stage) {
    let browser = &stage.browser;
    browser.follow("Cancel game").await;
    browser.arrives_at("Cancel this game?").await;
    browser.inspect("cancel").await;
    browser.press("Cancel the game").await;
    browser.arrives_at("Lancer: The Short Rim").await;
    browser.sees("It is cancelled.").await;
    browser.inspect("game-cancelled").await;
}
