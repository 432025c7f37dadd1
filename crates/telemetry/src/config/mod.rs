//! What an operator can set.

mod effective;
mod environment;
mod limits;
mod settings;
mod signals;
#[cfg(test)]
mod tests;
mod tls;

use std::collections::BTreeMap;
use std::time::Duration;

use url::Url;
use uuid::Uuid;

pub use effective::Effective;
pub use limits::{Batching, Limits};
pub use settings::Setting;
pub use tls::{Identity, Pem, Tls};

use crate::{Secret, TelemetryError};

/// The settings of one service's telemetry.
#[derive(Clone, Debug, PartialEq)]
pub struct TelemetryConfig {
    /// Off means no-op providers; log lines are still written.
    pub enabled: bool,
    /// The base address of an OTLP receiver; without one, `http://localhost:4318`, or port 4317 over gRPC.
    /// Over HTTP, `/v1/traces` and so on are appended.
    pub endpoint: Option<Url>,
    /// What is particular to traces.
    pub traces: Signal,
    /// What is particular to metrics.
    pub metrics: Signal,
    /// What is particular to logs.
    pub logs: Signal,
    /// Which traces are recorded.
    pub sampling: Sampling,
    /// Whether W3C trace context is written and read where work passes from one service to another.
    pub trace_context: bool,
    /// Added to the resource, and stronger than what we put there, but for `service.name`.
    pub resource_attributes: BTreeMap<String, String>,
    /// `service.name`, instead of the service's own.
    pub service_name: Option<String>,
    /// `service.version`: the crate's version and the commit.
    pub service_version: String,
    /// `service.instance.id`: one per start of the process.
    pub instance_id: Uuid,
    /// `deployment.environment.name`: `production`, `development`.
    pub environment: String,
    /// How log lines look on stdout.
    pub log_format: LogFormat,
    /// Which events are logged, as directives: `info,store=debug`.
    pub log_filter: String,
    /// How `user.id` is written.
    pub user_ids: UserIds,
    /// How much one span or log record may hold.
    pub limits: Limits,
    /// How spans wait for their export.
    pub span_batches: Batching,
    /// How log records wait for their export.
    pub log_batches: Batching,
    /// How often metrics are exported.
    pub metric_interval: Duration,
    /// Whether counters and histograms say what has come together, or what is new.
    pub temporality: TemporalityPreference,
    /// Which measurements may become exemplars.
    pub exemplars: ExemplarFilter,
}

/// How one of the three signals is exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Where to.
    pub exporter: Exporter,
    /// How it travels.
    pub protocol: Protocol,
    /// The full address, instead of one under [`TelemetryConfig::endpoint`].
    pub endpoint: Option<Url>,
    /// Sent with each request.
    pub headers: BTreeMap<String, Secret<String>>,
    /// After so long a request, with its retries, has failed.
    pub timeout: Duration,
    /// Whether bodies are compressed with gzip.
    pub gzip: bool,
    /// Whom to trust, and who we are, when the address is `https`.
    pub tls: Tls,
}

/// Where a signal goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exporter {
    /// OTLP.
    Otlp,
    /// Lines on stdout; for logs these are the log lines that are there anyway.
    Console,
    /// Nowhere.
    None,
}

/// How OTLP travels (<https://opentelemetry.io/docs/specs/otlp/>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Protobuf in the body of an HTTP request.
    HttpProtobuf,
    /// A unary gRPC call.
    Grpc,
}

/// Which traces are recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// The share of new traces, 0 to 1.
    pub ratio: f64,
    /// Whether a span follows the decision that its parent took.
    pub parent_based: bool,
}

/// How log lines look on stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For a person at a terminal.
    Human,
    /// For a machine: one object a line.
    Json,
}

/// How `user.id` is written on spans and log records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserIds {
    /// As Discord gives it.
    Plain,
    /// Hashed with a key, the same for all services that shall be read together.
    Hashed(Secret<String>),
}

/// What a point of a counter or a histogram counts from
/// (<https://opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/otlp/>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemporalityPreference {
    /// From the start of the process.
    Cumulative,
    /// From the last export, but for what goes up and down.
    Delta,
    /// As delta for synchronous counters and histograms only.
    LowMemory,
}

/// Which measurements may become exemplars
/// (<https://opentelemetry.io/docs/specs/otel/metrics/sdk/#exemplarfilter>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExemplarFilter {
    /// Those made inside of a sampled span.
    TraceBased,
    /// All.
    AlwaysOn,
    /// None.
    AlwaysOff,
}

impl TelemetryConfig {
    /// Finds out what reading the variables alone doesn't: whether the log filter can be used.
    ///
    /// # Errors
    /// When it can't.
    pub fn check(&self) -> Result<(), TelemetryError> {
        crate::logs::filter(&self.log_filter).map(drop)
    }
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            endpoint: None,
            traces: Signal::default(),
            metrics: Signal::default(),
            logs: Signal::default(),
            sampling: Sampling { ratio: 1.0, parent_based: true },
            trace_context: true,
            resource_attributes: BTreeMap::new(),
            service_name: None,
            service_version: env!("CARGO_PKG_VERSION").to_owned(),
            instance_id: Uuid::nil(),
            environment: "development".to_owned(),
            log_format: LogFormat::Json,
            log_filter: "info".to_owned(),
            user_ids: UserIds::Plain,
            limits: Limits::default(),
            span_batches: Batching::default(),
            log_batches: Batching::default(),
            metric_interval: Duration::from_mins(1),
            temporality: TemporalityPreference::Cumulative,
            exemplars: ExemplarFilter::TraceBased,
        }
    }
}

impl Default for Signal {
    fn default() -> Self {
        Self {
            exporter: Exporter::Otlp,
            protocol: Protocol::HttpProtobuf,
            endpoint: None,
            headers: BTreeMap::new(),
            timeout: Duration::from_secs(10),
            gzip: false,
            tls: Tls::default(),
        }
    }
}
