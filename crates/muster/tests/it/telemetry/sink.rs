//! A receiver of OTLP that keeps everything: what leaves the program, as it leaves it.

use super::exported::Exported;
use crate::program::{Home, until};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// What comes over OTLP/HTTP, until it is dropped.
pub(super) struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
    _server: JoinSet<()>,
}

/// How it receives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Manner {
    /// It takes what comes.
    #[default]
    Taking,
    /// It says that it is unavailable.
    Away,
    /// It says nothing.
    Mute,
}

#[derive(Default)]
struct Shared {
    exported: Mutex<Exported>,
    manner: Mutex<Manner>,
}

impl Sink {
    pub(super) async fn listen() -> Self {
        let shared = Arc::<Shared>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/v1/traces", post(traces))
            .route("/v1/logs", post(logs))
            .route("/v1/metrics", post(metrics))
            .with_state(Arc::clone(&shared));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shared, _server: server }
    }

    /// A home whose program sends here, at once.
    pub(super) fn home(&self) -> Home {
        Self::sending_to(&format!("http://{}", self.address))
    }

    /// The same, when the operator has written a password into the address.
    pub(super) fn home_behind(&self, password: &str) -> Home {
        Self::sending_to(&format!("http://operator:{password}@{}", self.address))
    }

    fn sending_to(endpoint: &str) -> Home {
        Home::watched().set("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint).set("OTEL_BLRP_SCHEDULE_DELAY", "100")
    }

    /// From now on it is like that.
    pub(super) fn be(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap() = manner;
    }

    /// All that has come so far.
    pub(super) fn exported(&self) -> Exported {
        self.shared.exported.lock().unwrap().clone()
    }

    /// Waits until something has come.
    pub(super) async fn until<T>(&self, what: &str, look: impl Fn(&Exported) -> Option<T>) -> T {
        let looked = async || look(&self.shared.exported.lock().unwrap()).ok_or("something else");
        until(what, looked).await
    }
}

async fn traces(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    shared.take::<ExportTraceServiceRequest>(("traces", &headers), &body, Exported::take_traces).await
}

async fn logs(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    shared.take::<ExportLogsServiceRequest>(("logs", &headers), &body, Exported::take_logs).await
}

async fn metrics(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    shared.take::<ExportMetricsServiceRequest>(("metrics", &headers), &body, Exported::take_metrics).await
}

impl Shared {
    async fn take<M: Message + Default>(
        &self,
        (signal, headers): (&'static str, &HeaderMap),
        body: &Bytes,
        keep: fn(&mut Exported, M),
    ) -> Response {
        let manner = *self.manner.lock().unwrap();
        match manner {
            Manner::Taking => {}
            Manner::Away => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
            Manner::Mute => return std::future::pending().await,
        }
        assert!(!headers.contains_key("traceparent"), "an export is no part of a trace");
        let mut exported = self.exported.lock().unwrap();
        exported.bodies.push((signal, body.to_vec()));
        keep(&mut exported, M::decode(body.clone()).expect("it is OTLP"));
        // An empty message says that all was taken.
        ([(header::CONTENT_TYPE, "application/x-protobuf")], "").into_response()
    }
}
