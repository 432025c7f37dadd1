//! Server-sent events.

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use domain::{ENVELOPE_VERSION, Event, EventBody, EventId, GameId, GuildId, Status};
use futures_util::StreamExt;
use practice::cast;
use testkit::START;
use tower::ServiceExt;
use uuid::Uuid;

use crate::house::{House, Person};

pub(crate) fn event(number: u128, game: &str, body: EventBody) -> Event {
    Event {
        version: ENVELOPE_VERSION,
        id: EventId::new(Uuid::from_u128(number)),
        guild: GuildId::new(cast::GUILD_ID),
        game: Some(game.parse::<GameId>().unwrap()),
        sequence: 2,
        occurred_at: START.parse().unwrap(),
        body,
    }
}

pub(crate) async fn listen(
    house: &House,
    person: &Person<'_>,
    path: &str,
    last: Option<u128>,
) -> BodyDataStream {
    let mut request: Request<Body> = person.request("GET", path).body(Body::empty()).unwrap();
    if let Some(last) = last {
        let id = Uuid::from_u128(last).to_string();
        request.headers_mut().insert("last-event-id", id.parse().unwrap());
    }
    let response = house.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    response.into_body().into_data_stream()
}

pub(crate) async fn heard(stream: &mut BodyDataStream, game: &str) -> String {
    let bytes = stream.next().await.unwrap().unwrap();
    String::from_utf8(bytes.to_vec()).unwrap().replace(game, "[game]")
}

#[tokio::test]
async fn open_pages_hear_of_changes() {
    let house = House::open().await;
    let (ada, dana) = (house.person("Ada").await, house.person("Dana").await);
    let id = ada.game("Heist", 4).await;
    let other = ada.game("Other", 4).await;
    let mut stream = listen(&house, &dana, &format!("/api/v1/events?game={id}"), None).await;
    house.live.tell(event(1, &other, EventBody::GameCreated { status: Status::Scheduled }));
    house.live.tell(event(
        2,
        &id,
        EventBody::GameStatusChanged { from: Status::Scheduled, to: Status::InProgress },
    ));
    insta::assert_snapshot!(heard(&mut stream, &id).await, @r#"
    id: 00000000-0000-0000-0000-000000000002
    event: game.status_changed
    data: {"guild":"1200000000000000000","game":"[game]","sequence":2,"occurred_at":"2026-06-01T12:00:00Z"}
    "#);
    let told = house.captured.spans();
    assert!(told.iter().all(|span| span.name != "games.show"), "looking for a listener is no story");
    house.stop.cancel();
    assert!(stream.next().await.is_none());
    house.close().await;
}

#[tokio::test]
async fn who_comes_back_hears_what_was_missed() {
    let house = House::open().await;
    let ada = house.person("Ada").await;
    let id = ada.game("Heist", 4).await;
    for number in 1..=3 {
        house.live.tell(event(number, &id, EventBody::GameCreated { status: Status::Scheduled }));
    }
    let mut stream = listen(&house, &ada, "/api/v1/events", Some(2)).await;
    assert!(heard(&mut stream, &id).await.contains(&Uuid::from_u128(3).to_string()));
    let mut stream = listen(&house, &ada, "/api/v1/events", Some(99)).await;
    insta::assert_snapshot!(heard(&mut stream, &id).await, @r"
    event: reset
    data: {}
    ");
    house.close().await;
}

#[tokio::test]
async fn nobody_hears_of_a_draft_that_is_not_theirs() {
    let house = House::open().await;
    let (ada, dana) = (house.person("Ada").await, house.person("Dana").await);
    let wish = serde_json::json!({
        "guild": cast::GUILD_ID.to_string(), "title": "Secret", "start": "2026-06-02T12:00:00Z",
        "post_at": "2026-06-01T18:00:00Z",
    });
    let draft = ada.json("POST", "/api/v1/games", &wish).await.json()["id"].as_str().unwrap().to_owned();
    let open = ada.game("Open", 4).await;
    let mut stream = listen(&house, &dana, "/api/v1/events", None).await;
    house.live.tell(event(1, &draft, EventBody::GameCreated { status: Status::Draft }));
    house.live.tell(event(2, &open, EventBody::GameCreated { status: Status::Scheduled }));
    assert!(heard(&mut stream, &open).await.contains(&Uuid::from_u128(2).to_string()));
    house.close().await;
}
