//! What arrives at a receiver, and what happens when there is none.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message as _;
use telemetry::{ServiceName, Telemetry, TelemetryConfig, Verb};
use tokio::net::TcpListener;
use url::Url;
use uuid::Uuid;

const DEADLINE: Duration = Duration::from_secs(5);

/// A receiver that can be made to refuse.
#[derive(Clone, Default)]
struct Receiver {
    /// `(service.name, what)` of everything that arrived.
    arrived: Arc<Mutex<Vec<(String, String)>>>,
    refuses: Arc<AtomicBool>,
}

impl Receiver {
    async fn listen(&self) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let router = Router::new()
            .route("/v1/traces", post(traces))
            .route("/v1/logs", post(logs))
            .route("/v1/metrics", post(metrics))
            .with_state(self.clone())
            .layer(middleware::from_fn_with_state(self.clone(), refuse));
        telemetry::spawn(async move { axum::serve(listener, router).await });
        Url::parse(&format!("http://{address}")).expect("an address is a URL")
    }

    fn note(&self, resource: Option<Resource>, what: impl IntoIterator<Item = String>) {
        let service = resource.map(|resource| attribute(&resource, "service.name")).unwrap_or_default();
        let mut arrived = self.arrived.lock().expect("no handler panicked");
        arrived.extend(what.into_iter().map(|name| (service.clone(), name)));
    }

    fn arrived(&self, what: &str) -> Vec<String> {
        let arrived = self.arrived.lock().expect("no handler panicked");
        arrived.iter().filter(|(_, name)| name == what).map(|(service, _)| service.clone()).collect()
    }
}

fn attribute(resource: &Resource, key: &str) -> String {
    let found = resource.attributes.iter().find(|attribute| attribute.key == key);
    match found.and_then(|attribute| attribute.value.clone()).and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        other => format!("{other:?}"),
    }
}

async fn refuse(State(receiver): State<Receiver>, request: Request, next: Next) -> Response {
    if receiver.refuses.load(Ordering::Relaxed) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    next.run(request).await
}

async fn traces(State(receiver): State<Receiver>, body: Bytes) {
    for batch in ExportTraceServiceRequest::decode(body).expect("it is OTLP").resource_spans {
        let spans = batch.scope_spans.into_iter().flat_map(|scope| scope.spans);
        receiver.note(batch.resource, spans.map(|span| span.name));
    }
}

async fn logs(State(receiver): State<Receiver>, body: Bytes) {
    for batch in ExportLogsServiceRequest::decode(body).expect("it is OTLP").resource_logs {
        let records = batch.scope_logs.into_iter().flat_map(|scope| scope.log_records);
        receiver.note(batch.resource, records.map(|record| record.event_name));
    }
}

async fn metrics(State(receiver): State<Receiver>, body: Bytes) {
    for batch in ExportMetricsServiceRequest::decode(body).expect("it is OTLP").resource_metrics {
        let metrics = batch.scope_metrics.into_iter().flat_map(|scope| scope.metrics);
        receiver.note(batch.resource, metrics.map(|metric| metric.name));
    }
}

fn config(endpoint: Url) -> TelemetryConfig {
    // Another test of this process may have been first; either is the ring provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    TelemetryConfig {
        endpoint: Some(endpoint),
        instance_id: Uuid::from_u128(7),
        log_filter: "warn".to_owned(),
        ..TelemetryConfig::default()
    }
}

fn work(telemetry: &Telemetry, verb: &'static str) {
    tracing::dispatcher::with_default(&telemetry.log_dispatch(), || {
        telemetry
            .verb(Verb { name: verb })
            .in_scope(|| tracing::warn!(name: "test.event", target: "test", "Something happened."));
    });
    telemetry.metrics().game_changed("created", "api");
}

#[tokio::test]
async fn two_services_of_one_process_arrive_apart() {
    let receiver = Receiver::default();
    let config = config(receiver.listen().await);
    let api = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");
    let bot = Telemetry::init(ServiceName::Bot, &config).expect("telemetry starts");

    work(&api, "games.create");
    work(&bot, "games.join");
    api.force_flush().await.expect("the receiver answers");
    bot.shutdown(DEADLINE).await.expect("the receiver answers");
    api.shutdown(DEADLINE).await.expect("the receiver answers");

    assert_eq!(receiver.arrived("games.create"), ["api-service"]);
    assert_eq!(receiver.arrived("games.join"), ["bot-service"]);
    let mut logs = receiver.arrived("test.event");
    logs.sort();
    assert_eq!(logs, ["api-service", "bot-service"]);
    assert!(receiver.arrived("muster.games.changes").contains(&"bot-service".to_owned()));
    assert!(receiver.arrived("process.memory.usage").contains(&"api-service".to_owned()));
}

#[tokio::test]
async fn a_dead_receiver_holds_nobody_up() {
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = closed.local_addr().expect("it is bound");
    drop(closed);
    let endpoint = Url::parse(&format!("http://{address}")).expect("an address is a URL");
    let telemetry = Telemetry::init(ServiceName::Api, &config(endpoint)).expect("telemetry starts");

    let began = Instant::now();
    for _ in 0..20_000 {
        drop(telemetry.verb(Verb { name: "games.create" }));
    }
    let worked = began.elapsed();
    let failure = telemetry.shutdown(Duration::from_millis(200)).await;

    assert!(worked < DEADLINE, "20,000 spans took {worked:?}");
    assert!(began.elapsed() < worked + DEADLINE, "the deadline was not kept");
    assert!(failure.is_err(), "nobody got the spans, and that is said");
}

#[tokio::test]
async fn what_is_switched_off_is_not_sent() {
    let receiver = Receiver::default();
    let mut config = config(receiver.listen().await);
    config.enabled = false;
    let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");

    work(&telemetry, "games.create");
    telemetry.shutdown(DEADLINE).await.expect("there is nothing to send");

    assert!(receiver.arrived.lock().expect("no handler panicked").is_empty());
}

#[tokio::test]
async fn an_outage_is_one_line_when_it_begins_and_one_when_it_ends() {
    let receiver = Receiver::default();
    let mut config = config(receiver.listen().await);
    config.log_filter = "info".to_owned();
    let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");

    receiver.refuses.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        telemetry.force_flush().await.expect_err("the receiver refuses");
    }
    receiver.refuses.store(false, Ordering::Relaxed);
    for _ in 0..2 {
        telemetry.force_flush().await.expect("the receiver answers");
    }
    telemetry.shutdown(DEADLINE).await.expect("the receiver answers");

    assert_eq!(receiver.arrived("telemetry.export.resumed"), ["api-service"]);
    let interrupted = receiver.arrived("telemetry.export.interrupted");
    assert!(interrupted.len() <= 1, "{interrupted:?}");
}
