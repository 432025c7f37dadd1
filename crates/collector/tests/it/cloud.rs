//! What `muster doctor --grafana-cloud` finds at gateways that answer in every way.

use axum::{Router, extract::State, http::HeaderMap, response::Html, routing::post};
use collector::{Finding, ServerTls, cloud};
use http::StatusCode;
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    forward::{Mood, Other},
    harness::World,
};

/// The three variables, and what is found: a line each.
async fn examined(endpoint: &str) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let get = |name: &str| {
        let value = match name {
            "GRAFANA_CLOUD_OTLP_ENDPOINT" => endpoint,
            "GRAFANA_CLOUD_INSTANCE_ID" => "123456",
            "GRAFANA_CLOUD_API_KEY" => "glc_secret",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let findings = cloud::examine(get).await;
    let line = |Finding { subject, found, mend }: &Finding| {
        let mend = mend.as_ref().map_or(String::new(), |mend| format!("; {mend}"));
        format!("{subject}: {found}{mend}")
    };
    let lines: Vec<_> = findings.iter().skip(3).map(line).collect();
    assert!(!lines.concat().contains("secret"), "{lines:?}");
    lines.join("\n")
}

/// A gateway that knows one user, whose token may not write logs.
async fn gateway(answer: &'static str) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/otlp", listener.local_addr().unwrap());
    let routes = Router::new()
        .route("/otlp/v1/traces", post(|headers: HeaderMap| async move { known(&headers) }))
        .route("/otlp/v1/metrics", post(|headers: HeaderMap| async move { known(&headers) }))
        .route("/otlp/v1/logs", post(|State(answer): State<&'static str>| async move { logs(answer) }))
        .with_state(answer);
    let mut tasks = JoinSet::new();
    tasks.spawn(async { axum::serve(listener, routes).await.unwrap() });
    (address, tasks)
}

fn known(headers: &HeaderMap) -> StatusCode {
    let is_known = headers["authorization"] == "Basic MTIzNDU2OmdsY19zZWNyZXQ=";
    if is_known { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
}

fn logs(answer: &'static str) -> Result<Html<&'static str>, StatusCode> {
    if answer.is_empty() { Err(StatusCode::FORBIDDEN) } else { Ok(Html(answer)) }
}

#[tokio::test]
async fn each_signal_is_asked_for_itself() {
    let (address, _tasks) = gateway("").await;
    insta::assert_snapshot!(examined(&address).await, @"
    traces: taken
    metrics: taken
    logs: it answers 403 Forbidden; the token may not do this: add the scope logs:write to its access policy
    ");
    let (address, _tasks) = gateway("<p>Welcome").await;
    insta::assert_snapshot!(examined(&address).await.lines().last().unwrap(), @"logs: a web page answers, not OTLP; GRAFANA_CLOUD_OTLP_ENDPOINT is the address of something else: it begins with otlp-gateway-");
}

#[tokio::test]
async fn every_answer_comes_with_the_way_to_mend_it() {
    let mut told = Vec::new();
    for status in [302, 400, 401, 403, 404, 429, 503] {
        let other = Other::listen(Mood::Answers(status)).await;
        told.push(examined(&other.address).await.lines().next().unwrap().to_owned());
    }
    insta::assert_snapshot!(told.join("\n"), @"
    traces: it answers 302 Found; GRAFANA_CLOUD_OTLP_ENDPOINT is the address of something else: it begins with otlp-gateway-
    traces: it answers 400 Bad Request; this is not how an OTLP gateway answers: check the address
    traces: it answers 401 Unauthorized; the instance ID and the token do not belong together: take both from the same stack, or make a new token
    traces: it answers 403 Forbidden; the token may not do this: add the scope traces:write to its access policy
    traces: it answers 404 Not Found; nothing is there: GRAFANA_CLOUD_OTLP_ENDPOINT ends in /otlp, and the region in it is that of your stack
    traces: it answers 429 Too Many Requests; the stack is over a limit: Cloud Portal, Billing and usage
    traces: it answers 503 Service Unavailable; the gateway has a problem: look at status.grafana.com and ask again later
    ");
}

#[tokio::test]
async fn who_is_not_reached_is_told_apart_from_who_cannot_be_trusted() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nobody = examined(&format!("http://{gone}/otlp")).await;
    insta::assert_snapshot!(nobody.lines().next().unwrap(), @"traces: no answer: Connection refused (os error 111); nobody listens there: check the address and the way out");

    let world = World::with(|config| {
        let certificate = include_str!("tls/server.pem").into();
        let key = include_str!("tls/server.key").into();
        config.options.tls = Some(ServerTls { certificate, key, senders: None });
    })
    .await;
    let stranger = examined(&format!("https://{}/otlp", world.collector.http_address())).await;
    insta::assert_snapshot!(stranger.lines().next().unwrap(), @"traces: no answer: invalid peer certificate: UnknownIssuer; who answers is not who it should be: check the address, or trust your proxy's authority on this machine");

    let plain = World::start().await;
    let plain = examined(&format!("https://{}/otlp", plain.collector.http_address())).await;
    insta::assert_snapshot!(plain.lines().next().unwrap(), @"traces: no answer: received corrupt message of type InvalidContentType; the other side does not speak TLS: check host and port");

    let nowhere = examined("https://otlp-gateway.invalid/otlp").await;
    assert!(nowhere.contains("there is no such host"), "{nowhere}");
}
