//! The `console` exporter: spans and metrics as lines on stdout.

use std::io::Write as _;
use std::time::Duration;

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::{ResourceMetrics, ScopeMetrics};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;

use crate::{CapturedMetric, CapturedSpan, ServiceName};

/// Writes what a service records to stdout.
#[derive(Debug)]
pub(crate) struct Console(pub(crate) ServiceName);

impl Console {
    /// A span that has ended, in OTLP's bytes.
    pub(crate) fn span(&self, bytes: &[u8]) {
        // Whoever closed stdout has no use for it.
        let _ = Self::write(CapturedSpan::read(self.0, bytes).map(|span| format!("{span:?}")).into_iter());
    }

    fn write(lines: impl Iterator<Item = String>) -> OTelSdkResult {
        let mut stdout = std::io::stdout().lock();
        for line in lines {
            writeln!(stdout, "{line}").map_err(|error| OTelSdkError::InternalFailure(error.to_string()))?;
        }
        Ok(())
    }
}

impl PushMetricExporter for Console {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let metrics = metrics.scope_metrics().flat_map(ScopeMetrics::metrics);
        Self::write(metrics.map(|metric| format!("{}: {:?}", self.0, CapturedMetric::read(metric))))
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}
