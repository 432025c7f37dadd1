//! The value that a service is given.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::InstrumentationScope;
use opentelemetry::logs::LoggerProvider as _;
use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::Dispatch;

use crate::captured::Kept;
use crate::export::Exports;
use crate::flush::{Job, within};
use crate::instruments::Instruments;
use crate::providers::Providers;
use crate::resource::SCHEMA_URL;
use crate::{Captured, Metrics, ServiceName, TelemetryConfig, TelemetryError, logs, process_metrics};

const FLUSH_DEADLINE: Duration = Duration::from_secs(5);

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
    /// Last, so that what the providers flush when they are dropped still finds its thread.
    _exports: Option<Exports>,
}

impl Telemetry {
    /// Builds the pipelines of a service; never waits for a receiver.
    ///
    /// The process must have installed rustls' crypto provider before, since the client of an exporter may
    /// need TLS.
    ///
    /// # Errors
    /// When the log filter cannot be read, the exporter cannot be built, or a thread cannot be had.
    pub fn init(service: ServiceName, config: &TelemetryConfig) -> Result<Self, TelemetryError> {
        let exports = config.enabled.then(|| Exports::start(config)).transpose()?;
        let providers = match &exports {
            Some(exports) => Providers::exporting(service, config, exports)?,
            None => Providers::none(),
        };
        let dispatch = logs::dispatch(service, config, &providers.logger, std::io::stdout)?;
        if let Some(exports) = &exports {
            exports.tell(&dispatch);
        }
        let telemetry = Self::assemble(service, providers, dispatch, exports);
        process_metrics::observe(telemetry.meter());
        Ok(telemetry)
    }

    /// Telemetry that records nothing and logs nothing.
    pub fn off(service: ServiceName) -> Self {
        Self::assemble(service, Providers::none(), Dispatch::none(), None)
    }

    /// Telemetry that stays in memory, for tests.
    pub fn captured(service: ServiceName) -> (Self, Captured) {
        let (spans, logs, metrics) = (Kept::new(service), Kept::new(service), Kept::new(service));
        let providers = Providers::keeping(service, &spans, &logs, &metrics);
        let captured = Captured { spans, logs, metrics, meter_provider: providers.meter.clone() };
        let dispatch = logs::records_only(&providers.logger);
        (Self::assemble(service, providers, dispatch, None), captured)
    }

    fn assemble(
        service: ServiceName,
        providers: Providers,
        dispatch: Dispatch,
        exports: Option<Exports>,
    ) -> Self {
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
            _exports: exports,
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

    /// Exports what has been recorded so far, within five seconds.
    pub async fn force_flush(&self) -> Result<(), TelemetryError> {
        let Inner { tracer_provider, meter_provider, logger_provider, .. } = &*self.inner;
        let (tracer, meter, logger) =
            (tracer_provider.clone(), meter_provider.clone(), logger_provider.clone());
        let jobs = vec![
            Job { signal: "traces", work: Box::new(move || tracer.force_flush()) },
            Job { signal: "metrics", work: Box::new(move || meter.force_flush()) },
            Job { signal: "logs", work: Box::new(move || logger.force_flush()) },
        ];
        within(FLUSH_DEADLINE, jobs).await
    }

    /// Exports what is left of all three signals, within one deadline, and stops recording.
    pub async fn shutdown(&self, deadline: Duration) -> Result<(), TelemetryError> {
        let Inner { tracer_provider, meter_provider, logger_provider, .. } = &*self.inner;
        let (tracer, meter, logger) =
            (tracer_provider.clone(), meter_provider.clone(), logger_provider.clone());
        let jobs = vec![
            Job { signal: "traces", work: Box::new(move || tracer.shutdown_with_timeout(deadline)) },
            Job { signal: "metrics", work: Box::new(move || meter.shutdown_with_timeout(deadline)) },
            Job { signal: "logs", work: Box::new(move || logger.shutdown_with_timeout(deadline)) },
        ];
        within(deadline, jobs).await
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

pub(crate) fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("muster")
        .with_version(env!("CARGO_PKG_VERSION"))
        .with_schema_url(SCHEMA_URL)
        .build()
}
