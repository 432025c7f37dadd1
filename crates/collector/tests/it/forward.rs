//! What is received goes on, whatever the other side does.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::State, http::HeaderMap, routing::post};
use bytes::Bytes;
use collector::{Destination, ForwardConfig, ForwardHealth, Pace, Sampling};
use flate2::read::GzDecoder;
use http::StatusCode;
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data, number_data_point};
use prost::Message as _;
use secrecy::SecretString;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use crate::{
    harness::World,
    story::{self, API, CREATED},
};

const AT: u64 = 1_777_660_200_000_000_000;

/// How the other side behaves.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mood {
    Takes,
    Answers(u16),
    AsksToWait,
    /// So many log records in a request; more are too large.
    AtMost(usize),
}

/// Another collector, as far as its clients see.
#[derive(Clone)]
pub(crate) struct Other {
    pub(crate) address: String,
    pub(crate) mood: watch::Sender<Mood>,
    asked: watch::Sender<u32>,
    got: watch::Sender<Got>,
    authorization: Arc<Mutex<Option<String>>>,
    tasks: Arc<JoinSet<()>>,
}

/// What it took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Got {
    pub(crate) spans: Vec<String>,
    pub(crate) logs: usize,
    pub(crate) metrics: Vec<String>,
    /// What the metrics of spans say at last, by their resource.
    calls: BTreeMap<Vec<u8>, i64>,
}

impl Got {
    /// How many spans there were, by the metrics of spans.
    pub(crate) fn calls(&self) -> i64 {
        self.calls.values().sum()
    }
}

impl Other {
    pub(crate) async fn listen(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, mood)
    }

    fn on(listener: TcpListener, mood: Mood) -> Self {
        let mut other = Self {
            address: format!("http://{}/otlp", listener.local_addr().unwrap()),
            mood: watch::Sender::new(mood),
            asked: watch::Sender::new(0),
            got: watch::Sender::new(Got::default()),
            authorization: Arc::default(),
            tasks: Arc::default(),
        };
        let router = Router::new()
            .route("/otlp/v1/traces", post(traces))
            .route("/otlp/v1/metrics", post(metrics))
            .route("/otlp/v1/logs", post(logs))
            .with_state(other.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async { axum::serve(listener, router).await.unwrap() });
        other.tasks = Arc::new(tasks);
        other
    }

    fn answer(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        self.asked.send_modify(|asked| *asked += 1);
        let authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        *self.authorization.lock().unwrap() = authorization;
        match *self.mood.borrow() {
            Mood::Takes | Mood::AtMost(_) => Ok(()),
            Mood::Answers(status) => Err((StatusCode::from_u16(status).unwrap(), [("x-mood", "bad")])),
            Mood::AsksToWait => Err((StatusCode::TOO_MANY_REQUESTS, [("retry-after", "3600")])),
        }
    }

    /// Waits until it has what is wanted.
    pub(crate) async fn gets(&self, wanted: impl Fn(&Got) -> bool) -> Got {
        let mut got = self.got.subscribe();
        let found = tokio::time::timeout(Duration::from_secs(20), got.wait_for(|got| wanted(got))).await;
        found.unwrap().unwrap().clone()
    }

    pub(crate) async fn is_asked(&self, times: u32) {
        let mut asked = self.asked.subscribe();
        let found =
            tokio::time::timeout(Duration::from_secs(20), asked.wait_for(|asked| *asked >= times)).await;
        found.unwrap().unwrap();
    }
}

type Refusal = (StatusCode, [(&'static str, &'static str); 1]);

pub(crate) fn plain(body: &Bytes) -> Vec<u8> {
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut GzDecoder::new(&body[..]), &mut plain).unwrap();
    plain
}

async fn traces(State(other): State<Other>, headers: HeaderMap, body: Bytes) -> Result<(), Refusal> {
    other.answer(&headers)?;
    let request = ExportTraceServiceRequest::decode(&*plain(&body)).unwrap();
    let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
    let names = scopes.flat_map(|scope| scope.spans.iter().map(|span| span.name.clone()));
    other.got.send_modify(|got| got.spans.extend(names));
    Ok(())
}

async fn metrics(State(other): State<Other>, headers: HeaderMap, body: Bytes) -> Result<(), Refusal> {
    other.answer(&headers)?;
    let request = ExportMetricsServiceRequest::decode(&*plain(&body)).unwrap();
    other.got.send_modify(|got| {
        for of in &request.resource_metrics {
            for metric in of.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
                got.metrics.push(metric.name.clone());
                if metric.name == "traces.span.metrics.calls" {
                    got.calls.insert(of.resource.as_ref().unwrap().encode_to_vec(), sum(metric));
                }
            }
        }
    });
    Ok(())
}

fn sum(metric: &Metric) -> i64 {
    let Some(Data::Sum(sum)) = &metric.data else { panic!("{metric:?}") };
    let numbers = sum.data_points.iter().map(|point| match point.value {
        Some(number_data_point::Value::AsInt(number)) => number,
        _ => panic!("{point:?}"),
    });
    numbers.sum()
}

async fn logs(State(other): State<Other>, headers: HeaderMap, body: Bytes) -> Result<(), Refusal> {
    other.answer(&headers)?;
    let request = ExportLogsServiceRequest::decode(&*plain(&body)).unwrap();
    let scopes = request.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
    let count = scopes.map(|scope| scope.log_records.len()).sum::<usize>();
    if matches!(*other.mood.borrow(), Mood::AtMost(most) if count > most) {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, [("x-mood", "full")]));
    }
    other.got.send_modify(|got| got.logs += count);
    Ok(())
}

/// Everything goes on, as fast as a test wants it.
pub(crate) fn to(endpoint: &str, folder: &Path) -> ForwardConfig {
    // Somebody else in this process may have done so.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = ForwardConfig::new(Destination::open(endpoint).unwrap(), folder.join("forward"));
    config.sampling = Sampling { slow: Duration::from_mins(1), share: 1.0 };
    config.pace = Pace {
        segment: Duration::from_millis(20),
        red: Duration::from_mins(1),
        first_pause: Duration::from_millis(5),
        longest_pause: Duration::from_millis(20),
    };
    config
}

pub(crate) fn health(world: &World) -> ForwardHealth {
    world.collector.health().forward.unwrap()
}

pub(crate) async fn say(world: &World, logs: u64) {
    let records = (0..logs).map(|nth| story::record(AT + nth, 9, "said", (CREATED, 1))).collect();
    assert_eq!(world.send("logs", &story::log_export(API, records)).await.status, 200);
}

#[tokio::test]
async fn all_three_signals_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let other = Other::listen(Mood::Takes).await;
    let token = SecretString::from("secret");
    let mut config = to(&other.address, folder.path());
    config.destination = Destination::basic(&other.address, "42", &token).unwrap();
    config.pace.red = Duration::from_millis(50);
    let world = World::with(|world| world.options.forward = Some(config)).await;
    world.send("traces", &story::export(story::created(AT))).await;
    let counter = story::counter("muster.games.changes", AT, 3, &[("action", "created")]);
    world.send("metrics", &story::metric_export(API, vec![counter])).await;
    say(&world, 2).await;

    let red = "traces.span.metrics.calls";
    let has = |got: &Got, name: &str| got.metrics.iter().any(|metric| metric == name);
    let got = other.gets(|got| got.spans.len() == 9 && got.logs == 2 && has(got, red)).await;
    assert!(has(&got, "muster.games.changes") && has(&got, "traces.span.metrics.duration"));
    assert_eq!(other.authorization.lock().unwrap().as_deref(), Some("Basic NDI6c2VjcmV0"));
    world.stop().await;
}

#[tokio::test]
async fn an_outage_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody listens there yet.
    let place = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = place.local_addr().unwrap();
    drop(place);
    let endpoint = format!("http://{address}/otlp");
    let world = World::with(|world| world.options.forward = Some(to(&endpoint, folder.path()))).await;
    for _ in 0..50 {
        say(&world, 20).await;
    }
    world.collector.flush().await;
    while health(&world).failing_because.is_none() {
        tokio::task::yield_now().await;
    }
    let down = health(&world);
    assert!(down.failing_because.as_ref().unwrap().contains("refused"), "{down:?}");
    assert_eq!(down.signals[2].sent, 0);

    let other = Other::on(TcpListener::bind(address).await.unwrap(), Mood::Answers(503));
    other.is_asked(3).await;
    other.mood.send_replace(Mood::Answers(401));
    let asked = *other.asked.borrow();
    other.is_asked(asked + 2).await;
    other.mood.send_replace(Mood::Takes);
    let got = other.gets(|got| got.logs >= 1_000).await;
    assert_eq!(got.logs, 1_000);
    while health(&world).segments > 0 {
        tokio::task::yield_now().await;
    }
    let up = health(&world);
    assert_eq!((up.signals[2].sent, up.signals[2].dropped, up.signals[2].lost), (1_000, 0, 0));
    assert!(up.failing_because.is_none());
    world.stop().await;
}

#[tokio::test]
async fn the_other_side_says_how_long_to_wait() {
    let folder = tempfile::tempdir().unwrap();
    let other = Other::listen(Mood::AsksToWait).await;
    let world = World::with(|world| world.options.forward = Some(to(&other.address, folder.path()))).await;
    say(&world, 1).await;
    other.is_asked(1).await;
    // Its own pauses are of milliseconds: only the hour that was asked for keeps it from asking again.
    other.mood.send_replace(Mood::Takes);
    let again = tokio::time::timeout(Duration::from_millis(300), other.is_asked(2)).await;
    assert!(again.is_err(), "it came back early");
    world.stop().await;
}

#[tokio::test]
async fn what_was_kept_outlives_a_process_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = Other::listen(Mood::Answers(503)).await;
    let world = World::with(|world| world.options.forward = Some(to(&nowhere.address, folder.path()))).await;
    say(&world, 30).await;
    world.collector.flush().await;
    while health(&world).signals[2].kept < 30 {
        tokio::task::yield_now().await;
    }
    // As a kill leaves the folder: nothing is closed in order, and the last record was cut off in the middle.
    let after = tempfile::tempdir().unwrap();
    std::fs::create_dir(after.path().join("forward")).unwrap();
    for file in std::fs::read_dir(folder.path().join("forward")).unwrap() {
        let path = file.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(&[2, 9, 0, 0, 0, 200, 0]);
        std::fs::write(after.path().join("forward").join(path.file_name().unwrap()), bytes).unwrap();
    }
    world.stop().await;

    let other = Other::listen(Mood::Takes).await;
    let world = World::with(|world| world.options.forward = Some(to(&other.address, after.path()))).await;
    let got = other.gets(|got| got.logs >= 30).await;
    assert_eq!(got.logs, 30);
    world.stop().await;
}

#[tokio::test]
async fn a_full_queue_drops_the_oldest_and_counts_them() {
    let folder = tempfile::tempdir().unwrap();
    let other = Other::listen(Mood::Answers(503)).await;
    let mut config = to(&other.address, folder.path());
    config.max_bytes = 200_000;
    let world = World::with(|world| world.options.forward = Some(config)).await;
    let filler = "x".repeat(20_000);
    for nth in 0..40_u64 {
        let mut span =
            story::span(API, CREATED, 1, 0, &format!("span {nth}")).at(AT, 0, 1).with("filler", &filler);
        span.set_id(nth + 1);
        world.send("traces", &story::export([span])).await;
        while health(&world).signals[0].kept <= nth {
            tokio::task::yield_now().await;
        }
    }
    let full = health(&world);
    assert!(full.queued_bytes <= 200_000, "{full:?}");
    assert!(full.signals[0].dropped > 0, "{full:?}");
    other.mood.send_replace(Mood::Takes);
    let got = other.gets(|got| got.spans.contains(&"span 39".to_owned())).await;
    let sent = health(&world).signals[0];
    assert_eq!(got.spans.len() as u64 + sent.dropped, 40, "{sent:?}");
    world.stop().await;
}

#[tokio::test]
async fn errors_go_on_and_the_rest_is_sampled() {
    let folder = tempfile::tempdir().unwrap();
    let other = Other::listen(Mood::Takes).await;
    let mut config = to(&other.address, folder.path());
    config.sampling.share = 0.0;
    config.pace.red = Duration::from_millis(50);
    let world = World::with(|world| world.options.forward = Some(config)).await;
    world.send("traces", &story::export(story::created(AT))).await;
    world.send("traces", &story::export(story::reminded(AT))).await;
    let got = other.gets(|got| got.spans.len() >= 7).await;
    assert!(got.spans.contains(&"notification.dispatch".to_owned()));
    assert!(!got.spans.contains(&"POST /api/v1/games".to_owned()));
    while health(&world).signals[0].sampled_out < 9 || health(&world).signals[0].sent < 7 {
        tokio::task::yield_now().await;
    }
    assert_eq!(health(&world).signals[0].sent, 7);
    // They were counted before they were sampled.
    other.gets(|got| got.calls() == 16).await;
    world.stop().await;
}

#[tokio::test]
async fn what_the_other_side_will_never_take_does_not_hold_up_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let other = Other::listen(Mood::Answers(400)).await;
    let world = World::with(|world| world.options.forward = Some(to(&other.address, folder.path()))).await;
    say(&world, 3).await;
    while health(&world).signals[2].refused < 3 {
        tokio::task::yield_now().await;
    }
    other.mood.send_replace(Mood::Takes);
    say(&world, 4).await;
    assert_eq!(other.gets(|got| got.logs > 0).await.logs, 4);
    world.stop().await;
}
