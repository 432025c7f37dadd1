//! A collector on free ports with its store in a folder of its own, and a plain HTTP client.

use std::{io::Write as _, path::Path, time::Duration};

use axum::body::Body;
use collector::{Collector, CollectorConfig, Options};
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use prost::Message;
use secrecy::SecretString;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

pub(crate) const PROTOBUF: &str = "application/x-protobuf";
pub(crate) const JSON: &str = "application/json";

/// A collector under test.
pub(crate) struct World {
    pub(crate) collector: Collector,
    pub(crate) stop: CancellationToken,
    pub(crate) folder: tempfile::TempDir,
}

/// An answer over HTTP.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) async fn config(folder: &tempfile::TempDir) -> CollectorConfig {
    config_in(folder.path()).await
}

pub(crate) async fn config_in(folder: &Path) -> CollectorConfig {
    CollectorConfig {
        data: folder.join("telemetry.db"),
        http: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        grpc: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        bearer_token: None,
        max_bytes: 64 << 20,
        max_age: Duration::from_hours(24),
        options: Options::default(),
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with_token(token: &str) -> Self {
        Self::with(|config| config.bearer_token = Some(SecretString::from(token))).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut CollectorConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(&folder).await;
        change(&mut config);
        let stop = CancellationToken::new();
        let collector = Collector::start(config, stop.clone()).await.unwrap();
        Self { collector, stop, folder }
    }

    /// Sends an export by HTTP as protobuf.
    pub(crate) async fn send(&self, signal: &str, export: &impl Message) -> Answer {
        self.post(signal, &[("content-type", PROTOBUF)], export.encode_to_vec()).await
    }

    /// Posts a body to the door of a signal over a connection of its own.
    pub(crate) async fn post(&self, signal: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let mut request = Request::post(format!("/v1/{signal}")).header("host", "collector");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let stream = TcpStream::connect(self.collector.http_address()).await.unwrap();
        let (mut client, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        // Ends with this set.
        let mut connections = JoinSet::new();
        connections.spawn(connection);
        let response = client.send_request(request.body(Body::from(body)).unwrap()).await.unwrap();
        answer(response).await
    }

    /// Gets a page or JSON of the Observatory.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).unwrap();
        answer(self.collector.observatory_router(CancellationToken::new()).oneshot(request).await.unwrap())
            .await
    }

    /// Gets JSON after everything that was taken is stored.
    pub(crate) async fn read(&self, path: &str) -> Value {
        self.collector.flush().await;
        let answer = self.get(&format!("/observatory/api/{path}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    }

    /// Stops in order and says whether it did. Every item that was received has had its fate by then.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        // A scrape that was being told when the order came is in the queue after the first.
        self.collector.flush().await;
        self.collector.flush().await;
        let health = self.collector.health();
        assert_eq!((health.signals.map(|counts| counts.queued), health.queued_items), ([0; 3], 0));
        tokio::time::timeout(Duration::from_secs(20), self.collector.wait()).await.unwrap();
    }
}

async fn answer<B: hyper::body::Body<Error: std::fmt::Debug>>(response: Response<B>) -> Answer {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// The name of the variable that tells a test that it has a process of its own.
const ALONE: &str = "COLLECTOR_TEST_ALONE";

/// Whether this process has but one test. If not, the test is run in one that has, and must succeed there.
pub(crate) async fn is_alone(test: &str) -> bool {
    #[expect(clippy::disallowed_methods, reason = "a parent tells its child by it")]
    if std::env::var(ALONE).is_ok() {
        return true;
    }
    let child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env(ALONE, "1")
        .kill_on_drop(true)
        .output();
    let child = child.await.unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    false
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What is sent as of now.
pub(crate) fn now_ns() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "pages and scrapes are about the last minutes")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(now.as_nanos()).unwrap()
}
