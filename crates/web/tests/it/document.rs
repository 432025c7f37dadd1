//! The API's document says what is served.

use axum::body::Body;
use axum::http::Request;

use crate::house::House;

#[test]
fn every_operation_is_listed() {
    let document = serde_json::to_value(web::openapi()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut lines = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let guarded = if operation.get("security").is_some() { "" } else { " (anyone)" };
            lines.push(format!("{} {path}{guarded}", method.to_uppercase()));
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    POST /api/v1/auth/logout
    POST /api/v1/auth/practice (anyone)
    GET /api/v1/events
    GET /api/v1/games
    POST /api/v1/games
    DELETE /api/v1/games/{id}
    GET /api/v1/games/{id}
    PATCH /api/v1/games/{id}
    GET /api/v1/games/{id}/deliveries
    POST /api/v1/games/{id}/join
    POST /api/v1/games/{id}/leave
    GET /api/v1/games/{id}/participants
    GET /api/v1/guilds
    GET /api/v1/guilds/{guild}
    GET /api/v1/guilds/{guild}/channels
    GET /api/v1/guilds/{guild}/templates
    GET /api/v1/me
    GET /livez (anyone)
    GET /readyz (anyone)
    GET /version (anyone)
    ");
}

#[test]
fn every_reference_leads_somewhere() {
    let text = web::openapi().to_json().unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn it_is_served() {
    let house = House::open().await;
    let answer = house.send(Request::get("/api/v1/openapi.json").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.json()["info"]["title"], "Muster");
    house.close().await;
}
