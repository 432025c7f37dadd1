//! Logging in and staying in.

use crate::bot::Bot;
use crate::socket::{INTENTS, Socket, identify};
use crate::stage::Stage;
use practice::cast;
use reqwest::Method;
use serde_json::{Value, json};

const GENERAL: u64 = cast::GENERAL_CHANNEL_ID;
const GUILD_MEMBERS: u64 = 1 << 1;

#[tokio::test]
async fn a_bot_logs_in_and_is_told_about_the_guild() {
    let stage = Stage::open().await;
    let (bot, guild) = Bot::log_in(&stage).await;
    assert_eq!(guild.name, "Practice Guild");
    assert_eq!(guild.owner_id.get(), cast::guild().owner_id);
    assert_eq!(guild.roles.len(), cast::roles().len());
    assert_eq!(guild.channels.len(), cast::channels().len());
    let members: Vec<u64> = guild.members.iter().map(|member| member.user.id.get()).collect();
    assert_eq!(members, [cast::APPLICATION_ID], "without the members intent");
    let me = bot.http.current_user().await.unwrap().model().await.unwrap();
    assert_eq!(me.id.get(), stage.practice.application_id());
}

#[tokio::test]
async fn ready_says_where_to_resume() {
    let stage = Stage::open().await;
    let mut socket = Socket::open(&stage).await;
    let mut ready = socket.identify(&stage, INTENTS).await;
    let data = &mut ready["d"];
    assert_eq!(data["resume_gateway_url"], format!("ws://{}/gateway", stage.practice.address()));
    assert!(data["session_id"].is_string());
    assert_eq!(data["guilds"], json!([{ "id": cast::GUILD_ID.to_string(), "unavailable": true }]));
    assert_eq!(data["application"], json!({ "id": cast::APPLICATION_ID.to_string(), "flags": 0 }));
    assert_eq!((&data["v"], &data["shard"]), (&json!(10), &json!([0, 1])));
    socket.send(json!({ "op": 1, "d": 2 })).await;
    let guild = socket.frame().await;
    assert_eq!((&guild["t"], &guild["s"]), (&json!("GUILD_CREATE"), &json!(2)));
    assert_eq!(socket.frame().await["op"], 11);
}

#[tokio::test]
async fn payloads_come_compressed_when_that_is_asked() {
    let stage = Stage::open().await;
    let mut socket = Socket::open_at(&stage, "?v=10&encoding=json&compress=zlib-stream").await;
    socket.identify(&stage, INTENTS).await;
    assert_eq!(socket.dispatch("GUILD_CREATE").await["d"]["name"], "Practice Guild");
}

#[tokio::test]
async fn what_was_missed_is_replayed_on_resume() {
    let stage = Stage::open().await;
    let mut socket = Socket::open(&stage).await;
    let session = socket.identify(&stage, INTENTS).await["d"]["session_id"].clone();
    let seen = socket.dispatch("GUILD_CREATE").await["s"].clone();
    socket.drop_line();

    stage.post(GENERAL, json!({ "content": "one" })).await;
    stage.post(GENERAL, json!({ "content": "two" })).await;

    let mut socket = Socket::open(&stage).await;
    let resume = json!({ "token": stage.practice.token(), "session_id": session, "seq": seen });
    socket.send(json!({ "op": 6, "d": resume })).await;
    let mut replayed = Vec::new();
    for _ in 0..3 {
        let frame = socket.frame().await;
        replayed.push(format!("{} {} {}", frame["s"], frame["t"], frame["d"]["content"]));
    }
    assert_eq!(
        replayed,
        ["3 \"MESSAGE_CREATE\" \"one\"", "4 \"MESSAGE_CREATE\" \"two\"", "5 \"RESUMED\" null"]
    );

    stage.post(GENERAL, json!({ "content": "three" })).await;
    assert_eq!(socket.frame().await["d"]["content"], "three");
}

#[tokio::test]
async fn a_session_that_is_unknown_cannot_be_resumed_but_the_connection_can_identify() {
    let stage = Stage::open().await;
    let mut socket = Socket::open(&stage).await;
    let resume = json!({ "token": stage.practice.token(), "session_id": "gone", "seq": 1 });
    socket.send(json!({ "op": 6, "d": resume })).await;
    let answer = socket.frame().await;
    assert_eq!((&answer["op"], &answer["d"]), (&json!(9), &json!(false)));
    socket.identify(&stage, INTENTS).await;
}

#[tokio::test]
async fn a_client_that_misbehaves_is_closed_with_the_documented_code() {
    let stage = Stage::open().await;
    let token = stage.practice.token();
    let shard = |pair: Value| {
        let mut payload = identify(token, INTENTS);
        payload["d"]["shard"] = pair;
        payload.to_string()
    };
    let known = identify(token, INTENTS).to_string();
    let cases: [(&str, u16, Vec<String>); 10] = [
        ("unknown opcode", 4001, vec![json!({ "op": 99 }).to_string()]),
        ("not JSON", 4002, vec!["{".to_owned()]),
        ("too large", 4002, vec![json!({ "op": 1, "d": "x".repeat(5000) }).to_string()]),
        ("before identifying", 4003, vec![json!({ "op": 3, "d": {} }).to_string()]),
        ("a wrong token", 4004, vec![identify("wrong", INTENTS).to_string()]),
        ("identifying twice", 4005, vec![known.clone(), known]),
        ("a sequence from the future", 4007, vec![]),
        ("a shard that can't be", 4010, vec![shard(json!([2, 1]))]),
        ("intents that don't exist", 4013, vec![identify(token, 1 << 40).to_string()]),
        ("intents that aren't enabled", 4014, vec![identify(token, GUILD_MEMBERS).to_string()]),
    ];
    for (what, code, payloads) in cases {
        let mut socket = Socket::open(&stage).await;
        if code == 4007 {
            let mut first = Socket::open(&stage).await;
            let session = first.identify(&stage, INTENTS).await["d"]["session_id"].clone();
            let resume = json!({ "token": token, "session_id": session, "seq": 999 });
            socket.send(json!({ "op": 6, "d": resume })).await;
        }
        for payload in &payloads {
            socket.send_text(payload).await;
        }
        assert_eq!(socket.close_code().await, code, "{what}");
    }
    let mut socket = Socket::connect(&stage, "?v=9&encoding=json").await;
    assert_eq!(socket.close_code().await, 4012, "another version");
}

#[tokio::test]
async fn too_many_payloads_are_rate_limited() {
    let stage = Stage::open().await;
    let mut socket = Socket::open(&stage).await;
    for _ in 0..121 {
        socket.send(json!({ "op": 1, "d": null })).await;
    }
    assert_eq!(socket.close_code().await, 4008);
}

#[tokio::test]
async fn a_script_can_ask_for_a_reconnect_an_invalid_session_or_a_close() {
    let stage = Stage::open().await;
    let mut socket = Socket::open(&stage).await;
    socket.identify(&stage, INTENTS).await;
    socket.dispatch("GUILD_CREATE").await;
    stage.script(Method::POST, "/gateway", json!({ "action": "reconnect" })).await;
    assert_eq!(socket.frame().await["op"], 7);
    stage.script(Method::POST, "/gateway", json!({ "action": "invalid_session", "resumable": true })).await;
    let frame = socket.frame().await;
    assert_eq!((&frame["op"], &frame["d"]), (&json!(9), &json!(true)));
    stage.script(Method::POST, "/gateway", json!({ "action": "close", "code": 4000 })).await;
    assert_eq!(socket.close_code().await, 4000);
}

#[tokio::test]
async fn only_what_the_intents_ask_for_is_told() {
    let stage = Stage::open().await;
    stage.script(Method::PUT, "/faults", json!({ "privileged_intents": true })).await;
    let mut without = Socket::open(&stage).await;
    without.identify(&stage, INTENTS).await;
    without.dispatch("GUILD_CREATE").await;
    let mut with = Socket::open(&stage).await;
    with.identify(&stage, INTENTS | GUILD_MEMBERS).await;
    let guild = with.dispatch("GUILD_CREATE").await;
    assert_eq!(guild["d"]["members"].as_array().unwrap().len(), cast::people().len() + 1);

    stage.script(Method::PATCH, "/people/Hana", json!({ "roles": ["Player"] })).await;
    stage.script(Method::PATCH, "/channels/games", json!({ "name": "tables" })).await;
    let update = with.frame().await;
    assert_eq!(update["t"], "GUILD_MEMBER_UPDATE");
    assert_eq!(update["d"]["roles"], json!([cast::PLAYER_ROLE_ID.to_string()]));
    assert_eq!(with.frame().await["t"], "CHANNEL_UPDATE");
    let first = without.frame().await;
    assert_eq!((&first["t"], &first["d"]["name"]), (&json!("CHANNEL_UPDATE"), &json!("tables")));
}

#[tokio::test]
async fn what_people_write_comes_without_its_text_unless_it_mentions_the_bot() {
    let stage = Stage::open().await;
    let mut socket = Socket::open(&stage).await;
    socket.identify(&stage, INTENTS).await;
    let say = async |channel: &str, content: String| {
        let said = json!({ "as": "Goro", "channel": channel, "content": content });
        stage.script(Method::POST, "/say", said).await;
    };
    say("general", "hello all".to_owned()).await;
    say("general", format!("hello <@{}>", cast::APPLICATION_ID)).await;
    say("dm", "hello you".to_owned()).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(socket.dispatch("MESSAGE_CREATE").await["d"]["content"].clone());
    }
    assert_eq!(seen, [json!(""), json!("hello <@1200000000000000400>"), json!("hello you")]);
}
