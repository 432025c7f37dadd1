//! OTLP over HTTP, off every path that a request takes.
//!
//! The SDK's batch threads have no reactor, so requests are handed to a runtime of one thread that this
//! module owns.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    Compression, ExporterBuildError, LogExporter, MetricExporter, Protocol, SpanExporter, WithExportConfig,
    WithHttpConfig,
};
use tokio::runtime::{Builder, Handle, Runtime};
use tracing::Dispatch;
use tracing::dispatcher::WeakDispatch;
use url::Url;

use crate::config::Signal;
use crate::{TelemetryConfig, TelemetryError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A receiver's answer is a few bytes; a longer one is not read.
const RESPONSE_LIMIT_BYTES: usize = 1_048_576;
const DEFAULT_ENDPOINT: &str = "http://localhost:4318/";

/// The thread that speaks to the receiver, and the client that it uses.
pub(crate) struct Exports {
    client: Arc<OtlpClient>,
    endpoint: Url,
    runtime: Option<Runtime>,
}

impl Exports {
    pub(crate) fn start(config: &TelemetryConfig) -> Result<Self, TelemetryError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(2)
            .thread_name("telemetry-export")
            .enable_all()
            .build()?;
        let endpoint = match &config.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => {
                Url::parse(DEFAULT_ENDPOINT).map_err(|error| TelemetryError::Exporter(error.to_string()))?
            }
        };
        let client = OtlpClient {
            http: http_client(&endpoint)?,
            runtime: runtime.handle().clone(),
            outage: Arc::default(),
        };
        Ok(Self { client: Arc::new(client), endpoint, runtime: Some(runtime) })
    }

    /// From here on the beginning and the end of an outage are told to this dispatch.
    pub(crate) fn tell(&self, dispatch: &Dispatch) {
        let _ = self.client.outage.listener.set(dispatch.downgrade());
    }

    pub(crate) fn spans(&self, signal: &Signal) -> Result<SpanExporter, TelemetryError> {
        let builder = SpanExporter::builder().with_http();
        self.configure(builder, signal, "v1/traces").build().map_err(|error| build_error(&error))
    }

    pub(crate) fn metrics(&self, signal: &Signal) -> Result<MetricExporter, TelemetryError> {
        let builder = MetricExporter::builder().with_http();
        self.configure(builder, signal, "v1/metrics").build().map_err(|error| build_error(&error))
    }

    pub(crate) fn logs(&self, signal: &Signal) -> Result<LogExporter, TelemetryError> {
        let builder = LogExporter::builder().with_http();
        self.configure(builder, signal, "v1/logs").build().map_err(|error| build_error(&error))
    }

    fn configure<B: WithExportConfig + WithHttpConfig>(&self, builder: B, signal: &Signal, path: &str) -> B {
        let endpoint = signal.endpoint.clone().unwrap_or_else(|| under(&self.endpoint, path));
        let headers: HashMap<String, String> =
            signal.headers.iter().map(|(key, value)| (key.clone(), value.expose().clone())).collect();
        let client: Arc<dyn HttpClient> = Arc::<OtlpClient>::clone(&self.client);
        let builder = builder
            .with_endpoint(endpoint)
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(signal.timeout)
            .with_headers(headers)
            .with_shared_http_client(client);
        if signal.gzip { builder.with_compression(Compression::Gzip) } else { builder }
    }
}

impl Drop for Exports {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A blocking drop would panic inside a service's runtime.
            runtime.shutdown_background();
        }
    }
}

/// The specification appends the path, whether the base ends in a slash or not.
fn under(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

fn http_client(endpoint: &Url) -> Result<reqwest::Client, TelemetryError> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")));
    let local = endpoint.host_str().is_some_and(|host| host == "localhost" || host.starts_with("127."));
    if local {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| TelemetryError::Exporter(error.to_string()))
}

fn build_error(error: &ExporterBuildError) -> TelemetryError {
    TelemetryError::Exporter(error.to_string())
}

/// Sends what a batch thread wants sent, on the runtime that has a reactor.
#[derive(Debug)]
struct OtlpClient {
    http: reqwest::Client,
    runtime: Handle,
    outage: Arc<Outage>,
}

#[async_trait]
impl HttpClient for OtlpClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (http, outage) = (self.http.clone(), Arc::clone(&self.outage));
        // The batch thread that polls this suppresses telemetry, so the outage is told over there.
        let exchange = async move {
            let result = exchange(http, request).await;
            outage.observe(matches!(&result, Ok(response) if response.status().is_success()));
            result
        };
        self.runtime.spawn(exchange).await?
    }
}

async fn exchange(http: reqwest::Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let request = reqwest::Request::try_from(request)?;
    let mut answer = http.execute(request).await.map_err(reqwest::Error::without_url)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > RESPONSE_LIMIT_BYTES {
            return Err("the receiver's answer is too long".into());
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = answer.status();
    std::mem::swap(response.headers_mut(), answer.headers_mut());
    Ok(response)
}

/// Whether the receiver is away: one line when that begins, one when it ends.
#[derive(Debug, Default)]
struct Outage {
    ongoing: AtomicBool,
    listener: OnceLock<WeakDispatch>,
}

impl Outage {
    fn observe(&self, delivered: bool) {
        if self.ongoing.swap(!delivered, Ordering::Relaxed) == delivered {
            let Some(dispatch) = self.listener.get().and_then(WeakDispatch::upgrade) else { return };
            tracing::dispatcher::with_default(&dispatch, || tell(delivered));
        }
    }
}

fn tell(delivered: bool) {
    if delivered {
        tracing::info!(
            name: "telemetry.export.resumed", target: "telemetry",
            "The telemetry receiver answers again."
        );
    } else {
        tracing::warn!(
            name: "telemetry.export.interrupted", target: "telemetry",
            "The telemetry receiver does not answer; what does not fit the queues is dropped."
        );
    }
}
