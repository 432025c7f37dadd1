//! The script API: people, the clock, the guild.

use crate::stage::Stage;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn people_and_channels_are_listed() {
    let stage = Stage::open().await;
    let people = stage.script(Method::GET, "/people", Value::Null).await;
    let told: Vec<String> = people
        .as_array()
        .unwrap()
        .iter()
        .map(|person| format!("{} {}", person["global_name"], person["roles"]))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    "Ada" ["Host","Manager"]
    "Bruno" ["Player","Host"]
    "Chidi" ["Player","Manager"]
    "Dana" ["Veteran","Player"]
    "Emre" ["Player"]
    "Freya" ["Veteran","Player"]
    "Goro" ["Player"]
    "Hana" []
    "#);
    let channels = stage.script(Method::GET, "/channels", Value::Null).await;
    let told: Vec<String> = channels
        .as_array()
        .unwrap()
        .iter()
        .map(|channel| {
            format!(
                "{} bot sees: {}, people: {}",
                channel["name"],
                channel["bot_sees"],
                channel["seen_by"].as_array().unwrap().len()
            )
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    "general" bot sees: true, people: 8
    "announcements" bot sees: true, people: 8
    "games" bot sees: true, people: 8
    "archive" bot sees: true, people: 8
    "staff" bot sees: false, people: 2
    "#);
}

#[tokio::test]
async fn the_clock_goes_forward_stops_and_resumes() {
    let stage = Stage::open().await;
    let moved = stage.script(Method::POST, "/clock", json!({ "advance_seconds": 900 })).await;
    assert_eq!(
        moved,
        json!({
            "now": "2026-03-01T18:15:00Z",
            "running": false,
            "movable": true,
            "setting": "stopped 2026-03-01T18:15:00Z",
        })
    );
    assert_eq!(stage.script(Method::POST, "/clock", json!({ "resume": true })).await["running"], true);
    assert_eq!(stage.script(Method::POST, "/clock", json!({ "stop": true })).await["running"], false);
    let (status, refused) = stage.try_script(Method::POST, "/clock", json!({ "advance_seconds": -1 })).await;
    assert_eq!((status, refused), (422, json!({ "error": "the clock goes forward only" })));
}

#[tokio::test]
async fn another_program_follows_the_clock() {
    let stage = Stage::open().await;
    let known = stage.script(Method::GET, "/clock", Value::Null).await["setting"].clone();
    let path = format!("/clock?unlike={}", known.as_str().unwrap().replace(' ', "%20"));
    let (told, _) = tokio::join!(
        stage.script(Method::GET, &path, Value::Null),
        stage.script(Method::POST, "/clock", json!({ "advance_seconds": 60 })),
    );
    assert_eq!(told["setting"], "stopped 2026-03-01T18:01:00Z");
    let (status, refused) = stage.try_script(Method::GET, "/clock?unlike=noon", Value::Null).await;
    assert_eq!((status, refused), (422, json!({ "error": "`unlike` is no setting" })));
}

#[tokio::test]
async fn what_cannot_be_done_is_said_in_a_sentence() {
    let stage = Stage::open().await;
    let (_, card) = stage.post(practice::cast::GAMES_CHANNEL_ID, json!({ "content": "x", "components": [
        { "type": 1, "components": [{ "type": 2, "style": 1, "label": "Join", "custom_id": "j", "disabled": true }] },
    ] })).await;
    let message = &card["id"];
    let cases = [
        (Method::POST, "/press", json!({ "as": "Zoe", "message": message, "button": "Join" })),
        (Method::POST, "/press", json!({ "as": "Ada", "message": "1", "button": "Join" })),
        (Method::POST, "/press", json!({ "as": "Ada", "message": message, "button": "Jump" })),
        (Method::POST, "/press", json!({ "as": "Ada", "message": message, "button": "join" })),
        (Method::POST, "/press", json!({ "as": "Ada" })),
        (Method::POST, "/command", json!({ "as": "Ada", "channel": "games", "command": "game list" })),
        (Method::GET, "/channels/staff/messages?as=Goro", Value::Null),
        (Method::PATCH, "/people/Ada", json!({ "roles": ["Wizard"] })),
        (Method::PUT, "/faults", json!({ "earthquake": true })),
        (Method::GET, "/elsewhere", Value::Null),
    ];
    let mut told = Vec::new();
    for (method, path, body) in cases {
        let (status, answer) = stage.try_script(method, path, body).await;
        told.push(format!("{status} {}", answer["error"].as_str().unwrap()));
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    404 nobody here is called "Zoe"
    404 there is no message 1 that this person sees
    404 the message has no button "Jump"; it has Join
    409 the button "join" is switched off
    422 Failed to deserialize the JSON body into the target type: missing field `message` at line 1 column 12
    404 the bot has no command "game list"; it has none
    404 there is no channel "staff" that this person sees
    422 there is no role "Wizard" to give
    422 Failed to deserialize the JSON body into the target type: earthquake: unknown field `earthquake`, expected one of `outage`, `closed_dms`, `latency_milliseconds`, `lost_answers`, `rate_limited`, `html_errors`, `no_session_starts`, `old_edits_refused`, `require_allowed_mentions`, `privileged_intents` at line 1 column 13
    404 there is no such path; see docs/PRACTICE.md
    "#);
}

#[tokio::test]
async fn a_browser_on_another_site_cannot_act_here() {
    let stage = Stage::open().await;
    let reset =
        stage.http.post(stage.url("/practice/v1/reset")).header("origin", "https://elsewhere.example");
    assert_eq!(reset.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_reset_forgets_what_happened() {
    let stage = Stage::open().await;
    stage.post(practice::cast::GAMES_CHANNEL_ID, json!({ "content": "x" })).await;
    stage.script(Method::PATCH, "/people/Hana", json!({ "roles": ["Host"] })).await;
    stage.script(Method::POST, "/reset", Value::Null).await;
    assert_eq!(stage.script(Method::GET, "/oracle", Value::Null).await, json!([]));
    let people = stage.script(Method::GET, "/people", Value::Null).await;
    assert_eq!(people[7]["roles"], json!([]));
}
