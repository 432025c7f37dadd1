//! The page, as a browser without JavaScript gets it.

use crate::bot::Bot;
use crate::stage::Stage;
use practice::cast;
use reqwest::Method;
use reqwest::header::{LOCATION, SET_COOKIE};
use serde_json::{Value, json};

/// The text of a page, one line per element that has some.
fn text(html: &str) -> String {
    let body = html.split_once("<body>").unwrap().1;
    let mut lines = Vec::new();
    for piece in body.split('<').skip(1) {
        let (tag, words) = piece.split_once('>').unwrap();
        let is_block =
            !["strong", "span", "em", "time", "code", "/", "a ", "b", "small", "i"].iter().any(|inline| {
                tag.starts_with(inline) && !tag.starts_with("button") && !tag.starts_with("blockquote")
            });
        if is_block || lines.is_empty() {
            lines.push(String::new());
        }
        lines.last_mut().unwrap().push_str(words);
    }
    lines.retain(|line| !line.trim().is_empty());
    lines.join("\n").replace("&nbsp;", "")
}

async fn page(stage: &Stage, path: &str) -> String {
    let response = stage.http.get(stage.url(path)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.text().await.unwrap()
}

#[tokio::test]
async fn a_channel_shows_messages_embeds_and_buttons() {
    let stage = Stage::open().await;
    let said = json!({ "as": "Bruno", "channel": "games", "content": "Who plays **Moonfall**?" });
    stage.script(Method::POST, "/say", said).await;
    stage
        .post(
            cast::GAMES_CHANNEL_ID,
            json!({
                "embeds": [{
                    "title": "Moonfall",
                    "color": 5_763_719,
                    "fields": [{ "name": "When", "value": "<t:1772395200:F> (<t:1772395200:R>)" },
                               { "name": "Host", "value": "<@1200000000000000302>", "inline": true }],
                    "footer": { "text": "1 of 4 seats" },
                }],
                "components": [{ "type": 1, "components": [
                    { "type": 2, "style": 3, "label": "Join", "custom_id": "j" },
                    { "type": 2, "style": 5, "label": "Calendar", "url": "https://example.com/7.ics" },
                ] }],
            }),
        )
        .await;
    let shown = text(&page(&stage, "/?as=dana&at=games").await);
    let (_, middle) = shown.split_once("Tables that look for players\n").unwrap();
    let (middle, _) = middle.split_once("\nMessage #games").unwrap();
    insta::assert_snapshot!(middle, @r"
    B
    Bruno 18:00
    Who plays Moonfall?
    M
    Muster APP 18:00
    Moonfall
    When
    Sunday, 1 March 2026 20:00 UTC (in 2 hours)
    Host
    @Bruno
    1 of 4 seats
    JoinCalendar ↗
    ");
}

#[tokio::test]
async fn pressing_a_button_is_a_form_that_comes_back_with_the_answer() {
    let stage = Stage::open().await;
    let (mut bot, _) = Bot::log_in(&stage).await;
    let (_, card) = stage
        .post(
            cast::GAMES_CHANNEL_ID,
            json!({ "content": "Moonfall", "components": [{ "type": 1, "components": [
                { "type": 2, "style": 3, "label": "Join", "custom_id": "v1:join:7" },
            ] }] }),
        )
        .await;
    let form =
        [("as", "dana"), ("at", "games"), ("message", card["id"].as_str().unwrap()), ("button", "v1:join:7")];
    let press = stage.http.post(stage.url("/page/press")).form(&form).send();
    let answer = async {
        let interaction = bot.interaction().await;
        let path = format!("/interactions/{}/{}/callback", interaction.id, interaction.token);
        let reply = json!({ "content": "You are in.", "flags": 64, "allowed_mentions": { "parse": [] } });
        stage.call(Method::POST, &path, json!({ "type": 4, "data": reply })).await;
    };
    let (response, ()) = tokio::join!(press, answer);
    let html = response.unwrap().text().await.unwrap();
    assert!(text(&html).contains("You are in.\nOnly you can see this"), "{}", text(&html));
    let others = text(&page(&stage, "/?as=emre&at=games").await);
    assert!(!others.contains("You are in."), "{others}");
}

#[tokio::test]
async fn the_box_writes_messages_and_runs_commands() {
    let stage = Stage::open().await;
    let say = async |content: &str| {
        let form = [("as", "dana"), ("at", "general"), ("content", content)];
        let response = stage.http.post(stage.url("/page/say")).form(&form).send().await.unwrap();
        text(&response.text().await.unwrap())
    };
    assert!(say("Good evening").await.contains("Good evening"));
    let unknown = say("/dance").await;
    assert!(unknown.contains("The bot has no command &quot;/dance&quot;; it has none."), "{unknown}");
    let path = format!("/applications/{}/commands", cast::APPLICATION_ID);
    stage.call(Method::PUT, &path, json!([{ "name": "dance", "description": "Dance" }])).await;
    assert!(say("/dance").await.contains("The application did not respond"), "nobody is logged in");
}

#[tokio::test]
async fn the_bar_moves_the_clock_and_switches_faults() {
    let stage = Stage::open().await;
    let send = async |path: &str, form: &[(&str, &str)]| {
        stage.http.post(stage.url(path)).form(form).send().await.unwrap().text().await.unwrap()
    };
    let moved = send("/page/clock", &[("as", "ada"), ("at", "games"), ("advance_seconds", "900")]).await;
    assert!(moved.contains("Sun 1 Mar 2026, 18:15:00"), "{moved}");
    send(
        "/page/faults",
        &[("as", "ada"), ("at", "games"), ("outage", "true"), ("latency_milliseconds", "5")],
    )
    .await;
    let faults = stage.script(Method::GET, "/faults", Value::Null).await;
    assert_eq!((&faults["outage"], &faults["latency_milliseconds"]), (&json!(true), &json!(5)));
    assert_eq!(faults["require_allowed_mentions"], false, "its box was not ticked");
    let closed = send("/page/dms", &[("as", "ada"), ("at", "games"), ("open", "false")]).await;
    assert!(closed.contains("DMs closed"));
}

#[tokio::test]
async fn the_page_remembers_who_i_am_and_loads_nothing_from_elsewhere() {
    let stage = Stage::open().await;
    let response = stage.http.get(stage.url("/?as=Hana")).send().await.unwrap();
    let cookie = response.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    assert_eq!(cookie, "practice_person=hana; Path=/; HttpOnly; SameSite=Lax");
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{policy}");
    let remembered =
        stage.http.get(stage.url("/")).header("cookie", "practice_person=hana").send().await.unwrap();
    let html = remembered.text().await.unwrap();
    assert!(html.contains("as Hana · Practice Discord"));
    assert!(!html.contains("style=") && !html.contains("<script>"), "nothing inline");
    for file in ["/page/practice.css", "/page/practice.js", "/page/icon.svg"] {
        let first = stage.http.get(stage.url(file)).send().await.unwrap();
        let tag = first.headers()["etag"].clone();
        let again = stage.http.get(stage.url(file)).header("if-none-match", tag).send().await.unwrap();
        assert_eq!((first.status().as_u16(), again.status().as_u16()), (200, 304), "{file}");
    }
}

#[tokio::test]
async fn what_a_person_may_not_see_is_not_shown() {
    let stage = Stage::open().await;
    let managers = page(&stage, "/?as=Chidi&at=staff").await;
    assert!(managers.contains("#staff as Chidi"));
    let players = page(&stage, "/?as=Goro&at=staff").await;
    assert!(players.contains("#games as Goro") && !players.contains("staff"));
}

#[tokio::test]
async fn the_page_opens_where_the_newest_message_is() {
    let stage = Stage::open().await;
    assert!(page(&stage, "/").await.contains("#games as Ada"), "nothing was said yet");
    let said = json!({ "as": "Chidi", "channel": "staff", "content": "Between us" });
    stage.script(Method::POST, "/say", said).await;
    assert!(page(&stage, "/").await.contains("#staff as Ada"));
    assert!(page(&stage, "/?as=goro").await.contains("#games as Goro"), "players don't see it");
    let bare = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let response = bare.get(stage.url("/?as=ada")).send().await.unwrap();
    assert_eq!(response.headers()[LOCATION], "/?as=ada&at=staff", "the page stays there");
}

#[tokio::test]
async fn another_site_cannot_press_buttons_through_a_browser() {
    let stage = Stage::open().await;
    let form = [("as", "ada"), ("at", "games"), ("content", "forged")];
    let forged = stage.http.post(stage.url("/page/say")).header("sec-fetch-site", "cross-site").form(&form);
    let response = forged.send().await.unwrap();
    assert_eq!(response.status(), 403);
    assert!(response.headers().get(LOCATION).is_none());
}

#[tokio::test]
async fn a_page_that_stays_open_hears_of_changes_and_of_the_end() {
    let stage = Stage::open().await;
    let mut live = stage.http.get(stage.url("/page/live")).send().await.unwrap();
    stage.post(cast::GAMES_CHANNEL_ID, json!({ "content": "news" })).await;
    let chunk = live.chunk().await.unwrap().unwrap();
    assert!(chunk.starts_with(b"data: "), "{chunk:?}");
    stage.close().await;
    while let Ok(Some(_)) = live.chunk().await {}
}
