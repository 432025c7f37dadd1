//! What clients hear when something is wrong.

use axum::body::Body;
use axum::http::{Request, header};
use practice::cast;
use serde_json::json;

use crate::house::House;

#[tokio::test]
async fn every_bad_body_is_told_apart() {
    let house = House::open().await;
    let ada = house.person("Ada").await;
    let send = async |media_type: &str, body: String| {
        let request = ada.request("POST", "/api/v1/games").header(header::CONTENT_TYPE, media_type);
        house.send(request.body(Body::from(body)).unwrap()).await.problem()
    };
    let json = "application/json";
    insta::assert_snapshot!(send(json, "{\"title\": ".to_owned()).await, @"400 /problems/malformed-json: It stops making sense at line 1, column 10.");
    insta::assert_snapshot!(send("text/plain", "hello".to_owned()).await, @"415 /problems/unsupported-media-type: Send the body as application/json.");
    insta::assert_snapshot!(send(json, "{\"guild\": 7}".to_owned()).await, @"422 /problems/invalid-input: One value can't be so. | /guild: Invalid type: integer `7`, expected a string.");
    insta::assert_snapshot!(send(json, " ".repeat(1 << 21)).await, @"413 /problems/body-too-large: The body has more than 1 MiB.");
    let wish = json!({"guild": "x", "title": "a", "start": "2026-06-02T12:00:00Z"});
    insta::assert_snapshot!(send(json, wish.to_string()).await, @"422 /problems/invalid-input: One value can't be so. | /guild: A Discord id is a string of digits.");
    let wish = json!({
        "guild": cast::GUILD_ID.to_string(), "title": "", "start": "2020-01-01T00:00:00Z", "seats": 900,
        "zone": "Mars/Base",
    });
    insta::assert_snapshot!(send(json, wish.to_string()).await, @"422 /problems/invalid-input: 4 values can't be so. | /title: Between 1 and 200 characters. | /seats: Between 1 and 100. | /zone: Not a time zone that we know. | /start: The start has to be in the future.");
    house.close().await;
}

#[tokio::test]
async fn what_is_not_there_is_said_as_problem_details() {
    let house = House::open().await;
    let ada = house.person("Ada").await;
    let answer = ada.get("/api/v1/nothing").await;
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
    let mut body = answer.json();
    let id = body["request_id"].as_str().unwrap().to_owned();
    assert_eq!(answer.headers["x-request-id"], id.as_str());
    body["request_id"] = json!("[id]");
    insta::assert_snapshot!(serde_json::to_string_pretty(&body).unwrap(), @r#"
    {
      "detail": "No page and no resource has this address.",
      "instance": "/api/v1/nothing",
      "request_id": "[id]",
      "status": 404,
      "title": "There is nothing here",
      "type": "/problems/not-found"
    }
    "#);

    insta::assert_snapshot!(ada.get("/api/v1/games/7").await.problem(), @"404 /problems/not-found: There is no such game.");
    let wrong = ada.json("PUT", "/api/v1/games", &json!({})).await;
    insta::assert_snapshot!(wrong.problem(), @"405 /problems/method-not-allowed: See the Allow header for what is.");
    insta::assert_snapshot!(wrong.headers[header::ALLOW].to_str().unwrap(), @"GET,HEAD,POST");
    house.close().await;
}

#[tokio::test]
async fn another_site_changes_nothing() {
    let house = House::open().await;
    let (ada, dana) = (house.person("Ada").await, house.person("Dana").await);
    let id = ada.game("Heist", 4).await;
    let path = format!("/api/v1/games/{id}/join");
    let forged =
        dana.request("POST", &path).header("sec-fetch-site", "cross-site").body(Body::empty()).unwrap();
    insta::assert_snapshot!(house.send(forged).await.problem(), @"403 /problems/cross-site: This change was asked for by another site, so it was not made.");
    let forged = dana
        .request("POST", &format!("/games/{id}/join"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("csrf=guessed"))
        .unwrap();
    insta::assert_snapshot!(house.send(forged).await.problem(), @"403 /problems/cross-site: This form is of an older session. Load the page again.");
    assert_eq!(ada.get(&format!("/api/v1/games/{id}")).await.json()["confirmed"], 0);
    house.close().await;
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let house = House::open().await;
    for path in ["/", "/sign-in", "/api/v1/me", "/livez", "/assets/muster.css", "/nothing"] {
        let answer = house.send(Request::get(path).body(Body::empty()).unwrap()).await;
        for (name, value) in look::SECURITY_HEADERS {
            assert_eq!(answer.headers[&name], value, "{path}");
        }
    }
    house.close().await;
}

#[tokio::test]
async fn readiness_tells_what_is_wrong() {
    let house = House::open().await;
    let ask = || Request::get("/readyz").body(Body::empty()).unwrap();
    insta::assert_snapshot!(house.send(ask()).await.text, @r#"{"ready":true,"checks":[]}"#);
    let gateway = house.ctx.readiness.gate("gateway");
    let answer = house.send(ask()).await;
    assert_eq!(answer.status, 503);
    insta::assert_snapshot!(answer.text, @r#"{"ready":false,"checks":[{"name":"gateway","wrong":"It has not started yet."}]}"#);
    gateway.open();
    assert_eq!(house.send(ask()).await.status, 200);
    house.stop.cancel();
    assert_eq!(house.send(ask()).await.status, 503);
    house.close().await;
}

#[tokio::test]
async fn a_guild_that_the_bot_is_not_in_is_unknown_to_everybody() {
    let house = House::open().await;
    let ada = house.person("Ada").await;
    house.captured.clear();
    for path in ["/api/v1/guilds/42", "/api/v1/guilds/42/templates", "/api/v1/games?guild=42"] {
        assert_eq!(ada.get(path).await.status, 404, "{path}");
    }
    let asked =
        house.captured.spans().into_iter().any(|span| span.name.contains("/guilds/{guild.id}/members"));
    assert!(!asked, "Discord was asked about a number that a stranger made up");
    house.close().await;
}
