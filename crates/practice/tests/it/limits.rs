//! Rate limits and faults, as a client meets them.

use crate::stage::{Setup, Stage};
use practice::cast;
use reqwest::{Method, Response};
use serde_json::{Value, json};

const GAMES: u64 = cast::GAMES_CHANNEL_ID;

async fn strict() -> Stage {
    Stage::open_with(Setup { strict_limits: true, ..Setup::default() }).await
}

async fn post(stage: &Stage, channel: u64) -> Response {
    let body = json!({ "content": "x", "allowed_mentions": { "parse": [] } });
    stage.rest(Method::POST, &format!("/channels/{channel}/messages")).json(&body).send().await.unwrap()
}

fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map_or(String::new(), |value| value.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_channel_takes_five_messages_and_says_how_many_are_left() {
    let stage = strict().await;
    let mut left = Vec::new();
    let mut buckets = Vec::new();
    for _ in 0..5 {
        let response = post(&stage, GAMES).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "x-ratelimit-limit"), "5");
        assert!(header(&response, "x-ratelimit-reset-after").parse::<f64>().unwrap() <= 5.0);
        left.push(header(&response, "x-ratelimit-remaining"));
        buckets.push(header(&response, "x-ratelimit-bucket"));
    }
    assert_eq!(left, ["4", "3", "2", "1", "0"]);

    let refused = post(&stage, GAMES).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(header(&refused, "x-ratelimit-scope"), "user");
    assert_eq!(header(&refused, "retry-after"), "5");
    let body: Value = refused.json().await.unwrap();
    assert_eq!((&body["message"], &body["global"]), (&json!("You are being rate limited."), &json!(false)));
    assert!(body["retry_after"].as_f64().unwrap() <= 5.0);

    let elsewhere = post(&stage, cast::GENERAL_CHANNEL_ID).await;
    assert_eq!(
        (elsewhere.status().as_u16(), header(&elsewhere, "x-ratelimit-bucket")),
        (200, buckets[0].clone())
    );
}

#[tokio::test]
async fn opening_direct_messages_too_fast_has_its_own_code() {
    let stage = strict().await;
    let open = json!({ "recipient_id": cast::people()[1].id.to_string() });
    let mut last = (0, Value::Null);
    for _ in 0..11 {
        last = stage.call(Method::POST, "/users/@me/channels", open.clone()).await;
    }
    assert_eq!((last.0, &last.1["code"]), (429, &json!(40003)));
}

#[tokio::test]
async fn faults_come_as_asked_and_go() {
    let stage = Stage::open().await;
    let faults = async |body: Value| stage.script(Method::PUT, "/faults", body).await;

    faults(json!({ "outage": true })).await;
    assert_eq!(post(&stage, GAMES).await.status(), 503);

    faults(json!({ "rate_limited": 1 })).await;
    let limited = post(&stage, GAMES).await;
    assert_eq!(
        (limited.status().as_u16(), header(&limited, "x-ratelimit-scope")),
        (429, "shared".to_owned())
    );
    assert_eq!(post(&stage, GAMES).await.status(), 200);

    faults(json!({ "html_errors": 1 })).await;
    let page = post(&stage, GAMES).await;
    assert_eq!((page.status().as_u16(), header(&page, "content-type").contains("html")), (502, true));

    faults(json!({ "closed_dms": true })).await;
    let open = json!({ "recipient_id": cast::people()[1].id.to_string() });
    let (_, direct) = stage.call(Method::POST, "/users/@me/channels", open).await;
    let direct = direct["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(stage.post(direct, json!({ "content": "x" })).await.1["code"], 50007);
}

#[tokio::test]
async fn a_lost_answer_is_a_message_that_was_posted_all_the_same() {
    let stage = Stage::open().await;
    stage.script(Method::PUT, "/faults", json!({ "lost_answers": 1 })).await;
    let body = json!({ "content": "lost?", "nonce": "k", "enforce_nonce": true, "allowed_mentions": { "parse": [] } });
    let path = format!("/channels/{GAMES}/messages");
    let lost = stage.rest(Method::POST, &path).json(&body).send().await;
    assert!(lost.is_err(), "the connection is dropped");
    let (status, again) = stage.call(Method::POST, &path, body).await;
    assert_eq!(status, 200);
    let record = stage.script(Method::GET, "/oracle", Value::Null).await;
    assert_eq!((record.as_array().unwrap().len(), &record[0]["id"]), (1, &again["id"]));
}

#[tokio::test]
async fn an_old_message_can_refuse_edits() {
    let stage = Stage::open().await;
    let (_, message) = stage.post(GAMES, json!({ "content": "x" })).await;
    let path = format!("/channels/{GAMES}/messages/{}", message["id"].as_str().unwrap());
    stage.script(Method::PUT, "/faults", json!({ "old_edits_refused": true })).await;
    let edit = json!({ "embeds": [{ "title": "t" }] });
    assert_eq!(stage.call(Method::PATCH, &path, edit.clone()).await.0, 200);
    stage.clock.advance(jiff::SignedDuration::from_hours(2));
    let (status, refused) = stage.call(Method::PATCH, &path, edit).await;
    assert_eq!((status, &refused["code"]), (429, &json!(30046)));
}
