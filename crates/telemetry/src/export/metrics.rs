//! Metrics: each collection is one parcel.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use prost::Message as _;
use tokio::runtime::Handle;

use super::courier::Courier;
use super::{Kind, Parcel};
use crate::accounts::Books;
use crate::exemplars::Exemplars;
use crate::{TelemetryConfig, TemporalityPreference};

/// The way of the data points, with its books.
#[derive(Debug)]
pub(crate) struct Lane {
    courier: Arc<Courier>,
    books: Mutex<Books>,
    handle: Handle,
}

impl Lane {
    pub(super) fn new(courier: Arc<Courier>, handle: Handle) -> Self {
        Self { courier, books: Mutex::default(), handle }
    }

    pub(super) fn courier(&self) -> &Courier {
        &self.courier
    }

    pub(super) fn with_books<R>(&self, read: impl FnOnce(&Books) -> R) -> R {
        read(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn deliver(self: Arc<Self>, parcel: Parcel) -> OTelSdkResult {
        let (items, bytes) = (parcel.items, parcel.body.len());
        self.lock().collect(items, bytes);
        let outcome = self.courier.deliver(parcel).await;
        let lost = outcome.dropped.clone();
        self.lock().settle(items, bytes, outcome);
        match lost {
            None => Ok(()),
            Some((error_type, count)) => {
                Err(OTelSdkError::InternalFailure(format!("{count} data points lost: {error_type}")))
            }
        }
    }
}

/// Encodes what a reader collects, with its exemplars, and has it delivered.
#[derive(Debug)]
pub(crate) struct OtlpMetrics {
    lane: Arc<Lane>,
    exemplars: Arc<Exemplars>,
    temporality: TemporalityPreference,
}

impl OtlpMetrics {
    pub(super) const fn new(lane: Arc<Lane>, config: &TelemetryConfig, exemplars: Arc<Exemplars>) -> Self {
        Self { lane, exemplars, temporality: config.temporality }
    }

    fn encode(&self, metrics: &ResourceMetrics) -> (Bytes, u64) {
        let mut request = ExportMetricsServiceRequest::from(metrics);
        let scopes = request.resource_metrics.iter_mut().flat_map(|resource| &mut resource.scope_metrics);
        let mut items = 0;
        for metric in scopes.flat_map(|scope| &mut scope.metrics) {
            self.exemplars.attach(metric);
            items += points(metric);
        }
        (request.encode_to_vec().into(), items.try_into().unwrap_or(u64::MAX))
    }
}

impl PushMetricExporter for OtlpMetrics {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let (body, items) = self.encode(metrics);
        let parcel = Parcel { kind: Kind::Metrics, body, items, timeout: Duration::MAX };
        // The reader's thread has no reactor.
        let delivery = self.lane.handle.spawn(Arc::clone(&self.lane).deliver(parcel));
        delivery.await.map_err(|error| OTelSdkError::InternalFailure(error.to_string()))?
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        match self.temporality {
            TemporalityPreference::Cumulative => Temporality::Cumulative,
            TemporalityPreference::Delta => Temporality::Delta,
            TemporalityPreference::LowMemory => Temporality::LowMemory,
        }
    }
}

fn points(metric: &Metric) -> usize {
    match &metric.data {
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Data::Summary(summary)) => summary.data_points.len(),
        None => 0,
    }
}
