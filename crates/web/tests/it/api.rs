//! The JSON API, as a script uses it.

use axum::body::Body;
use axum::http::{Request, header};
use jiff::SignedDuration;
use practice::cast;
use serde_json::{Value, json};

use crate::house::House;

fn only(value: &Value, keys: &[&str]) -> String {
    let picked: Vec<_> = keys.iter().map(|key| format!("{key}={}", value[*key])).collect();
    picked.join(" ")
}

#[tokio::test]
async fn a_person_signs_in_and_out() {
    let house = House::open().await;
    let ada = house.person("Ada").await;
    insta::assert_snapshot!(ada.get("/api/v1/me").await.text, @r#"{"id":"1200000000000000301","name":"Ada"}"#);
    let gone = ada.post("/api/v1/auth/logout").await;
    assert_eq!(gone.status, 204);
    insta::assert_snapshot!(gone.headers[header::SET_COOKIE].to_str().unwrap(), @"muster_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    insta::assert_snapshot!(ada.get("/api/v1/me").await.problem(), @"401 /problems/not-signed-in: Sign in, or send a bearer token.");
    house.close().await;
}

#[tokio::test]
async fn a_bearer_token_is_as_good_as_a_session() {
    let house = House::open().await;
    let dana = domain::UserId::new(cast::find_person("Dana").unwrap().id);
    let times = (&house.ctx.clock, &house.ctx.chance);
    let token = actions::people::create_token(&house.ctx.store, (dana, "Dana"), times).await.unwrap();
    let ask = |token: &str| {
        Request::get("/api/v1/guilds")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::empty())
            .unwrap()
    };
    let answer = house.send(ask(token.expose())).await;
    insta::assert_snapshot!(answer.text, @r#"{"guilds":[{"id":"1200000000000000000","name":"Practice Guild","zone":"UTC","manages":false,"may_host":false}]}"#);
    assert_eq!(house.send(ask("muster_wrong")).await.status, 401);
    house.close().await;
}

#[tokio::test]
async fn a_game_is_made_joined_edited_and_cancelled() {
    let house = House::open().await;
    let (ada, dana, emre) =
        (house.person("Ada").await, house.person("Dana").await, house.person("Emre").await);
    let id = ada.game("Heist", 1).await;
    let path = format!("/api/v1/games/{id}");

    let joined = dana.post(&format!("{path}/join")).await.json();
    insta::assert_snapshot!(only(&joined, &["seat", "already"]), @r#"seat={"number":1,"state":"confirmed"} already=false"#);
    let again = dana.post(&format!("{path}/join")).await.json();
    insta::assert_snapshot!(only(&again, &["seat", "already"]), @r#"seat={"number":1,"state":"confirmed"} already=true"#);
    let waits = emre.post(&format!("{path}/join")).await.json();
    insta::assert_snapshot!(only(&waits, &["seat", "already"]), @r#"seat={"number":1,"state":"waitlisted"} already=false"#);

    let roster = ada.get(&format!("{path}/participants")).await.json();
    insta::assert_snapshot!(roster, @r#"{"confirmed":[{"class":"self_joined","joined_at":"2026-06-01T12:00:00Z","name":"Dana","user":"1200000000000000304"}],"waitlist":[{"class":"self_joined","joined_at":"2026-06-01T12:00:00.000001Z","name":"Emre","user":"1200000000000000305"}]}"#);
    let left = dana.post(&format!("{path}/leave")).await.json();
    insta::assert_snapshot!(only(&left, &["confirmed", "waiting", "my_seat"]), @"confirmed=1 waiting=0 my_seat=null");

    let edited =
        ada.json("PATCH", &path, &json!({"title": "Heist, again", "seats": 5, "place": ""})).await.json();
    insta::assert_snapshot!(only(&edited, &["title", "seats", "confirmed", "status"]), @r#"title="Heist, again" seats=5 confirmed=1 status="scheduled""#);
    let cancelled = ada.json("DELETE", &path, &json!({})).await.json();
    insta::assert_snapshot!(only(&cancelled, &["status"]), @r#"status="cancelled""#);
    insta::assert_snapshot!(dana.post(&format!("{path}/join")).await.problem(), @"409 /problems/game-closed: This game is cancelled and takes no more players.");
    house.close().await;
}

#[tokio::test]
async fn the_same_key_makes_one_game() {
    let house = House::open().await;
    let ada = house.person("Ada").await;
    let wish = json!({"guild": cast::GUILD_ID.to_string(), "title": "Once", "start": "2026-06-02T12:00:00Z"});
    let send = async |body: &Value| {
        let request = ada
            .request("POST", "/api/v1/games")
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", "k1");
        house.send(request.body(Body::from(body.to_string())).unwrap()).await
    };
    let first = send(&wish).await;
    let second = send(&wish).await;
    assert_eq!((first.status.as_u16(), first.location()), (201, second.location()));
    let other = send(&json!({"guild": wish["guild"], "title": "Twice", "start": wish["start"]})).await;
    insta::assert_snapshot!(other.problem(), @"409 /problems/idempotency-key-reused: This Idempotency-Key was used for another request.");
    assert_eq!(ada.get("/api/v1/games").await.json()["total"], 1);
    house.close().await;
}

#[tokio::test]
async fn games_are_filtered_before_they_are_cut_into_pages() {
    let house = House::open().await;
    let (ada, dana) = (house.person("Ada").await, house.person("Dana").await);
    for title in ["Alpha", "Beta", "Gamma"] {
        ada.game(title, 4).await;
    }
    let first = dana.get("/api/v1/games?limit=2&status=scheduled").await.json();
    assert_eq!((first["games"].as_array().unwrap().len(), &first["total"]), (2, &json!(3)));
    let cursor = first["next_cursor"].as_str().unwrap();
    let last = dana.get(&format!("/api/v1/games?limit=2&status=scheduled&cursor={cursor}")).await.json();
    assert_eq!((last["games"].as_array().unwrap().len(), &last["total"]), (1, &json!(3)));
    assert!(last.get("next_cursor").is_none());

    assert_eq!(dana.get("/api/v1/games?q=ALPH").await.json()["total"], 1);
    assert_eq!(dana.get("/api/v1/games?role=player").await.json()["total"], 0);
    assert_eq!(ada.get("/api/v1/games?role=host&status=scheduled,draft").await.json()["total"], 3);
    assert_eq!(dana.get("/api/v1/games?from=2026-06-03T00:00:00Z").await.json()["total"], 0);
    insta::assert_snapshot!(dana.get("/api/v1/games?limit=1000").await.problem(), @"422 /problems/invalid-input: One value can't be so. | limit: It is a number from 1 to 100.");
    house.close().await;
}

#[tokio::test]
async fn a_guild_shows_what_it_has() {
    let house = House::open().await;
    let ada = house.person("Ada").await;
    let guild = format!("/api/v1/guilds/{}", cast::GUILD_ID);
    insta::assert_snapshot!(ada.get(&guild).await.text, @r#"{"id":"1200000000000000000","name":"Practice Guild","zone":"UTC","manages":true,"may_host":true}"#);
    let templates = ada.get(&format!("{guild}/templates")).await.json();
    insta::assert_snapshot!(only(&templates["templates"][0], &["name", "is_default", "seats", "reminders", "signup"]), @r#"name="Default" is_default=true seats=10 reminders=[60,15] signup="open""#);
    let channels = ada.get(&format!("{guild}/channels")).await.json();
    insta::assert_snapshot!(channels["channels"].as_array().unwrap().len(), @"6");

    house.close().await;
}

#[tokio::test]
async fn only_those_who_run_a_game_see_the_fate_of_its_notices() {
    let house = House::open().await;
    let (ada, dana) = (house.person("Ada").await, house.person("Dana").await);
    let id = ada.game("Heist", 1).await;
    let path = format!("/api/v1/games/{id}/deliveries");
    insta::assert_snapshot!(ada.get(&path).await.text, @r#"{"deliveries":[]}"#);
    insta::assert_snapshot!(dana.get(&path).await.problem(), @"403 /problems/forbidden: You don't have the right to do that.");
    let edit = dana.json("PATCH", &format!("/api/v1/games/{id}"), &json!({"title": "Mine"})).await;
    insta::assert_snapshot!(edit.problem(), @"403 /problems/forbidden: You don't have the right to do that.");
    house.close().await;
}

#[tokio::test]
async fn a_draft_is_there_for_its_host_alone() {
    let house = House::open().await;
    let (ada, dana) = (house.person("Ada").await, house.person("Dana").await);
    let wish = json!({
        "guild": cast::GUILD_ID.to_string(), "title": "Secret", "start": "2026-06-02T12:00:00Z",
        "post_at": "2026-06-01T18:00:00Z",
    });
    let id = ada.json("POST", "/api/v1/games", &wish).await.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/games/{id}");
    assert_eq!(ada.get(&path).await.json()["status"], "draft");
    insta::assert_snapshot!(dana.get(&path).await.problem(), @"404 /problems/not-found: There is no such thing here.");
    insta::assert_snapshot!(dana.post(&format!("{path}/join")).await.problem(), @"404 /problems/not-found: There is no such thing here.");
    assert_eq!(dana.get("/api/v1/games").await.json()["total"], 0);
    house.close().await;
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used() {
    let house = House::open().await;
    let ada = house.person("Ada").await;
    house.clock.advance(SignedDuration::from_hours(23));
    assert_eq!(ada.get("/api/v1/me").await.status, 200);
    house.clock.advance(SignedDuration::from_hours(25));
    assert_eq!(ada.get("/api/v1/me").await.status, 401);
    house.close().await;
}
