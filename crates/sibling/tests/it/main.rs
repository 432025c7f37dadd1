//! Two services that call each other over a real connection.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use clock::{Chance, Clock};
use sibling::{Arrived, CallError, Caller, Key, Sibling, Verifier};
use telemetry::{HttpServer, ServiceName, Telemetry, Verb};

const PATH: &str = "/internal/v1/hints";

fn key(seed: u64) -> Key {
    Key::random(&Chance::seeded(seed)).unwrap()
}

/// Answers at a free port: with 204 when it admits, else with 401; tells its spans.
async fn callee(telemetry: Telemetry) -> String {
    let verifier = Verifier::new(key(1), Clock::System);
    let handler = move |headers: HeaderMap, body: Bytes| async move {
        let arrived = Arrived { method: "POST", path: PATH, headers: &headers, body: &body };
        let Ok(caller) = verifier.admit(arrived) else { return StatusCode::UNAUTHORIZED };
        let request =
            HttpServer { method: "POST", route: Some(PATH), path: PATH, scheme: "http", link: None };
        telemetry.http_server_of_sibling(request, &caller).response(204);
        StatusCode::NO_CONTENT
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    telemetry::spawn(async move {
        axum::serve(listener, Router::new().route(PATH, post(handler))).await.unwrap();
    });
    address
}

fn caller(address: &str, key: Key, telemetry: &Telemetry) -> Caller {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let sibling = Sibling { address: address.parse().unwrap(), key };
    Caller::new(sibling, telemetry.clone(), (Clock::System, Chance::seeded(9))).unwrap()
}

#[tokio::test]
async fn a_call_and_its_answer_are_one_trace() {
    let (api, answered) = Telemetry::captured(ServiceName::Api);
    let (daemon, called) = Telemetry::captured(ServiceName::StatusTransitionDaemon);
    let to_api = caller(&callee(api).await, key(1), &daemon);

    let verb = daemon.verb(Verb { name: "games.transition" });
    verb.run(to_api.post(PATH, b"{}".to_vec())).await.unwrap();
    verb.run(to_api.post(PATH, b"{}".to_vec())).await.unwrap();
    drop(verb);

    insta::assert_snapshot!(called.shape(), @r"
    games.transition INTERNAL [muster.action] links=0
      POST /internal/v1/hints CLIENT [http.request.method, http.response.status_code, server.address, server.port, url.full, url.template] links=0
      POST /internal/v1/hints CLIENT [http.request.method, http.response.status_code, server.address, server.port, url.full, url.template] links=0
    ");
    let (calls, answers) = (called.spans(), answered.spans());
    assert_eq!(answers.len(), 2);
    for answer in answers {
        let call = calls.iter().find(|call| Some(&call.span_id) == answer.parent_span_id.as_ref()).unwrap();
        assert_eq!((call.name.as_str(), &call.trace_id), ("POST /internal/v1/hints", &answer.trace_id));
    }
}

#[tokio::test]
async fn a_stranger_is_told_no_and_learns_nothing_of_the_trace() {
    let (api, answered) = Telemetry::captured(ServiceName::Api);
    let (daemon, called) = Telemetry::captured(ServiceName::StatusTransitionDaemon);
    let address = callee(api).await;

    let refused = caller(&address, key(2), &daemon).post(PATH, b"{}".to_vec()).await;

    assert!(matches!(refused, Err(CallError::Refused(StatusCode::UNAUTHORIZED))), "{refused:?}");
    assert!(answered.spans().is_empty());
    let (span, log) = (&called.spans()[0], &called.logs()[0]);
    assert_eq!(span.attributes["error.type"], "401");
    assert_eq!(span.attributes["http.response.status_code"], "401");
    assert_eq!((called.logs().len(), log.span_id.as_ref()), (1, Some(&span.span_id)));
    assert_eq!(log.attributes["exception.message"], "the answer was 401 Unauthorized");
    let status = format!("{:?}", span.status);
    assert_eq!(status, r#"Error { description: "the answer was 401 Unauthorized" }"#);
}

#[tokio::test]
async fn a_sibling_that_is_gone_is_an_error_on_the_span() {
    let (daemon, called) = Telemetry::captured(ServiceName::NotificationDaemon);
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();

    let unanswered = caller(&format!("http://{free}"), key(1), &daemon).post(PATH, Vec::new()).await;

    assert!(matches!(unanswered, Err(CallError::NoAnswer(_))), "{unanswered:?}");
    assert_eq!(called.spans()[0].attributes["error.type"], "connection");
}
