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
        "embeds": [{ "title": "Moonfall", "description": "A heist", "color": 0x57F287 }],
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
