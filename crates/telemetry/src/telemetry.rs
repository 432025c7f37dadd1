//! The value that a service is given.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry::InstrumentationScope;
use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use tracing::Dispatch;

use crate::accounts::Accounts;
use crate::captured::Kept;
use crate::export::Exports;
use crate::flush::{beside, result};
use crate::instruments::Instruments;
use crate::logs::{LogLevel, Logs};
use crate::people::People;
use crate::providers::Providers;
use crate::recorder::Recorder;
use crate::records::Records;
use crate::resource::{SCHEMA_URL, resource};
use crate::series::Maker;
use crate::words::Words;
use crate::{Captured, Metrics, ServiceName, TelemetryConfig, TelemetryError, process_metrics, self_metrics};

const FLUSH_DEADLINE: Duration = Duration::from_secs(5);
/// After the end what waits is written off; nobody leaves before that is in the books.
const WRITE_OFF: Duration = Duration::from_millis(100);

/// Exception records take their own way to OTLP, so the log layer leaves this target out.
pub(crate) const EXCEPTION_TARGET: &str = "muster::exception";

/// Recorder, instruments and log of one service; cheap to clone, never global.
#[derive(Clone)]
pub struct Telemetry {
    inner: Arc<Inner>,
}

struct Inner {
    service: ServiceName,
    recorder: Recorder,
    meter: Meter,
    meter_provider: SdkMeterProvider,
    records: Arc<Records>,
    log_level: Option<LogLevel>,
    instruments: Instruments,
    metrics: Metrics,
    dispatch: Dispatch,
    manner: Manner,
    /// Last, so that what the providers flush when they are dropped still finds its thread.
    exports: Option<Arc<Exports>>,
}

/// How things are written.
struct Manner {
    people: People,
    words: Words,
    trace_context: bool,
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
        let resource = resource(service, config);
        let exports = config.enabled.then(|| Exports::start(config, &resource)).transpose()?.map(Arc::new);
        let providers = match &exports {
            Some(exports) => Providers::exporting(service, config, &resource, exports),
            None => Providers::none(),
        };
        let logs = Logs::new(service, config, Arc::clone(&providers.records), std::io::stdout)?;
        let telemetry = Self::assemble(service, providers, logs, (config, exports));
        if let Some(exports) = &telemetry.inner.exports {
            exports.tell(&telemetry.inner.dispatch);
            self_metrics::observe(telemetry.meter(), exports);
        }
        Ok(telemetry)
    }

    /// Telemetry that records nothing and logs nothing.
    pub fn off(service: ServiceName) -> Self {
        let logs = Logs { dispatch: Dispatch::none(), level: None };
        Self::assemble(service, Providers::none(), logs, (&TelemetryConfig::default(), None))
    }

    /// Telemetry that stays in memory, for tests.
    pub fn captured(service: ServiceName) -> (Self, Captured) {
        let (spans, logs, metrics) = (Kept::new(service), Kept::new(service), Kept::new(service));
        let config = TelemetryConfig::default();
        let providers = Providers::keeping(&resource(service, &config), (&spans, &logs, &metrics));
        let captured = Captured { spans, logs, metrics, meter_provider: providers.meter.clone() };
        let logs = Logs::recorded(&config, Arc::clone(&providers.records));
        (Self::assemble(service, providers, logs, (&config, None)), captured)
    }

    fn assemble(
        service: ServiceName,
        providers: Providers,
        logs: Logs,
        (config, exports): (&TelemetryConfig, Option<Arc<Exports>>),
    ) -> Self {
        let meter = providers.meter.meter_with_scope(scope());
        let maker = Maker { meter: &meter, exemplars: &providers.exemplars };
        let inner = Inner {
            service,
            recorder: providers.recorder,
            instruments: Instruments::new(&maker),
            metrics: Metrics::new(&maker),
            meter,
            meter_provider: providers.meter,
            records: providers.records,
            log_level: logs.level,
            dispatch: logs.dispatch,
            manner: Manner {
                people: People::new(&config.user_ids),
                words: Words::default(),
                trace_context: config.trace_context,
            },
            exports,
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

    /// Observes the process that this service is in; of the services of one process, one does.
    pub fn observe_process(&self) {
        process_metrics::observe(&self.inner.meter);
    }

    /// What became of everything that was recorded so far; empty unless it is exported.
    pub fn accounts(&self) -> Accounts {
        self.inner.exports.as_ref().map(|exports| exports.accounts()).unwrap_or_default()
    }

    /// Takes over where to send, which traces to record and what to log, while the service runs. All else
    /// stays as it was at the start.
    ///
    /// # Errors
    /// When something can't be used; then nothing has changed.
    pub fn reload(&self, config: &TelemetryConfig) -> Result<(), TelemetryError> {
        let filter = crate::logs::filter(&config.log_filter)?;
        if let Some(exports) = &self.inner.exports {
            exports.redirect(config)?;
        }
        self.inner.recorder.sampler().change(config.sampling);
        if let Some(level) = &self.inner.log_level {
            // While there is one dispatch alone, tracing asks the current one what is of interest.
            tracing::dispatcher::with_default(&self.inner.dispatch, || level.change(filter));
        }
        Ok(())
    }

    /// Exports what has been recorded so far, within five seconds.
    ///
    /// # Errors
    /// When something was lost meanwhile, or the time did not suffice.
    pub async fn force_flush(&self) -> Result<(), TelemetryError> {
        let Some(exports) = &self.inner.exports else { return Ok(()) };
        let before = exports.accounts();
        let meter = self.inner.meter_provider.clone();
        let metrics = beside("telemetry-flush", Box::new(move || meter.force_flush()))?;
        let work = async { tokio::join!(metrics, exports.flush()) };
        let in_time = exports.within(FLUSH_DEADLINE, work).await;
        result(&before, &exports.accounts(), in_time.as_ref())
    }

    /// Exports what is left of all three signals, within one deadline. What is recorded afterwards is only
    /// counted.
    ///
    /// # Errors
    /// When something was lost meanwhile.
    pub async fn shutdown(&self, deadline: Duration) -> Result<(), TelemetryError> {
        let Some(exports) = &self.inner.exports else { return Ok(()) };
        let before = exports.accounts();
        exports.close(Instant::now() + deadline);
        let meter = self.inner.meter_provider.clone();
        let metrics = beside("telemetry-flush", Box::new(move || meter.shutdown_with_timeout(deadline)))?;
        let work = async { tokio::join!(metrics, exports.closed()) };
        let in_time = exports.within(deadline + WRITE_OFF, work).await;
        result(&before, &exports.accounts(), in_time.as_ref())
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.inner.recorder
    }

    pub(crate) fn records(&self) -> &Records {
        &self.inner.records
    }

    pub(crate) fn instruments(&self) -> &Instruments {
        &self.inner.instruments
    }

    pub(crate) fn people(&self) -> &People {
        &self.inner.manner.people
    }

    pub(crate) fn words(&self) -> &Words {
        &self.inner.manner.words
    }

    /// Whether trace context passes from one service to another.
    pub(crate) fn propagates(&self) -> bool {
        self.inner.manner.trace_context
    }
}

impl Drop for Inner {
    /// Whoever wants the rest to be sent shuts down before: here the SDK would wait in the middle of a runtime.
    fn drop(&mut self) {
        if let Some(exports) = &self.exports {
            exports.close(Instant::now());
        }
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
