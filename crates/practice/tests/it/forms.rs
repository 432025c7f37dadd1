//! Choices while typing, and forms that the bot opens.

use crate::bot::Bot;
use crate::stage::Stage;
use practice::cast;
use reqwest::Method;
use serde_json::{Value, json};
use twilight_model::application::interaction::InteractionData;

/// Answers the next interaction with `body`; gives the interaction's data.
async fn answer_next(stage: &Stage, bot: &mut Bot, body: Value) -> InteractionData {
    let interaction = bot.interaction().await;
    let path = format!("/interactions/{}/{}/callback", interaction.id, interaction.token);
    let (status, answer) = stage.call(Method::POST, &path, body).await;
    assert_eq!(status, 204, "{answer}");
    interaction.data.unwrap()
}

async fn register_create(stage: &Stage) {
    let path = format!("/applications/{}/commands", cast::APPLICATION_ID);
    let commands = json!([{ "name": "create", "description": "A game", "options": [
        { "type": 3, "name": "start", "description": "When", "autocomplete": true, "required": true },
    ] }]);
    assert_eq!(stage.call(Method::PUT, &path, commands).await.0, 200);
}

#[tokio::test]
async fn choices_are_offered_while_a_person_types() {
    let stage = Stage::open().await;
    let (mut bot, _) = Bot::log_in(&stage).await;
    register_create(&stage).await;
    let typing = stage.script(
        Method::POST,
        "/autocomplete",
        json!({ "as": "Bruno", "channel": "games", "command": "create", "options": { "start": "sat" }, "focused": "start" }),
    );
    let choices = json!([{ "name": "Saturday 19:00", "value": "2026-03-07T19:00" }]);
    let offered = answer_next(&stage, &mut bot, json!({ "type": 8, "data": { "choices": choices } }));
    let (outcome, data) = tokio::join!(typing, offered);
    assert!(matches!(data, InteractionData::ApplicationCommand(_)));
    assert_eq!(outcome["data"]["choices"], choices);
}

#[tokio::test]
async fn a_form_is_opened_filled_in_and_answered() {
    let stage = Stage::open().await;
    let (mut bot, _) = Bot::log_in(&stage).await;
    register_create(&stage).await;
    let run = stage.script(
        Method::POST,
        "/command",
        json!({ "as": "Bruno", "channel": "games", "command": "create", "options": { "start": "sat" } }),
    );
    let form = json!({ "custom_id": "v1:create", "title": "A new game", "components": [
        { "type": 1, "components": [{ "type": 4, "custom_id": "title", "label": "Title", "style": 1, "max_length": 10 }] },
        { "type": 18, "label": "Notes", "component": { "type": 4, "custom_id": "notes", "style": 2, "required": false } },
    ] });
    let (outcome, _) = tokio::join!(run, answer_next(&stage, &mut bot, json!({ "type": 9, "data": form })));
    assert_eq!((&outcome["data"]["title"], &outcome["reply"]), (&json!("A new game"), &Value::Null));

    let submission = |title: &str| json!({ "as": "Bruno", "interaction": outcome["interaction"], "values": { "title": title } });
    let (status, refused) =
        stage.try_script(Method::POST, "/submit", submission("far too long a title")).await;
    assert_eq!((status, &refused["error"]), (422, &json!("the field \"title\" takes 0 to 10 characters")));

    let submit = stage.script(Method::POST, "/submit", submission("Moonfall"));
    let thanks = json!({ "content": "Made.", "flags": 64, "allowed_mentions": { "parse": [] } });
    let (outcome, data) =
        tokio::join!(submit, answer_next(&stage, &mut bot, json!({ "type": 4, "data": thanks })));
    let InteractionData::ModalSubmit(data) = data else { panic!("no form") };
    assert_eq!((data.custom_id.as_str(), data.components.len()), ("v1:create", 2));
    assert_eq!(outcome["reply"]["content"], "Made.");
}

#[tokio::test]
async fn the_page_shows_a_form_that_the_bot_opens() {
    let stage = Stage::open().await;
    let (mut bot, _) = Bot::log_in(&stage).await;
    register_create(&stage).await;
    let run = [("as", "bruno"), ("at", "games"), ("content", "/create start:saturday 7pm")];
    let run = stage.http.post(stage.url("/page/say")).form(&run).send();
    let form = json!({ "custom_id": "v1:create", "title": "A new game", "components": [
        { "type": 1, "components": [{ "type": 4, "custom_id": "title", "label": "Title", "style": 1 }] },
    ] });
    let (page, _) = tokio::join!(run, answer_next(&stage, &mut bot, json!({ "type": 9, "data": form })));
    let html = page.unwrap().text().await.unwrap();
    assert!(html.contains("<h2>A new game</h2>") && html.contains("name=\"field.title\""), "{html}");
    let (_, id) = html.split_once("name=\"interaction\" value=\"").unwrap();
    let (id, _) = id.split_once('"').unwrap();

    let fields = [("as", "bruno"), ("at", "games"), ("interaction", id), ("field.title", "Moonfall")];
    let submit = stage.http.post(stage.url("/page/submit")).form(&fields).send();
    let thanks = json!({ "content": "Made Moonfall.", "allowed_mentions": { "parse": [] } });
    let (page, _) = tokio::join!(submit, answer_next(&stage, &mut bot, json!({ "type": 4, "data": thanks })));
    assert!(page.unwrap().text().await.unwrap().contains("Made Moonfall."));
}
