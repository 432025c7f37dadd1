//! One click, and everything that it set in motion.

use super::page::{DESKTOP, Screen};
use super::stage::Stage;
use crate::program::eventually;

/// The usual first reminder comes an hour before the start.
const REMINDED_MINUTES_BEFORE: i64 = 60;
/// What one press on the practice clock's first button skips.
const SKIP_MINUTES: i64 = 15;

/// Room for a whole waterfall.
const WIDE: Screen = Screen { name: "wide", width: 1620, height: 1140, colours: "light" };

#[tokio::test]
async fn a_story_is_followed_through_the_services() {
    let Some(stage) = Stage::open().await else { return };
    let browser = &stage.browser;
    stage.sign_in("Ada").await;
    create(&stage).await;
    remind(&stage).await;

    overview(&stage).await;
    let created = waterfall(&stage).await;
    reminder(&stage).await;
    browser.open(&created).await;
    logs(&stage).await;
    metrics(&stage).await;
    browser.follow("Health").await;
    browser.arrives_at("Health").await;
    browser.sees("The pipeline is turning").await;
    browser.inspect("observatory-health").await;
    stage.close().await;
}

/// So that the first reminder is due once the clock has skipped a quarter of an hour.
async fn create(stage: &Stage) {
    let browser = &stage.browser;
    browser.open(&stage.dashboard("/games/new")).await;
    browser.fill("Title", "Moonfall").await;
    browser.fill("Starts", &stage.in_minutes(REMINDED_MINUTES_BEFORE + SKIP_MINUTES).await).await;
    browser.press("Create game").await;
    browser.arrives_at("Moonfall").await;
}

async fn remind(stage: &Stage) {
    let browser = &stage.browser;
    stage.visit_guild("Ada", "dm").await;
    browser.press("+15 min").await;
    browser.sees("Moonfall").await;
    browser.inspect("guild-reminder").await;
}

async fn overview(stage: &Stage) {
    let browser = &stage.browser;
    browser.open(&stage.dashboard("/")).await;
    browser.follow("Observatory").await;
    browser.arrives_at("Observatory").await;
    browser.sees_after_reload("notification-daemon").await;
    browser.sees("api-service").await;
    browser.sees("Practice Discord").await;
    browser.inspect("observatory-overview").await;
}

/// The trace of the form: its SQL, its routing key, what Discord answered. Gives its address.
async fn waterfall(stage: &Stage) -> String {
    let browser = &stage.browser;
    browser.follow("Traces").await;
    browser.arrives_at("Traces").await;
    browser.inspect("observatory-traces").await;
    browser.fill("Name contains", "POST /games/new").await;
    browser.press("Search").await;
    browser.sees_no("GET /games/new").await;
    browser.follow("POST /games/new").await;
    browser.arrives_at("POST /games/new").await;
    // The bot's part may come a moment later, and the trace of the reminder after that.
    browser.sees_after_reload("Leads to").await;
    for detail in
        ["INSERT INTO games", "game.created", "POST /channels/{channel.id}/messages", "200 · bucket"]
    {
        browser.sees(detail).await;
    }
    browser.click("//summary[.//span[normalize-space(.)='INSERT games']]").await;
    browser.sees("db.query.text").await;
    browser.inspect("observatory-trace").await;
    browser.address().await
}

/// The trace that came due later, over the link.
async fn reminder(stage: &Stage) {
    let browser = &stage.browser;
    browser.click("//nav[.//span[.='Leads to']]//a[contains(., 'notification')]").await;
    browser.sees_after_reload("POST /channels/{channel.id}/messages").await;
    browser.sees("Scheduled by").await;
    browser.inspect("observatory-reminder").await;
    // As one who looks at the whole of it: no span unfolded, down to Discord's answer.
    let whole = browser.address().await;
    browser.open(whole.split('#').next().unwrap()).await;
    browser.show_on(WIDE).await;
    browser.sees("Scheduled by").await;
    browser.take_picture_for_readme("observatory").await;
    browser.show_on(DESKTOP).await;
    browser.click("//nav[.//span[.='Scheduled by']]//a[contains(., 'POST /games/new')]").await;
    browser.arrives_at("POST /games/new").await;
}

/// What was said meanwhile, with the same trace id.
async fn logs(stage: &Stage) {
    let browser = &stage.browser;
    let trace = browser.address().await;
    browser.follow("Logs of this trace").await;
    browser.arrives_at("Logs").await;
    browser.sees("Answered a request.").await;
    browser.inspect("observatory-logs").await;
    browser.click("//li[contains(@class, 'log-line')]//a[starts-with(normalize-space(.), 'Trace')]").await;
    browser.arrives_at("POST /games/new").await;
    let back = browser.address().await;
    assert!(back.starts_with(trace.split('#').next().unwrap()), "{back} is of another trace than {trace}");
}

async fn metrics(stage: &Stage) {
    let browser = &stage.browser;
    browser.follow("Metrics").await;
    browser.arrives_at("Metrics").await;
    browser.sees_after_reload("http.server.request.duration").await;
    browser.inspect("observatory-metrics").await;
    browser.follow("http.server.request.duration").await;
    browser.arrives_at("http.server.request.duration").await;
    browser.sees_after_reload("p99").await;
    let lines = browser.ask("return document.querySelectorAll('svg.chart polyline').length").await;
    assert!(lines.as_u64() > Some(0), "a chart has lines");
    browser.click("//figure//summary[normalize-space(.)='Table']").await;
    browser.inspect("observatory-metric").await;
    exemplar(stage).await;
}

/// The dot of one measurement leads to the span in which it was made.
async fn exemplar(stage: &Stage) {
    let browser = &stage.browser;
    let charts = browser.address().await;
    let dots = "//*[local-name()='svg']//*[local-name()='a' and contains(@class, 'exemplar')]";
    // The last one lies above the others.
    browser.click(&format!("({dots})[last()]")).await;
    let waterfall =
        "return document.readyState === 'complete' && document.querySelectorAll('.waterfall').length";
    eventually("the trace behind the dot", async || (browser.ask(waterfall).await == 1).then_some(())).await;
    let opened = browser.address().await;
    let (trace, span) = opened.split_once("#span-").unwrap();
    assert!(trace.contains("/observatory/traces/"), "{opened}");
    let marked =
        format!("return document.querySelector(':target')?.closest('details')?.innerText ?? '{span}?'");
    let marked = browser.ask(&marked).await;
    assert!(marked.as_str().unwrap().contains("http.route"), "{marked}: the request is unfolded");
    browser.open(&charts).await;
    browser.arrives_at("http.server.request.duration").await;
}
