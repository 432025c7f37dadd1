//! `muster doctor --grafana-cloud`, towards a gateway of ours.

use crate::program::Home;
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A gateway that knows one user, and its address.
async fn gateway() -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/otlp", listener.local_addr().unwrap());
    let answer = async |headers: HeaderMap| {
        let is_known = headers["authorization"] == "Basic MTIzNDU2OmdsY19zZWNyZXQ=";
        if is_known { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
    };
    let routes = Router::new().route("/otlp/v1/{signal}", post(answer));
    let mut tasks = JoinSet::new();
    tasks.spawn(async { axum::serve(listener, routes).await.unwrap() });
    (address, tasks)
}

#[tokio::test]
async fn the_doctor_tries_the_way_to_grafana_cloud() {
    let nothing = Home::new().run(&["doctor", "--grafana-cloud"]).await;
    assert_eq!(nothing.code(), Some(1), "{nothing:#?}");
    insta::assert_snapshot!(nothing.stdout, @"
    wrong  GRAFANA_CLOUD_OTLP_ENDPOINT: it is not set; copy the endpoint from Cloud Portal, your stack, Configure on the tile OpenTelemetry
    wrong  GRAFANA_CLOUD_INSTANCE_ID: it is not set; copy the instance ID from Cloud Portal, your stack, Configure on the tile OpenTelemetry
    wrong  GRAFANA_CLOUD_API_KEY: it is not set; Generate now: Cloud Portal, your stack, Configure on the tile OpenTelemetry
    ");

    let (address, _tasks) = gateway().await;
    let home = |instance: &str| {
        let home = Home::new().set("GRAFANA_CLOUD_OTLP_ENDPOINT", &address);
        home.set("GRAFANA_CLOUD_INSTANCE_ID", instance).set("GRAFANA_CLOUD_API_KEY", "glc_secret")
    };
    let told = home("123456").run(&["doctor", "--grafana-cloud"]).await.done();
    insta::assert_snapshot!(told.replace(&address, "http://gateway/otlp"), @"
    ok     GRAFANA_CLOUD_OTLP_ENDPOINT: http://gateway/otlp
    ok     GRAFANA_CLOUD_INSTANCE_ID: 123456
    ok     GRAFANA_CLOUD_API_KEY: it looks like the token of an access policy
    ok     traces: taken
    ok     metrics: taken
    ok     logs: taken
    ");

    let stranger = home("654321").run(&["doctor", "--grafana-cloud"]).await;
    assert_eq!(stranger.code(), Some(1), "{stranger:#?}");
    assert_eq!(stranger.stdout.matches("it answers 401 Unauthorized; the instance ID").count(), 3);
    assert!(!stranger.stdout.contains("secret"), "{stranger:#?}");
}
