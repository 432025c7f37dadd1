//! People press buttons and run commands; the bot answers.

use crate::bot::Bot;
use crate::stage::Stage;
use practice::cast;
use reqwest::Method;
use serde_json::{Value, json};
use twilight_model::application::interaction::InteractionData;
use twilight_model::channel::message::MessageFlags;
use twilight_model::http::interaction::{
    InteractionResponse, InteractionResponseData, InteractionResponseType,
};
use twilight_model::id::Id;

fn card() -> Value {
    json!({
        "embeds": [{ "title": "Moonfall", "description": "A heist", "color": 5_763_719 }],
        "components": [{ "type": 1, "components": [
            { "type": 2, "style": 3, "label": "Join", "custom_id": "v1:join:7" },
            { "type": 2, "style": 2, "label": "Leave", "custom_id": "v1:leave:7", "disabled": true },
            { "type": 2, "style": 5, "label": "Calendar", "url": "https://example.com/7.ics" },
        ] }],
    })
}

async fn post_card(stage: &Stage) -> String {
    let (status, message) = stage.post(cast::GAMES_CHANNEL_ID, card()).await;
    assert_eq!(status, 200, "{message}");
    message["id"].as_str().unwrap().to_owned()
}

fn deferred_ephemeral() -> InteractionResponse {
    let data = InteractionResponseData {
        flags: Some(MessageFlags::EPHEMERAL),
        ..InteractionResponseData::default()
    };
    InteractionResponse { kind: InteractionResponseType::DeferredChannelMessageWithSource, data: Some(data) }
}

#[tokio::test]
async fn a_press_is_deferred_and_then_answered_to_that_person_alone() {
    let stage = Stage::open().await;
    let (mut bot, _) = Bot::log_in(&stage).await;
    let message = post_card(&stage).await;

    let press =
        stage.script(Method::POST, "/press", json!({ "as": "Dana", "message": message, "button": "Join" }));
    let answer = async {
        let interaction = bot.interaction().await;
        let Some(InteractionData::MessageComponent(data)) = &interaction.data else { panic!("no component") };
        assert_eq!(data.custom_id, "v1:join:7");
        assert_eq!(interaction.author().unwrap().name, "dana");
        assert_eq!(interaction.message.as_ref().unwrap().id.to_string(), message);
        let member = interaction.member.as_ref().unwrap();
        assert!(member.roles.contains(&Id::new(cast::PLAYER_ROLE_ID)));
        assert!(member.permissions.is_some());
        let client = bot.http.interaction(interaction.application_id);
        client.create_response(interaction.id, &interaction.token, &deferred_ephemeral()).await.unwrap();
        let edit = client.update_response(&interaction.token).content(Some("You are in."));
        edit.allowed_mentions(Some(&twilight_model::channel::message::AllowedMentions::default()))
            .await
            .unwrap();
    };
    let (outcome, ()) = tokio::join!(press, answer);

    assert_eq!(outcome["reply"]["content"], "You are in.");
    assert_eq!(outcome["reply"]["only_for"], "Dana");
    assert_eq!(outcome["error"], Value::Null);
    assert!(outcome["acknowledged_ms"].as_f64().unwrap() < 3000.0);

    let seen = |name: &'static str| {
        let path = format!("/channels/games/messages?as={name}");
        let stage = &stage;
        async move { stage.script(Method::GET, &path, Value::Null).await.as_array().unwrap().len() }
    };
    assert_eq!((seen("Dana").await, seen("Emre").await), (2, 1));
}

#[tokio::test]
async fn a_command_reaches_the_bot_with_its_options_and_is_answered() {
    let stage = Stage::open().await;
    let (mut bot, _) = Bot::log_in(&stage).await;
    let commands = json!([{ "name": "game", "description": "Games", "options": [
        { "type": 1, "name": "list", "description": "What is coming", "options": [
            { "type": 6, "name": "host", "description": "Whose" },
            { "type": 4, "name": "days", "description": "How far", "required": false },
        ] },
    ] }]);
    let path = format!("/applications/{}/guilds/{}/commands", cast::APPLICATION_ID, cast::GUILD_ID);
    let (status, registered) = stage.call(Method::PUT, &path, commands).await;
    assert_eq!(status, 200, "{registered}");

    let run = stage.script(
        Method::POST,
        "/command",
        json!({ "as": "Emre", "channel": "games", "command": "/game list", "options": { "host": "Bruno", "days": 7 } }),
    );
    let answer = async {
        let interaction = bot.interaction().await;
        let Some(InteractionData::ApplicationCommand(data)) = &interaction.data else { panic!("no command") };
        assert_eq!(data.name, "game");
        assert_eq!(data.options[0].name, "list");
        let data = InteractionResponseData {
            content: Some("Nothing yet.".to_owned()),
            allowed_mentions: Some(twilight_model::channel::message::AllowedMentions::default()),
            ..InteractionResponseData::default()
        };
        let response =
            InteractionResponse { kind: InteractionResponseType::ChannelMessageWithSource, data: Some(data) };
        let client = bot.http.interaction(interaction.application_id);
        client.create_response(interaction.id, &interaction.token, &response).await.unwrap();
    };
    let (outcome, ()) = tokio::join!(run, answer);
    assert_eq!(outcome["reply"]["content"], "Nothing yet.");
    assert_eq!(outcome["reply"]["only_for"], Value::Null);
    assert_eq!(outcome["reply"]["interaction_metadata"]["name"], "game list");
}

/// Presses Join as Goro and gives the interaction that the bot got, without answering.
async fn pressed(stage: &Stage, bot: &mut Bot) -> (u64, String) {
    let message = post_card(stage).await;
    let press = json!({ "as": "Goro", "message": message, "button": "Join", "wait_ms": 0 });
    let press = stage.http.post(stage.url("/practice/v1/press")).json(&press).send();
    let interaction = async {
        let interaction = bot.interaction().await;
        let path = format!("/interactions/{}/{}/callback", interaction.id, interaction.token);
        // A deferred update acknowledges without showing anything.
        let (status, answer) = stage.call(Method::POST, &path, json!({ "type": 6 })).await;
        assert_eq!(status, 204, "{answer}");
        (interaction.id.get(), interaction.token)
    };
    tokio::join!(press, interaction).1
}

#[tokio::test]
async fn a_second_answer_is_refused() {
    let stage = Stage::open().await;
    let (mut bot, _) = Bot::log_in(&stage).await;
    let (id, token) = pressed(&stage, &mut bot).await;
    let path = format!("/interactions/{id}/{token}/callback");
    let (status, refused) = stage.call(Method::POST, &path, json!({ "type": 6 })).await;
    assert_eq!((status, &refused["code"]), (400, &json!(40060)));
}

#[tokio::test]
async fn an_answer_after_three_seconds_or_with_a_wrong_token_is_refused() {
    let stage = Stage::open().await;
    let (mut bot, _) = Bot::log_in(&stage).await;
    let message = post_card(&stage).await;
    let press =
        stage.script(Method::POST, "/press", json!({ "as": "Goro", "message": message, "button": "Join" }));
    let late = async {
        let interaction = bot.interaction().await;
        let path = |token: &str| format!("/interactions/{}/{token}/callback", interaction.id);
        let (status, refused) = stage.call(Method::POST, &path("wrong"), json!({ "type": 6 })).await;
        assert_eq!((status, &refused["code"]), (404, &json!(10062)));
        stage.clock.advance(jiff::SignedDuration::from_secs(4));
        let (status, refused) =
            stage.call(Method::POST, &path(&interaction.token), json!({ "type": 6 })).await;
        assert_eq!((status, &refused["code"]), (404, &json!(10062)));
    };
    let (outcome, ()) = tokio::join!(press, late);
    assert_eq!(outcome["error"], "The application did not respond");
    assert_eq!(outcome["acknowledged_ms"], Value::Null);
}

#[tokio::test]
async fn nobody_answers_when_no_bot_is_there() {
    let stage = Stage::open().await;
    let message = post_card(&stage).await;
    let press = json!({ "as": "Goro", "message": message, "button": "Join" });
    let outcome = stage.script(Method::POST, "/press", press).await;
    assert_eq!(outcome["error"], "The application did not respond");
}

#[tokio::test]
async fn a_token_sends_follow_ups_for_fifteen_minutes() {
    let stage = Stage::open().await;
    let (mut bot, _) = Bot::log_in(&stage).await;
    let (_, token) = pressed(&stage, &mut bot).await;
    let hook = format!("/webhooks/{}/{token}", cast::APPLICATION_ID);
    let note = json!({ "content": "by the way", "flags": 64, "allowed_mentions": { "parse": [] } });
    let (status, message) = stage.call(Method::POST, &hook, note.clone()).await;
    assert_eq!((status, &message["flags"]), (200, &json!(64)));
    let one = format!("{hook}/messages/{}", message["id"].as_str().unwrap());
    let edit = json!({ "content": "never mind", "allowed_mentions": { "parse": [] } });
    assert_eq!(stage.call(Method::PATCH, &one, edit).await.1["content"], "never mind");
    assert_eq!(stage.call(Method::DELETE, &one, Value::Null).await.0, 204);
    assert_eq!(stage.get(&one).await.1["code"], 10008);

    stage.clock.advance(jiff::SignedDuration::from_mins(16));
    let (status, refused) = stage.call(Method::POST, &hook, note).await;
    assert_eq!((status, &refused["code"]), (401, &json!(50027)));
}

#[tokio::test]
async fn an_update_changes_the_message_that_was_pressed() {
    let stage = Stage::open().await;
    let (mut bot, _) = Bot::log_in(&stage).await;
    let message = post_card(&stage).await;
    let press =
        stage.script(Method::POST, "/press", json!({ "as": "Goro", "message": message, "button": "Join" }));
    let update = async {
        let interaction = bot.interaction().await;
        let path =
            format!("/interactions/{}/{}/callback?with_response=true", interaction.id, interaction.token);
        let body =
            json!({ "type": 7, "data": { "embeds": [{ "title": "Moonfall, full" }], "components": [] } });
        let (status, response) = stage.call(Method::POST, &path, body).await;
        assert_eq!(status, 200);
        assert_eq!(response["interaction"]["response_message_id"], json!(message));
        assert_eq!(response["resource"]["message"]["embeds"][0]["title"], "Moonfall, full");
    };
    let (outcome, ()) = tokio::join!(press, update);
    assert_eq!(outcome["reply"]["id"], json!(message));
    assert_eq!(outcome["reply"]["components"], json!([]));
}

#[tokio::test]
async fn a_button_in_a_direct_message_works_without_a_guild() {
    let stage = Stage::open().await;
    let (mut bot, _) = Bot::log_in(&stage).await;
    let hana = json!({ "recipient_id": cast::find_person("Hana").unwrap().id.to_string() });
    let (_, direct) = stage.call(Method::POST, "/users/@me/channels", hana).await;
    let (_, message) = stage.post(direct["id"].as_str().unwrap().parse().unwrap(), card()).await;
    let button = |person: &str| json!({ "as": person, "message": message["id"], "button": "Join" });
    let (status, _) = stage.try_script(Method::POST, "/press", button("Goro")).await;
    assert_eq!(status, 404, "nobody else sees it");
    let press = stage.script(Method::POST, "/press", button("Hana"));
    let answer = async {
        let interaction = bot.interaction().await;
        assert!(interaction.is_dm() && interaction.guild_id.is_none());
        assert_eq!(interaction.author().unwrap().name, "hana");
        let client = bot.http.interaction(interaction.application_id);
        client.create_response(interaction.id, &interaction.token, &deferred_ephemeral()).await.unwrap();
        let none = twilight_model::channel::message::AllowedMentions::default();
        let edit = client.update_response(&interaction.token).content(Some("Noted."));
        edit.allowed_mentions(Some(&none)).await.unwrap();
    };
    let (outcome, ()) = tokio::join!(press, answer);
    assert_eq!(outcome["reply"]["content"], "Noted.");
}
