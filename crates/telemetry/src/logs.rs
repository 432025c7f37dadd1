//! Where a service's log events go: one line on stdout, one record over OTLP.

use std::io::Stdout;
use std::sync::Arc;

use opentelemetry::logs::Severity;
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::{Layer, Registry, registry};

use crate::entry::Entry;
use crate::lines::Lines;
use crate::otlp::record::Record;
use crate::people::People;
use crate::records::Records;
use crate::telemetry::EXCEPTION_TARGET;
use crate::{Limits, ServiceName, TelemetryConfig, TelemetryError};

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
pub(crate) struct LogLevel(Handle<EnvFilter, Registry>);

impl LogLevel {
    pub(crate) fn change(&self, filter: EnvFilter) {
        // It only fails when the dispatch is gone, and with it whoever logs.
        let _ = self.0.reload(filter);
    }
}

impl Logs {
    /// Lines to a writer, and records beside them.
    pub(crate) fn new<W>(
        service: ServiceName,
        config: &TelemetryConfig,
        records: Arc<Records>,
        writer: W,
    ) -> Result<Self, TelemetryError>
    where
        W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
    {
        let (level, handle) = reload::Layer::new(filter(&config.log_filter)?);
        let lines = Lines::new(service, config.log_format, writer);
        let log = Log::new(Some(lines), records, (People::new(&config.user_ids), config.limits));
        let dispatch = Dispatch::new(registry().with(log.with_filter(level.and(filter_fn(is_said)))));
        Ok(Self { dispatch, level: Some(LogLevel(handle)) })
    }

    /// Records alone, whatever their level.
    pub(crate) fn recorded(config: &TelemetryConfig, records: Arc<Records>) -> Self {
        let people = People::new(&config.user_ids);
        let log = Log::<fn() -> Stdout>::new(None, records, (people, config.limits));
        Self { dispatch: Dispatch::new(registry().with(log.with_filter(filter_fn(is_said)))), level: None }
    }
}

/// The layer that takes an event apart and hands it on.
#[derive(Debug)]
pub(crate) struct Log<W> {
    people: People,
    limits: Limits,
    lines: Option<Lines<W>>,
    records: Arc<Records>,
}

impl<W> Log<W> {
    pub(crate) fn new(
        lines: Option<Lines<W>>,
        records: Arc<Records>,
        (people, limits): (People, Limits),
    ) -> Self {
        Self { people, limits, lines, records }
    }
}

impl<S, W> Layer<S> for Log<W>
where
    S: Subscriber,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut entry = Entry::read(event);
        entry.cut(self.limits.log_value_characters);
        entry.hide(&self.people);
        if let Some(lines) = &self.lines {
            lines.write(&entry);
        }
        if self.records.are_wanted() && is_exported(event.metadata()) {
            self.records.take(entry.target, &record(&entry));
        }
    }
}

fn record(entry: &Entry) -> Record<'_> {
    Record {
        severity: severity(entry.level),
        event_name: entry.name.as_deref().unwrap_or_default(),
        body: &entry.message,
        attributes: &entry.fields,
        span: entry.span.as_ref(),
        observed: opentelemetry::time::now(),
    }
}

const fn severity(level: Level) -> Severity {
    match level {
        Level::TRACE => Severity::Trace,
        Level::DEBUG => Severity::Debug,
        Level::INFO => Severity::Info,
        Level::WARN => Severity::Warn,
        Level::ERROR => Severity::Error,
    }
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
