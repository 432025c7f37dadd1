//! Where a service's log events go: one line on stdout, one record over OTLP.

use opentelemetry::InstrumentationScope;
use opentelemetry::logs::LoggerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use tracing::{Dispatch, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, registry};

use crate::lines::Lines;
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

/// Lines to a writer and records to a logger, each event filtered once for both.
pub(crate) fn dispatch<W>(
    service: ServiceName,
    config: &TelemetryConfig,
    logger: &SdkLoggerProvider,
    writer: W,
) -> Result<Dispatch, TelemetryError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = Lines::new(service, config.log_format, writer).with_filter(filter(&config.log_filter)?);
    let records = OpenTelemetryTracingBridge::new(&Scoped(logger.clone()))
        .with_filter(filter(&config.log_filter)?.and(filter_fn(is_exported)));
    Ok(Dispatch::new(registry().with(lines).with(records)))
}

/// Records to a logger alone.
pub(crate) fn records_only(logger: &SdkLoggerProvider) -> Dispatch {
    let records =
        OpenTelemetryTracingBridge::new(&Scoped(logger.clone())).with_filter(filter_fn(is_exported));
    Dispatch::new(registry().with(records))
}

fn filter(directives: &str) -> Result<EnvFilter, TelemetryError> {
    EnvFilter::builder().parse(directives).map_err(|error| TelemetryError::LogFilter {
        filter: directives.to_owned(),
        reason: error.to_string(),
    })
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
