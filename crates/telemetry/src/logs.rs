//! Where a service's log events go: one line on stdout, one record over OTLP.

use opentelemetry::InstrumentationScope;
use opentelemetry::logs::LoggerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use tracing::{Dispatch, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::{Layer as _, Registry, registry};

use crate::lines::Lines;
use crate::people::People;
use crate::telemetry::{EXCEPTION_TARGET, scope};
use crate::{ServiceName, TelemetryConfig, TelemetryError};

/// Libraries whose events would travel with what they carry: to export them makes more of them.
const NOT_EXPORTED: [&str; 10] = [
    "h2",
    "hyper",
    "hyper_util",
    "lapin",
    "opentelemetry",
    "opentelemetry_sdk",
    "reqwest",
    "sqlx",
    "tonic",
    "tower",
];

/// Where events go, and what decides which.
pub(crate) struct Logs {
    pub(crate) dispatch: Dispatch,
    pub(crate) level: Option<LogLevel>,
}

/// Decides which events are logged; can be changed while the service runs.
pub(crate) struct LogLevel {
    lines: Handle<EnvFilter, Registry>,
    records: Box<dyn Fn(EnvFilter) + Send + Sync>,
}

impl LogLevel {
    pub(crate) fn change(&self, filter: EnvFilter) {
        (self.records)(filter.clone());
        // It only fails when the dispatch is gone, and with it whoever logs.
        let _ = self.lines.reload(filter);
    }
}

impl Logs {
    /// Lines to a writer and records to a logger, each event filtered once for both.
    pub(crate) fn new<W>(
        service: ServiceName,
        config: &TelemetryConfig,
        logger: &SdkLoggerProvider,
        writer: W,
    ) -> Result<Self, TelemetryError>
    where
        W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
    {
        let filter = filter(&config.log_filter)?;
        let (lines_filter, lines) = reload::Layer::new(filter.clone());
        let (records_filter, records) = reload::Layer::new(filter);
        let people = (People::new(&config.user_ids), config.limits.log_value_characters);
        let lines_layer = Lines::new(service, config.log_format, people, writer)
            .with_filter(lines_filter.and(filter_fn(is_said)));
        let records_layer = OpenTelemetryTracingBridge::new(&Scoped(logger.clone()))
            .with_filter(records_filter.and(filter_fn(is_exported)));
        let records = Box::new(move |filter| {
            let _ = records.reload(filter);
        });
        let dispatch = Dispatch::new(registry().with(lines_layer).with(records_layer));
        Ok(Self { dispatch, level: Some(LogLevel { lines, records }) })
    }
}

/// Records to a logger alone.
pub(crate) fn records_only(logger: &SdkLoggerProvider) -> Dispatch {
    let records =
        OpenTelemetryTracingBridge::new(&Scoped(logger.clone())).with_filter(filter_fn(is_exported));
    Dispatch::new(registry().with(records))
}

pub(crate) fn filter(directives: &str) -> Result<EnvFilter, TelemetryError> {
    EnvFilter::builder().parse(directives).map_err(|error| TelemetryError::LogFilter {
        filter: directives.to_owned(),
        reason: error.to_string(),
    })
}

/// The client of RabbitMQ tells the bodies of messages that come back; what matters of it the bus says itself.
fn is_said(metadata: &Metadata<'_>) -> bool {
    metadata.target().split("::").next() != Some("lapin")
}

fn is_exported(metadata: &Metadata<'_>) -> bool {
    let library = metadata.target().split("::").next().unwrap_or_default();
    metadata.target() != EXCEPTION_TARGET && !NOT_EXPORTED.contains(&library)
}

/// Gives loggers our scope, since the appender asks for a nameless one.
struct Scoped(SdkLoggerProvider);

impl LoggerProvider for Scoped {
    type Logger = SdkLogger;

    fn logger_with_scope(&self, _scope: InstrumentationScope) -> SdkLogger {
        self.0.logger_with_scope(scope())
    }
}
