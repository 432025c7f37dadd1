//! The internal listener: siblings and strangers.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, header};
use clock::{Chance, Clock, PracticeClock};
use domain::{EventBody, Status};
use http_body_util::BodyExt;
use jiff::SignedDuration;
use sibling::{Caller, Key, Sibling, Verifier};
use telemetry::{CapturedSpan, ServiceName, Telemetry, Verb};
use tokio::net::TcpListener;
use tower::ServiceExt;
use uuid::Uuid;

use crate::house::House;
use crate::live::{event, heard, listen};

const HINTS: &str = "/internal/v1/hints";
const STRANGER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn key() -> Key {
    Key::random(&Chance::seeded(1)).unwrap()
}

/// The number of the event that a hint tells of, and of one that the bus tells of later.
const HINTED: u128 = 7;
const LATER: u128 = 8;

fn begun(number: u128, game: &str) -> domain::Event {
    event(number, game, EventBody::GameStatusChanged { from: Status::Scheduled, to: Status::InProgress })
}

/// A hint: a game has begun.
fn hint(game: &str) -> Vec<u8> {
    serde_json::to_vec(&begun(HINTED, game)).unwrap()
}

/// A page that is open while `deed` is done: the number of the event that it hears of first. The bus tells of both.
async fn first_heard(house: &House, deed: impl AsyncFnOnce(&str)) -> u128 {
    let ada = house.person("Ada").await;
    let game = ada.game("Heist", 4).await;
    let mut page = listen(house, &ada, "/api/v1/events", None).await;
    house.captured.clear();
    deed(&game).await;
    house.live.tell(begun(LATER, &game));
    house.live.tell(begun(HINTED, &game));
    let told = heard(&mut page, &game).await;
    let number = [HINTED, LATER].into_iter().find(|it| told.contains(&Uuid::from_u128(*it).to_string()));
    number.unwrap_or_else(|| panic!("{told}"))
}

/// The internal listener at a free port, and a daemon that calls it by its clock.
async fn called_by(house: &House, telemetry: &Telemetry, clock: Clock) -> Caller {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let verifier = Verifier::new(key(), Clock::System);
    telemetry::spawn(web::serve_internal(listener, (house.app(), verifier), house.stop.clone()));
    let sibling = Sibling { address, key: key() };
    Caller::new(sibling, telemetry.clone(), (clock, Chance::seeded(2))).unwrap()
}

async fn server_span(house: &House) -> CapturedSpan {
    let is_hint = |span: &CapturedSpan| span.name == "POST /internal/v1/hints";
    house.until("its span", async |house| house.captured.spans().iter().any(is_hint)).await;
    house.captured.spans().into_iter().find(is_hint).unwrap()
}

#[tokio::test]
async fn a_signed_hint_goes_on_in_the_trace_of_its_caller() {
    let house = House::open().await;
    let (daemon, called) = Telemetry::captured(ServiceName::StatusTransitionDaemon);
    let to_api = called_by(&house, &daemon, Clock::System).await;

    let first = first_heard(&house, async |game| {
        let verb = daemon.verb(Verb { name: "games.transition" });
        verb.run(to_api.post(HINTS, hint(game))).await.unwrap();
    });
    assert_eq!(first.await, HINTED, "at once, and not again when the bus tells of it");

    let (server, spans) = (server_span(&house).await, called.spans());
    let client = spans.iter().find(|span| span.name == "POST /internal/v1/hints").unwrap();
    assert_eq!(server.trace_id, client.trace_id);
    assert_eq!(server.parent_span_id.as_ref(), Some(&client.span_id));
    assert!(server.links.is_empty(), "it is a child, and needs no link");
    assert_eq!(server.attributes["http.response.status_code"], "204");
    assert!(server.attributes.contains_key("muster.game.id"));
    house.close().await;
}

#[tokio::test]
async fn what_is_signed_too_early_or_too_late_is_a_stranger() {
    for away in [SignedDuration::from_mins(1), SignedDuration::from_mins(-1)] {
        let house = House::open().await;
        let (daemon, called) = Telemetry::captured(ServiceName::StatusTransitionDaemon);
        let clock = PracticeClock::stopped_at(Clock::System.now() + away);
        let to_api = called_by(&house, &daemon, Clock::Practice(clock)).await;

        let first = first_heard(&house, async |game| {
            let refused = to_api.post(HINTS, hint(game)).await.unwrap_err();
            assert_eq!(refused.to_string(), "the answer was 401 Unauthorized");
        });
        assert_eq!(first.await, LATER, "nothing is done");

        let (server, client) = (server_span(&house).await, called.spans().remove(0));
        assert_ne!(server.trace_id, client.trace_id, "its trace is not adopted");
        assert_eq!(server.links, [client.span_id], "it is only pointed to");
        house.close().await;
    }
}

/// The internal listener without a network.
fn router(house: &House) -> Router {
    web::internal_router(house.app(), Verifier::new(key(), Clock::System), house.stop.clone())
}

async fn post(house: &House, headers: &[(&str, &str)], body: Vec<u8>) -> (u16, HeaderMap, String) {
    let mut request = Request::post(HINTS).header(header::CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router(house).oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.into_body().collect().await.unwrap().to_bytes();
    (status, headers, String::from_utf8(text.to_vec()).unwrap())
}

#[tokio::test]
async fn a_stranger_is_told_401_and_nothing_is_done() {
    let house = House::open().await;
    let forged = [
        ("muster-timestamp", Clock::System.now().as_millisecond().to_string()),
        ("muster-nonce", "00".repeat(16)),
        ("muster-signature", format!("v1={}", "00".repeat(32))),
        ("traceparent", STRANGER.to_owned()),
    ];
    let forged: Vec<_> = forged.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut told = Vec::new();
    let first = first_heard(&house, async |game| {
        for headers in [&[("traceparent", STRANGER)][..], &forged, &forged[..2]] {
            let (status, headers, text) = post(&house, headers, hint(game)).await;
            let problem: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
            told.push(format!("{status} {} {}", problem["type"], problem["detail"]));
        }
    });
    assert_eq!(first.await, LATER);
    insta::assert_snapshot!(told.join("\n"), @r#"
    401 "/problems/unsigned" "The request was refused: it is not signed."
    401 "/problems/unsigned" "The request was refused: its signature is wrong."
    401 "/problems/unsigned" "The request was refused: it is not signed."
    "#);
    house.close().await;
}

#[tokio::test]
async fn a_stranger_starts_a_trace_of_their_own() {
    let house = House::open().await;
    let _logs = tracing::dispatcher::set_default(&house.ctx.telemetry.log_dispatch());
    post(&house, &[("traceparent", STRANGER)], Vec::new()).await;

    let server = server_span(&house).await;
    assert_ne!(server.trace_id, &STRANGER[3..35]);
    assert_eq!((&server.parent_span_id, &server.links), (&None, &vec![STRANGER[36..52].to_owned()]));
    let logs = house.captured.logs();
    let refused = logs.iter().find(|log| log.name.as_deref() == Some("internal.refused")).unwrap();
    assert_eq!(refused.attributes["reason"], "unsigned");
    assert_eq!(refused.trace_id, Some(server.trace_id));
    house.close().await;
}

#[tokio::test]
async fn a_body_that_is_no_hint_is_not_read_far() {
    let house = House::open().await;
    let signed = [("muster-signature", "v1=00")];
    let large = post(&house, &signed, vec![b' '; (4 << 10) + 1]).await;
    assert_eq!(large.0, 413, "{}", large.2);
    let unsigned = post(&house, &[], vec![b' '; 64 << 20]).await;
    assert_eq!(unsigned.0, 401, "it is not read at all");
    house.close().await;
}

#[tokio::test]
async fn the_public_listener_knows_no_siblings() {
    let house = House::open().await;
    let (daemon, called) = Telemetry::captured(ServiceName::StatusTransitionDaemon);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    telemetry::spawn(web::serve(listener, house.app(), house.stop.clone()));
    let sibling = Sibling { address, key: key() };
    let to_api = Caller::new(sibling, daemon, (Clock::System, Chance::seeded(2))).unwrap();

    let first = first_heard(&house, async |game| drop(to_api.post(HINTS, hint(game)).await.unwrap_err()));
    assert_eq!(first.await, LATER);

    let is_its = |span: &CapturedSpan| span.attributes["url.path"] == "/internal/…";
    house.until("its span", async |house| house.captured.spans().iter().any(is_its)).await;
    let server = house.captured.spans().into_iter().find(is_its).unwrap();
    let client = called.spans().remove(0);
    assert_ne!(server.trace_id, client.trace_id);
    assert_eq!(server.links, [client.span_id]);
    house.close().await;
}
