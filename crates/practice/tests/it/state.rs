//! What survives a restart.

use crate::stage::{Setup, Stage};
use practice::{Practice, PracticeConfig, cast};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn everything_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = Some(folder.path().join("practice/state.json"));
    let setup = || Setup { data: data.clone(), ..Setup::default() };

    let stage = Stage::open_with(setup()).await;
    let token = stage.practice.token().to_owned();
    stage
        .post(cast::GAMES_CHANNEL_ID, json!({ "content": "still here", "nonce": "n", "enforce_nonce": true }))
        .await;
    stage.script(Method::PATCH, "/people/Hana", json!({ "roles": ["Host"], "dms_open": false })).await;
    let path = format!("/applications/{}/commands", cast::APPLICATION_ID);
    stage.call(Method::PUT, &path, json!([{ "name": "game", "description": "Games" }])).await;
    let before = stage.script(Method::GET, "/oracle", Value::Null).await;
    stage.close().await;

    let stage = Stage::open_with(setup()).await;
    assert_eq!(stage.practice.token(), token);
    assert_eq!(stage.script(Method::GET, "/oracle", Value::Null).await, before);
    let people = stage.script(Method::GET, "/people", Value::Null).await;
    assert_eq!((&people[7]["roles"], &people[7]["dms_open"]), (&json!(["Host"]), &json!(false)));
    assert_eq!(stage.get(&path).await.1[0]["name"], "game");
    let body = json!({ "content": "again", "nonce": "n", "enforce_nonce": true });
    let (_, same) = stage.post(cast::GAMES_CHANNEL_ID, body).await;
    assert_eq!(same["id"], before[0]["id"], "the nonce is remembered");
    stage.close().await;
}

#[tokio::test]
async fn a_damaged_state_file_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("state.json");
    std::fs::write(&data, "{\"layout\":").unwrap();
    let config = PracticeConfig {
        listener: tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(),
        clock: clock::Clock::System,
        chance: clock::Chance::seeded(1),
        data: Some(data.clone()),
        strict_limits: false,
        token: None,
    };
    let error = Practice::start(config, CancellationToken::new()).await.unwrap_err().to_string();
    assert!(error.starts_with("the practice state ") && error.contains("is damaged"), "{error}");
    assert_eq!(std::fs::read_to_string(&data).unwrap(), "{\"layout\":");
}

#[tokio::test]
async fn a_message_that_was_answered_for_survives_a_sudden_death() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("state.json");
    let stage = Stage::open_with(Setup { data: Some(data), ..Setup::default() }).await;
    let goro = json!({ "recipient_id": cast::find_person("Goro").unwrap().id.to_string() });
    let (_, direct) = stage.call(Method::POST, "/users/@me/channels", goro).await;
    let direct: u64 = direct["id"].as_str().unwrap().parse().unwrap();
    let (_, kept) = stage.post(direct, json!({ "content": "reminder" })).await;
    let (_, gone) = stage.post(direct, json!({ "content": "mistake" })).await;
    let path = format!("/channels/{direct}/messages/{}", gone["id"].as_str().unwrap());
    assert_eq!(stage.call(Method::DELETE, &path, Value::Null).await.0, 204);
    let before = stage.script(Method::GET, "/oracle", Value::Null).await;

    // What a machine finds after kill -9: the files as they are now.
    let found = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), found.path().join(file.file_name())).unwrap();
    }
    let data = Some(found.path().join("state.json"));
    let again = Stage::open_with(Setup { data, ..Setup::default() }).await;
    assert_eq!(again.script(Method::GET, "/oracle", Value::Null).await, before);
    let heard = again.script(Method::GET, "/people/Goro/messages", Value::Null).await;
    assert_eq!((heard.as_array().unwrap().len(), &heard[0]["id"]), (1, &kept["id"]));
    let (_, next) = again.post(direct, json!({ "content": "next" })).await;
    assert!(next["id"].as_str() > gone["id"].as_str(), "no id is given twice");
}

#[tokio::test]
async fn old_journals_are_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let data = Some(folder.path().join("state.json"));
    for _ in 0..3 {
        let stage = Stage::open_with(Setup { data: data.clone(), ..Setup::default() }).await;
        stage.post(cast::GAMES_CHANNEL_ID, json!({ "content": "x" })).await;
        stage.close().await;
    }
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 2, "the state and one journal");
}

#[tokio::test]
async fn it_stops_while_clients_hold_their_connections() {
    let stage = Stage::open().await;
    let (bot, _) = crate::bot::Bot::log_in(&stage).await;
    let silent = tokio::net::TcpStream::connect(stage.practice.address()).await.unwrap();
    let live = stage.http.get(stage.url("/page/live")).send().await.unwrap();
    let begun = std::time::Instant::now();
    stage.close().await;
    assert!(begun.elapsed() < std::time::Duration::from_secs(4), "{:?}", begun.elapsed());
    drop((bot, silent, live));
}
