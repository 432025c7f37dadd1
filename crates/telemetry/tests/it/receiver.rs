//! An OTLP receiver over HTTP and gRPC on one port, which can be told how to behave.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use telemetry::{Telemetry, TelemetryConfig};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use url::Url;
use uuid::Uuid;

/// How the receiver answers.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    Take,
    /// This status, with these headers.
    Answer(StatusCode, Vec<(&'static str, &'static str)>),
    /// A page, with 200.
    Page,
    /// So many spans of each request are not good enough.
    RejectSpans(i64),
    /// This gRPC status, with these details.
    Grpc(tonic::Code, Vec<u8>),
    /// After so long.
    Slow(Duration),
}

/// What arrived.
#[derive(Debug, Default)]
pub(crate) struct Arrived {
    pub(crate) requests: Vec<Asked>,
    pub(crate) spans: Vec<(String, Span)>,
    pub(crate) logs: Vec<(String, LogRecord)>,
    pub(crate) metrics: Vec<(String, Metric)>,
    /// The resource of each request, and the scopes in it, with their schemas.
    pub(crate) sources: Vec<(Kind, Schemed<Resource>, Vec<Schemed<InstrumentationScope>>)>,
}

/// A signal.
pub(crate) type Kind = &'static str;
/// Something with the schema that it follows.
pub(crate) type Schemed<T> = (T, String);

/// One request, whatever became of it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) at: Instant,
}

/// A receiver on threads of its own.
#[derive(Debug)]
pub(crate) struct Receiver {
    shared: Arc<Shared>,
    address: SocketAddr,
    scheme: &'static str,
    runtime: Option<Runtime>,
}

#[derive(Debug)]
struct Shared {
    arrived: Mutex<Arrived>,
    more: Condvar,
    behaviour: Mutex<Behaviour>,
}

impl Receiver {
    pub(crate) fn listen() -> Self {
        Self::start(None)
    }

    /// One that speaks TLS only, and only with whom the test authority has certified.
    pub(crate) fn listen_with_tls() -> Self {
        let authority = Certificate::from_pem(include_bytes!("tls/authority.pem"));
        let server =
            Identity::from_pem(include_bytes!("tls/server.pem"), include_bytes!("tls/server.key.pem"));
        Self::start(Some(ServerTlsConfig::new().identity(server).client_ca_root(authority)))
    }

    fn start(tls: Option<ServerTlsConfig>) -> Self {
        use_ring();
        let shared = Arc::new(Shared {
            arrived: Mutex::default(),
            more: Condvar::new(),
            behaviour: Mutex::new(Behaviour::Take),
        });
        let runtime = runtime();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        listener.set_nonblocking(true).expect("it can be");
        let address = listener.local_addr().expect("it is bound");
        let entered = runtime.enter();
        let listener = TcpListener::from_std(listener).expect("there is a reactor");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let mut server = Server::builder().accept_http1(true);
        if let Some(tls) = tls {
            server = server.tls_config(tls).expect("the certificates are right");
        }
        let incoming = TcpIncoming::from(listener);
        runtime.spawn(server.add_routes(router(&shared)).serve_with_incoming(incoming));
        drop(entered);
        Self { shared, address, scheme, runtime: Some(runtime) }
    }

    pub(crate) fn url(&self) -> Url {
        Url::parse(&format!("{}://{}", self.scheme, self.address)).expect("an address is a URL")
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        *self.shared.behaviour.lock().expect("no handler panicked") = behaviour;
    }

    pub(crate) fn arrived(&self) -> MutexGuard<'_, Arrived> {
        self.shared.arrived.lock().expect("no handler panicked")
    }

    /// Waits until what arrived is as it should be.
    pub(crate) fn wait_for(&self, what: &str, is_there: impl Fn(&Arrived) -> bool) {
        let patience = Duration::from_secs(20);
        let waited = self
            .shared
            .more
            .wait_timeout_while(self.arrived(), patience, |arrived| !is_there(arrived))
            .expect("no handler panicked");
        assert!(!waited.1.timed_out(), "{what} did not come");
    }

    /// Who sent something with this name.
    pub(crate) fn senders_of(&self, name: &str) -> Vec<String> {
        let arrived = self.arrived();
        let spans = arrived.spans.iter().map(|(service, span)| (service, &span.name));
        let logs = arrived.logs.iter().map(|(service, record)| (service, &record.event_name));
        let metrics = arrived.metrics.iter().map(|(service, metric)| (service, &metric.name));
        let all = spans.chain(logs).chain(metrics);
        all.filter(|(_, found)| *found == name).map(|(service, _)| service.clone()).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A runtime beside the test's own, so that neither waits for the other.
pub(crate) fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().expect("there are threads")
}

/// Another test of this process may have been first; either is the ring provider.
pub(crate) fn use_ring() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Settings for tests: short waits, quiet lines.
pub(crate) fn config(endpoint: Url) -> TelemetryConfig {
    use_ring();
    TelemetryConfig {
        endpoint: Some(endpoint),
        instance_id: Uuid::from_u128(7),
        log_filter: "warn".to_owned(),
        ..TelemetryConfig::default()
    }
}

/// The same over gRPC.
pub(crate) fn over_grpc(mut config: TelemetryConfig) -> TelemetryConfig {
    for signal in [&mut config.traces, &mut config.metrics, &mut config.logs] {
        signal.protocol = telemetry::Protocol::Grpc;
    }
    config
}

/// One of each signal.
pub(crate) fn work(telemetry: &Telemetry, verb: &'static str) {
    tracing::dispatcher::with_default(&telemetry.log_dispatch(), || {
        telemetry
            .verb(telemetry::Verb { name: verb })
            .in_scope(|| tracing::warn!(name: "test.event", target: "test", "Something happened."));
    });
    telemetry.metrics().game_changed("created", "api");
}

fn router(shared: &Arc<Shared>) -> Routes {
    let grpc = "/opentelemetry.proto.collector";
    let paths = [
        ("/v1/traces".to_owned(), format!("{grpc}.trace.v1.TraceService/Export")),
        ("/v1/logs".to_owned(), format!("{grpc}.logs.v1.LogsService/Export")),
        ("/v1/metrics".to_owned(), format!("{grpc}.metrics.v1.MetricsService/Export")),
    ];
    let router = paths.into_iter().fold(Router::new(), |router, (http, grpc)| {
        router.route(&http, post(answer)).route(&grpc, post(answer))
    });
    Routes::from(router.with_state(Arc::clone(shared)))
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 << 20).await.unwrap_or_default();
    let path = head.uri.path().to_owned();
    let asked = Asked { path: path.clone(), headers: head.headers.clone(), at: Instant::now() };
    shared.arrived.lock().expect("no handler panicked").requests.push(asked);
    let behaviour = shared.behaviour.lock().expect("no handler panicked").clone();
    let response = match behaviour {
        Behaviour::Take => take(&shared, &path, &head.headers, &body, 0),
        Behaviour::RejectSpans(count) => take(&shared, &path, &head.headers, &body, count),
        Behaviour::Slow(wait) => {
            tokio::time::sleep(wait).await;
            take(&shared, &path, &head.headers, &body, 0)
        }
        Behaviour::Answer(status, headers) => {
            let mut response = status.into_response();
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().expect("it is a header"));
            }
            response
        }
        Behaviour::Page => ([(header::CONTENT_TYPE, "text/html")], "<h1>It works!</h1>").into_response(),
        Behaviour::Grpc(code, details) => {
            tonic::Status::with_details(code, "", details.into()).into_http::<axum::body::Body>()
        }
    };
    shared.more.notify_all();
    response
}

/// Keeps what came and says so, in the protocol of the request.
fn take(shared: &Shared, path: &str, headers: &HeaderMap, body: &Bytes, rejected: i64) -> Response {
    let grpc = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/grpc");
    let message = if grpc { ungrpc(body) } else { decoded(headers, body) };
    keep(&mut shared.arrived.lock().expect("no handler panicked"), path, &message);
    let spans = path.contains("trace");
    let partial = (spans && rejected > 0)
        .then(|| ExportTracePartialSuccess { rejected_spans: rejected, error_message: String::new() });
    let answer = ExportTraceServiceResponse { partial_success: partial }.encode_to_vec();
    if !grpc {
        return ([(header::CONTENT_TYPE, "application/x-protobuf")], answer).into_response();
    }
    let mut framed = vec![0];
    framed.extend(u32::try_from(answer.len()).expect("it is short").to_be_bytes());
    framed.extend(answer);
    ([("content-type", "application/grpc"), ("grpc-status", "0")], framed).into_response()
}

/// Takes off gRPC's frame: a flag for gzip, four bytes of length.
fn ungrpc(body: &Bytes) -> Vec<u8> {
    let message = body.slice(5..);
    if body[0] == 1 { inflate(&message) } else { message.to_vec() }
}

fn decoded(headers: &HeaderMap, body: &Bytes) -> Vec<u8> {
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip") {
        inflate(body)
    } else {
        body.to_vec()
    }
}

fn inflate(body: &[u8]) -> Vec<u8> {
    let mut inflated = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(body), &mut inflated).expect("it is gzip");
    inflated
}

fn keep(arrived: &mut Arrived, path: &str, message: &[u8]) {
    if path.contains("trace") {
        for batch in decode::<ExportTraceServiceRequest>(message).resource_spans {
            let scopes = batch
                .scope_spans
                .iter()
                .map(|it| (it.scope.clone().unwrap_or_default(), it.schema_url.clone()));
            let source = (batch.resource.clone().unwrap_or_default(), batch.schema_url);
            arrived.sources.push(("traces", source, scopes.collect()));
            let service = service(batch.resource);
            let spans = batch.scope_spans.into_iter().flat_map(|scope| scope.spans);
            arrived.spans.extend(spans.map(|span| (service.clone(), span)));
        }
    } else if path.contains("logs") {
        for batch in decode::<ExportLogsServiceRequest>(message).resource_logs {
            let scopes = batch
                .scope_logs
                .iter()
                .map(|it| (it.scope.clone().unwrap_or_default(), it.schema_url.clone()));
            let source = (batch.resource.clone().unwrap_or_default(), batch.schema_url);
            arrived.sources.push(("logs", source, scopes.collect()));
            let service = service(batch.resource);
            let records = batch.scope_logs.into_iter().flat_map(|scope| scope.log_records);
            arrived.logs.extend(records.map(|record| (service.clone(), record)));
        }
    } else {
        for batch in decode::<ExportMetricsServiceRequest>(message).resource_metrics {
            let scopes = batch
                .scope_metrics
                .iter()
                .map(|it| (it.scope.clone().unwrap_or_default(), it.schema_url.clone()));
            let source = (batch.resource.clone().unwrap_or_default(), batch.schema_url);
            arrived.sources.push(("metrics", source, scopes.collect()));
            let service = service(batch.resource);
            let metrics = batch.scope_metrics.into_iter().flat_map(|scope| scope.metrics);
            arrived.metrics.extend(metrics.map(|metric| (service.clone(), metric)));
        }
    }
}

fn decode<M: Message + Default>(message: &[u8]) -> M {
    M::decode(message).expect("it is OTLP")
}

fn service(resource: Option<Resource>) -> String {
    let attributes = resource.unwrap_or_default().attributes.into_iter();
    let texts: HashMap<String, String> = attributes
        .filter_map(|attribute| match attribute.value?.value? {
            Value::StringValue(text) => Some((attribute.key, text)),
            _ => None,
        })
        .collect();
    texts.get("service.name").cloned().unwrap_or_default()
}
