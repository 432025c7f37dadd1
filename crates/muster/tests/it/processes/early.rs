//! A process that ends before it has begun its work has told what there was to tell.

use crate::program::Home;
use axum::Router;
use axum::extract::{Request, State};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

type Paths = Arc<Mutex<Vec<String>>>;

/// A receiver of OTLP that notes which signals come.
async fn receiver() -> (String, Paths) {
    async fn take(State(paths): State<Paths>, request: Request) {
        paths.lock().unwrap().push(request.uri().path().to_owned());
    }
    let paths = Paths::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(take).with_state(Arc::clone(&paths));
    telemetry::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (endpoint, paths)
}

#[tokio::test]
async fn without_the_practice_clock_nothing_of_the_telemetry_is_lost() {
    let (endpoint, paths) = receiver().await;
    // By itself it is sent each minute.
    let home = Home::new()
        .set("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)
        .set("DATABASE_URL", "postgres://127.0.0.1:1/muster")
        .set("REDIS_URL", "redis://127.0.0.1:1")
        .set("AMQP_URL", "amqp://127.0.0.1:1")
        .set("MUSTER_PRACTICE_URL", "http://127.0.0.1:1");
    let ran = home.run(&["notification-daemon", "--health-listen", "127.0.0.1:0"]).await;
    assert_eq!(ran.code(), Some(2), "{ran:#?}");
    insta::assert_snapshot!(ran.stderr.trim_end(), @"muster: MUSTER_PRACTICE_URL: the practice Discord at http://127.0.0.1:1/practice/v1/clock does not tell its time: error sending request for url (http://127.0.0.1:1/practice/v1/clock)");
    let paths = paths.lock().unwrap();
    assert!(paths.iter().any(|path| path == "/v1/metrics"), "what was measured until then: {paths:?}");
}
