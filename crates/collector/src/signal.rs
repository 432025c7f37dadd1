//! The three signals of OpenTelemetry, and what the pipeline needs to know of each.

use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse},
        metrics::v1::{
            ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
        },
        trace::v1::{ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse},
    },
    common::v1::{KeyValue, any_value},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::receive::validate::{self, Rejected};

/// A kind of telemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// Spans.
    Traces,
    /// Data points.
    Metrics,
    /// Log records.
    Logs,
}

impl Signal {
    /// All three, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// What one item of this signal is called, in the plural.
    pub fn items(self) -> &'static str {
        match self {
            Self::Traces => "spans",
            Self::Metrics => "data points",
            Self::Logs => "log records",
        }
    }
}

/// What a sender exported in one request, after the malformed items were taken out.
pub(crate) enum Batch {
    Traces(ExportTraceServiceRequest),
    Metrics(ExportMetricsServiceRequest),
    Logs(ExportLogsServiceRequest),
}

/// An OTLP export request of one signal.
pub(crate) trait Export: prost::Message + Default + DeserializeOwned + 'static {
    /// The answer that OTLP gives to this request.
    type Response: prost::Message + Default + 'static;

    const SIGNAL: Signal;

    /// Takes malformed items out and says how many and why.
    fn sift(&mut self) -> Rejected;

    /// How many spans, data points or log records there are.
    fn items(&self) -> usize;

    fn into_batch(self) -> Batch;

    /// The answer: empty when everything was taken, else a partial success.
    fn response(rejected: Rejected) -> Self::Response;

    /// The name of the count of rejected items in OTLP's JSON.
    const REJECTED_FIELD: &str;
}

impl Export for ExportTraceServiceRequest {
    type Response = ExportTraceServiceResponse;
    const SIGNAL: Signal = Signal::Traces;
    const REJECTED_FIELD: &str = "rejectedSpans";

    fn sift(&mut self) -> Rejected {
        validate::spans(self)
    }

    fn items(&self) -> usize {
        self.resource_spans.iter().flat_map(|r| &r.scope_spans).map(|s| s.spans.len()).sum()
    }

    fn into_batch(self) -> Batch {
        Batch::Traces(self)
    }

    fn response(rejected: Rejected) -> Self::Response {
        let partial_success = rejected.into_partial().map(|(rejected_spans, error_message)| {
            ExportTracePartialSuccess { rejected_spans, error_message }
        });
        ExportTraceServiceResponse { partial_success }
    }
}

impl Export for ExportMetricsServiceRequest {
    type Response = ExportMetricsServiceResponse;
    const SIGNAL: Signal = Signal::Metrics;
    const REJECTED_FIELD: &str = "rejectedDataPoints";

    fn sift(&mut self) -> Rejected {
        validate::points(self)
    }

    fn items(&self) -> usize {
        let metrics = self.resource_metrics.iter().flat_map(|r| &r.scope_metrics).flat_map(|s| &s.metrics);
        metrics.map(validate::point_count).sum()
    }

    fn into_batch(self) -> Batch {
        Batch::Metrics(self)
    }

    fn response(rejected: Rejected) -> Self::Response {
        let partial_success = rejected.into_partial().map(|(rejected_data_points, error_message)| {
            ExportMetricsPartialSuccess { rejected_data_points, error_message }
        });
        ExportMetricsServiceResponse { partial_success }
    }
}

impl Export for ExportLogsServiceRequest {
    type Response = ExportLogsServiceResponse;
    const SIGNAL: Signal = Signal::Logs;
    const REJECTED_FIELD: &str = "rejectedLogRecords";

    fn sift(&mut self) -> Rejected {
        validate::records(self)
    }

    fn items(&self) -> usize {
        self.resource_logs.iter().flat_map(|r| &r.scope_logs).map(|s| s.log_records.len()).sum()
    }

    fn into_batch(self) -> Batch {
        Batch::Logs(self)
    }

    fn response(rejected: Rejected) -> Self::Response {
        let partial_success = rejected.into_partial().map(|(rejected_log_records, error_message)| {
            ExportLogsPartialSuccess { rejected_log_records, error_message }
        });
        ExportLogsServiceResponse { partial_success }
    }
}

/// The text of an attribute, if there is one of that name and it is text.
pub(crate) fn attribute<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    let value = attributes.iter().find(|attribute| attribute.key == key)?.value.as_ref()?;
    match value.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text),
        _ => None,
    }
}
