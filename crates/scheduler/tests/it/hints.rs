//! What a daemon tells the API at once.

use crate::daemon::{Daemon, house};
use crate::rows::{events, settled};
use actions::Ctx;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use clock::{Chance, Clock};
use domain::Event;
use domain::due::Duty;
use jiff::SignedDuration;
use scheduler::Hints;
use sibling::{Arrived, Caller, Key, Sibling, Verifier};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use telemetry::TraceContext;
use tokio::net::TcpListener;

const PATH: &str = "/internal/v1/hints";

/// The hints that came, each with the trace that it came in.
type Came = Arc<Mutex<Vec<(TraceContext, Event)>>>;

fn key() -> Key {
    Key::random(&Chance::seeded(1)).unwrap()
}

fn hints(api: SocketAddr, ctx: &Ctx) -> Hints {
    let sibling = Sibling { address: format!("http://{api}").parse().unwrap(), key: key() };
    Hints::to(Caller::new(sibling, ctx.telemetry.clone(), (Clock::System, ctx.chance.clone())).unwrap())
}

/// An API that takes signed hints.
async fn api(came: &Came) -> SocketAddr {
    let (verifier, came) = (Verifier::new(key(), Clock::System), Arc::clone(came));
    let handler = move |headers: HeaderMap, body: Bytes| async move {
        let arrived = Arrived { method: "POST", path: PATH, headers: &headers, body: &body };
        let Ok(trace) = verifier.admit(arrived) else { return StatusCode::UNAUTHORIZED };
        came.lock().unwrap().push((trace, serde_json::from_slice(&body).unwrap()));
        StatusCode::NO_CONTENT
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    telemetry::spawn(async move {
        axum::serve(listener, Router::new().route(PATH, post(handler))).await.unwrap();
    });
    address
}

#[tokio::test]
async fn what_is_done_is_told_to_the_api_in_the_same_trace() {
    let house = house().await;
    let came = Came::default();
    let address = api(&came).await;
    let game = house.game(|draft| draft.reminders = Some(vec![60])).await;
    let transition = Daemon::start_with(&house, Duty::Transition, |ctx| hints(address, ctx)).await;
    let notify = Daemon::start_with(&house, Duty::Notify, |ctx| hints(address, ctx)).await;
    house.clock.advance(SignedDuration::from_hours(2));
    house.until("the reminder's hint", async |_| came.lock().unwrap().len() == 1).await;
    house.clock.advance(SignedDuration::from_hours(1));
    house.until("the start's hint", async |_| came.lock().unwrap().len() == 2).await;

    let came = came.lock().unwrap().clone();
    let hinted: Vec<_> = came.iter().map(|(_, event)| crate::rows::line(event)).collect();
    assert_eq!(hinted, events(&house, &game).await[1..], "they are the events that go over the bus");
    for (daemon, root, (trace, _)) in
        [(&notify, "notification.dispatch", &came[0]), (&transition, "status_transition.apply", &came[1])]
    {
        let root = daemon.spans(&house, root, 1).await.remove(0);
        let call = daemon.spans(&house, "POST /internal/v1/hints", 1).await.remove(0);
        assert_eq!((&call.trace_id, call.parent_span_id), (&root.trace_id, Some(root.span_id)));
        assert_eq!(trace.traceparent, format!("00-{}-{}-01", call.trace_id, call.span_id));
    }
    transition.stop().await;
    notify.stop().await;
    house.close().await;
}

#[tokio::test]
async fn an_api_that_does_not_answer_holds_up_nobody() {
    let house = house().await;
    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = deaf.local_addr().unwrap();
    let mut games = Vec::new();
    for _ in 0..20 {
        games.push(house.game(|draft| draft.reminders = Some(vec![])).await);
    }
    let daemon = Daemon::start_with(&house, Duty::Transition, |ctx| hints(address, ctx)).await;
    let began = std::time::Instant::now();
    house.clock.advance(SignedDuration::from_hours(3));
    for game in &games {
        settled(&house, game, "start").await;
    }
    let taken = began.elapsed();
    assert!(taken.as_secs() < 5, "a single hint would have been waited for as long: {taken:?}");
    daemon.stop().await;
    drop(deaf);
    house.close().await;
}
