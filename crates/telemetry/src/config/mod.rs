//! What an operator can set.

mod environment;

use std::collections::BTreeMap;
use std::time::Duration;

use url::Url;
use uuid::Uuid;

use crate::Secret;

/// The settings of one service's telemetry.
#[derive(Clone, Debug, PartialEq)]
pub struct TelemetryConfig {
    /// Off means no-op providers; log lines are still written.
    pub enabled: bool,
    /// The base address of an OTLP/HTTP receiver, to which `/v1/traces` and so on are appended;
    /// without one, `http://localhost:4318`.
    pub endpoint: Option<Url>,
    /// What is particular to traces.
    pub traces: Signal,
    /// What is particular to metrics.
    pub metrics: Signal,
    /// What is particular to logs.
    pub logs: Signal,
    /// Which traces are recorded.
    pub sampling: Sampling,
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
    /// How often metrics are exported.
    pub metric_interval: Duration,
    /// How long spans and log records wait for company before they are exported.
    pub batch_delay: Duration,
    /// How many spans, and how many log records, may wait; more are dropped.
    pub queue_items: usize,
}

/// How one of the three signals is exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Where to.
    pub exporter: Exporter,
    /// The full address, instead of one under [`TelemetryConfig::endpoint`].
    pub endpoint: Option<Url>,
    /// Sent with each request.
    pub headers: BTreeMap<String, Secret<String>>,
    /// After so long a request, with its retries, has failed.
    pub timeout: Duration,
    /// Whether bodies are compressed with gzip.
    pub gzip: bool,
}

/// Where a signal goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exporter {
    /// OTLP over HTTP in protobuf.
    Otlp,
    /// Lines on stdout; for logs these are the log lines that are there anyway.
    Console,
    /// Nowhere.
    None,
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

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            endpoint: None,
            traces: Signal::default(),
            metrics: Signal::default(),
            logs: Signal::default(),
            sampling: Sampling { ratio: 1.0, parent_based: true },
            resource_attributes: BTreeMap::new(),
            service_name: None,
            service_version: env!("CARGO_PKG_VERSION").to_owned(),
            instance_id: Uuid::nil(),
            environment: "development".to_owned(),
            log_format: LogFormat::Json,
            log_filter: "info".to_owned(),
            metric_interval: Duration::from_mins(1),
            batch_delay: Duration::from_secs(1),
            queue_items: 8_192,
        }
    }
}

impl Default for Signal {
    fn default() -> Self {
        Self {
            exporter: Exporter::Otlp,
            endpoint: None,
            headers: BTreeMap::new(),
            timeout: Duration::from_secs(10),
            gzip: false,
        }
    }
}
