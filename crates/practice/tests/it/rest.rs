//! Requests of the bot and what they are answered.

use crate::bot::client;
use crate::stage::Stage;
use practice::cast;
use reqwest::Method;
use serde_json::{Value, json};
use twilight_model::channel::message::AllowedMentions;
use twilight_model::id::Id;

const GAMES: u64 = cast::GAMES_CHANNEL_ID;

#[tokio::test]
async fn the_library_can_read_everything_it_asks_for() {
    let stage = Stage::open().await;
    let http = client(&stage);
    let guild = Id::new(cast::GUILD_ID);
    assert_eq!(
        http.guild(guild).with_counts(true).await.unwrap().model().await.unwrap().name,
        "Practice Guild"
    );
    assert_eq!(
        http.guild_channels(guild).await.unwrap().models().await.unwrap().len(),
        cast::channels().len()
    );
    assert_eq!(http.roles(guild).await.unwrap().models().await.unwrap().len(), cast::roles().len());
    let hana = cast::find_person("Hana").unwrap();
    let member = http.guild_member(guild, Id::new(hana.id)).await.unwrap().model().await.unwrap();
    assert_eq!(member.user.global_name.as_deref(), Some("Hana"));
    let found = http.search_guild_members(guild, "fre").await.unwrap().models().await.unwrap();
    assert_eq!(found.len(), 1);
    http.current_user_application().await.unwrap().model().await.unwrap();
    let direct = http.create_private_channel(Id::new(hana.id)).await.unwrap().model().await.unwrap();
    let none = AllowedMentions::default();
    let sent = http.create_message(direct.id).content("Hello").allowed_mentions(Some(&none));
    let message = sent.await.unwrap().model().await.unwrap();
    let read = http.message(direct.id, message.id).await.unwrap().model().await.unwrap();
    assert_eq!((read.id, read.content.as_str()), (message.id, "Hello"));
}

#[tokio::test]
async fn a_nonce_that_is_enforced_gives_the_same_message_again() {
    let stage = Stage::open().await;
    let body = json!({ "content": "once", "nonce": "delivery-1", "enforce_nonce": true });
    let (_, first) = stage.post(GAMES, body.clone()).await;
    let (_, again) = stage.post(GAMES, body.clone()).await;
    assert_eq!(first["id"], again["id"]);
    assert_eq!(again["nonce"], "delivery-1");

    stage.clock.advance(jiff::SignedDuration::from_mins(6));
    let (_, later) = stage.post(GAMES, body).await;
    assert_ne!(first["id"], later["id"], "the nonce is forgotten after a few minutes");

    let (_, unenforced) = stage.post(GAMES, json!({ "content": "once", "nonce": "delivery-1" })).await;
    assert_ne!(later["id"], unenforced["id"]);
}

#[tokio::test]
async fn refusals_have_discords_words() {
    let stage = Stage::open().await;
    let without_token = stage.http.get(stage.url("/api/v10/users/@me")).send().await.unwrap();
    let mut told =
        vec![format!("{} {}", without_token.status().as_u16(), without_token.text().await.unwrap())];
    let application = cast::APPLICATION_ID;
    let cases = [
        (Method::GET, "/nothing/here".to_owned(), Value::Null),
        (Method::DELETE, "/users/@me".to_owned(), Value::Null),
        (Method::GET, "/guilds/42".to_owned(), Value::Null),
        (Method::GET, "/guilds/abc".to_owned(), Value::Null),
        (Method::GET, "/users/42".to_owned(), Value::Null),
        (Method::GET, format!("/guilds/{}/members/42", cast::GUILD_ID), Value::Null),
        (Method::GET, format!("/guilds/{}/members", cast::GUILD_ID), Value::Null),
        (Method::GET, format!("/guilds/{}/members/search", cast::GUILD_ID), Value::Null),
        (Method::PUT, format!("/applications/{application}/commands"), json!([{ "name": "UPPER" }])),
        (Method::GET, format!("/applications/{application}/commands/42"), Value::Null),
        (Method::GET, "/applications/42/commands".to_owned(), Value::Null),
    ];
    for (method, path, body) in cases {
        let (status, answer) = stage.call(method, &path, body).await;
        told.push(format!("{status} {}", crate::messages::told(&answer)));
    }
    let broken =
        stage.rest(Method::POST, &format!("/channels/{GAMES}/messages")).body("{").send().await.unwrap();
    told.push(crate::messages::told(&broken.json().await.unwrap()));
    let version = stage.http.get(stage.url("/api/v8/gateway")).send().await.unwrap();
    told.push(crate::messages::told(&version.json().await.unwrap()));
    insta::assert_snapshot!(told.join("\n"), @r#"
    401 {"code":0,"message":"401: Unauthorized"}
    404 0 "404: Not Found"
    405 0 "405: Method Not Allowed"
    404 10004 "Unknown Guild"
    400 50035 "Invalid Form Body"
    guild_id: NUMBER_TYPE_COERCE Value "abc" is not snowflake.
    404 10013 "Unknown User"
    404 10007 "Unknown Member"
    403 50001 "Missing Access"
    400 50035 "Invalid Form Body"
    query: BASE_TYPE_REQUIRED This field is required
    400 50035 "Invalid Form Body"
    0.description: BASE_TYPE_REQUIRED This field is required
    0.name: APPLICATION_COMMAND_INVALID_NAME Command name is invalid
    404 10063 "Unknown application command"
    404 10002 "Unknown Application"
    50109 "The request body contains invalid JSON."
    50041 "Invalid API version"
    "#);
}

#[tokio::test]
async fn commands_are_registered_replaced_and_removed() {
    let stage = Stage::open().await;
    let path = format!("/applications/{}/commands", cast::APPLICATION_ID);
    let game = json!({ "name": "game", "description": "Games" });
    let (status, first) = stage.call(Method::POST, &path, game.clone()).await;
    assert_eq!(status, 201);
    let (status, again) = stage.call(Method::POST, &path, game.clone()).await;
    assert_eq!((status, &again["id"]), (200, &first["id"]));
    assert_ne!(again["version"], first["version"]);

    let both = json!([game, { "name": "muster", "description": "Settings" }]);
    let (_, all) = stage.call(Method::PUT, &path, both).await;
    assert_eq!((all.as_array().unwrap().len(), &all[0]["id"]), (2, &first["id"]));

    let one = format!("{path}/{}", first["id"].as_str().unwrap());
    let (_, edited) = stage.call(Method::PATCH, &one, json!({ "description": "All games" })).await;
    assert_eq!((&edited["description"], &edited["name"]), (&json!("All games"), &json!("game")));
    assert_eq!(stage.call(Method::DELETE, &one, Value::Null).await.0, 204);
    assert_eq!(stage.get(&path).await.1.as_array().unwrap().len(), 1);
}
