//! What an operator can set.

use std::collections::BTreeMap;
use std::time::Duration;

use url::Url;
use uuid::Uuid;

/// The settings of one service's telemetry.
#[derive(Clone, Debug, PartialEq)]
pub struct TelemetryConfig {
    /// Off means no-op providers; log lines are still written.
    pub enabled: bool,
    /// The base address of an OTLP/HTTP receiver, to which `/v1/traces` and so on are appended.
    pub endpoint: Option<Url>,
    /// The share of traces that are recorded, 0 to 1; children follow their parent.
    pub sampler_ratio: f64,
    /// Added to the resource, and stronger than what we put there.
    pub resource_attributes: BTreeMap<String, String>,
    /// Instead of the service's own name.
    pub service_name: Option<String>,
    /// The crate's version and the commit.
    pub service_version: String,
    /// One per start of the process.
    pub instance_id: Uuid,
    /// `deployment.environment.name`: `production`, `development`.
    pub environment: String,
    /// How log lines look on stdout.
    pub log_format: LogFormat,
    /// Which events are logged, as directives: `info,store=debug`.
    pub log_filter: String,
    /// How often metrics are exported.
    pub metric_interval: Duration,
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
            sampler_ratio: 1.0,
            resource_attributes: BTreeMap::new(),
            service_name: None,
            service_version: env!("CARGO_PKG_VERSION").to_owned(),
            instance_id: Uuid::nil(),
            environment: "development".to_owned(),
            log_format: LogFormat::Json,
            log_filter: "info".to_owned(),
            metric_interval: Duration::from_secs(60),
        }
    }
}
