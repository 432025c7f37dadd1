//! Every variable with what is in effect, for tables: no secrets.

use std::collections::BTreeMap;
use std::time::Duration;

use url::Url;

use super::effective::{MASKED, exemplars, header_name, temporality};
use super::limits::UNBOUNDED;
use super::{Batching, Exporter, Protocol, Signal, TelemetryConfig, UserIds};

/// What a variable has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The environment variable.
    pub variable: String,
    /// What is in effect, as an operator would write it; `***` in place of a secret, `-` for nothing.
    pub value: String,
    /// What the variable is for, in a few words.
    pub meaning: &'static str,
    /// Whether a running process takes a new value over, when it is told to read its settings again.
    pub is_live: bool,
}

/// In place of no value.
const NOTHING: &str = "-";
/// Where the three signals don't agree.
const DIFFERS: &str = "by signal";

impl TelemetryConfig {
    /// Every variable with what is in effect.
    pub fn settings(&self) -> Vec<Setting> {
        let mut rows = self.general();
        rows.extend(self.people());
        rows.extend(self.exporters());
        for (name, signal, path) in self.signals() {
            rows.extend(self.exporter(name, signal, path));
        }
        rows.extend(batches("BSP", "Spans", &self.span_batches));
        rows.extend(batches("BLRP", "Log records", &self.log_batches));
        rows.extend(self.metric_reader());
        rows.extend(self.limits());
        rows
    }

    fn signals(&self) -> [(&'static str, &Signal, &'static str); 3] {
        [
            ("TRACES", &self.traces, "v1/traces"),
            ("METRICS", &self.metrics, "v1/metrics"),
            ("LOGS", &self.logs, "v1/logs"),
        ]
    }

    fn general(&self) -> Vec<Setting> {
        let parent = if self.sampling.parent_based { "parentbased_" } else { "" };
        vec![
            fixed(
                "OTEL_SDK_DISABLED",
                !self.enabled,
                "`true` turns telemetry off; log lines are still written",
            ),
            fixed(
                "OTEL_SERVICE_NAME",
                or_nothing(self.service_name.as_deref()),
                "`service.name` of a process that is one service",
            ),
            fixed(
                "OTEL_RESOURCE_ATTRIBUTES",
                pairs(&self.resource_attributes),
                "Added to the resource: `key=value,key=value`",
            ),
            fixed(
                "OTEL_PROPAGATORS",
                if self.trace_context { "tracecontext" } else { "none" },
                "`tracecontext` or `none`: whether a trace goes on in the next service",
            ),
            live(
                "OTEL_TRACES_SAMPLER",
                format!("{parent}traceidratio"),
                "Which traces are recorded: `always_on`, `always_off`, `traceidratio`, with or without `parentbased_`",
            ),
            live(
                "OTEL_TRACES_SAMPLER_ARG",
                self.sampling.ratio,
                "The share of traces for `traceidratio`, 0 to 1",
            ),
            live(
                "OTEL_LOG_LEVEL",
                &self.log_filter,
                "`error`, `warn`, `info`, `debug`, `trace` or `none`; `MUSTER_LOG` is stronger",
            ),
            fixed(
                "OTEL_METRICS_EXEMPLAR_FILTER",
                exemplars(self.exemplars),
                "Which measurements lead to their traces: `trace_based`, `always_on`, `always_off`",
            ),
        ]
    }

    fn people(&self) -> Vec<Setting> {
        let users = match &self.user_ids {
            UserIds::Plain => ("plain", NOTHING),
            UserIds::Hashed(_) => ("hashed", MASKED),
        };
        vec![
            fixed("MUSTER_TELEMETRY_USER_IDS", users.0, "`plain`, or `hashed` with a key"),
            fixed(
                "MUSTER_TELEMETRY_USER_ID_KEY",
                users.1,
                "The key for hashed ids, at least 16 characters; the same for all services",
            ),
        ]
    }

    /// What holds for all signals, unless a signal has its own.
    fn exporters(&self) -> Vec<Setting> {
        let base = self.endpoint.as_ref().map_or_else(|| NOTHING.to_owned(), shown);
        let common = |of: fn(&Signal) -> String| {
            let [first, second, third] = self.signals().map(|(_, signal, _)| of(signal));
            if first == second && second == third { first } else { DIFFERS.to_owned() }
        };
        vec![
            live(
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                base,
                "Where OTLP goes; over HTTP `/v1/traces` and so on are appended. Without one it goes to the collector at `MUSTER_OTLP_HTTP`",
            ),
            live(
                "OTEL_EXPORTER_OTLP_PROTOCOL",
                common(|it| it.protocol.as_str().to_owned()),
                "`http/protobuf` or `grpc`",
            ),
            live(
                "OTEL_EXPORTER_OTLP_HEADERS",
                common(headers),
                "Sent with each request: `key=value,key=value`, percent-encoded",
            ),
            live(
                "OTEL_EXPORTER_OTLP_TIMEOUT",
                common(|it| millis(it.timeout)),
                "Milliseconds for a request with its retries",
            ),
            live("OTEL_EXPORTER_OTLP_COMPRESSION", common(compression), "`gzip` or `none`"),
            live(
                "OTEL_EXPORTER_OTLP_CERTIFICATE",
                common(authorities),
                "A PEM file: the authorities to trust instead of the public ones",
            ),
            live("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", common(identity), "A PEM file: who we are"),
            live("OTEL_EXPORTER_OTLP_CLIENT_KEY", common(identity), "A PEM file: the key to that"),
        ]
    }

    /// `name` is `TRACES`, `METRICS` or `LOGS`.
    fn exporter(&self, name: &str, signal: &Signal, path: &str) -> Vec<Setting> {
        let otlp = |suffix: &str| format!("OTEL_EXPORTER_OTLP_{name}_{suffix}");
        let exporter = match signal.exporter {
            Exporter::Otlp => "otlp",
            Exporter::Console => "console",
            Exporter::None => "none",
        };
        let address = self.address(signal, path).as_ref().map_or_else(|| NOTHING.to_owned(), shown);
        let own = "The same for this signal alone";
        vec![
            fixed(format!("OTEL_{name}_EXPORTER"), exporter, "`otlp`, `console` or `none`"),
            live(otlp("ENDPOINT"), address, "The full address for this signal alone"),
            live(otlp("PROTOCOL"), signal.protocol.as_str(), own),
            live(otlp("HEADERS"), headers(signal), own),
            live(otlp("TIMEOUT"), millis(signal.timeout), own),
            live(otlp("COMPRESSION"), compression(signal), own),
            live(otlp("CERTIFICATE"), authorities(signal), own),
            live(otlp("CLIENT_CERTIFICATE"), identity(signal), own),
            live(otlp("CLIENT_KEY"), identity(signal), own),
        ]
    }

    fn metric_reader(&self) -> Vec<Setting> {
        vec![
            fixed(
                "OTEL_METRIC_EXPORT_INTERVAL",
                millis(self.metric_interval),
                "Milliseconds between two exports of metrics",
            ),
            live(
                "OTEL_METRIC_EXPORT_TIMEOUT",
                millis(self.metrics.timeout),
                "Milliseconds for one, if that is less than the exporter's own",
            ),
            fixed(
                "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
                temporality(self.temporality),
                "`cumulative`, `delta` or `lowmemory`",
            ),
        ]
    }

    fn limits(&self) -> Vec<Setting> {
        let limits = &self.limits;
        let [events, event_attributes, link_attributes] = UNBOUNDED;
        let either = |span: usize, log: usize| {
            if span == log { span.to_string() } else { DIFFERS.to_owned() }
        };
        let length = either(limits.span_value_characters, limits.log_value_characters);
        let count = either(limits.span_attributes as usize, limits.log_attributes as usize);
        vec![
            fixed(
                "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
                length,
                "Longest text of an attribute, in characters; a longer one is cut",
            ),
            fixed(
                "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
                limits.span_value_characters,
                "The same for spans alone",
            ),
            fixed(
                "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
                limits.log_value_characters,
                "The same for log records alone",
            ),
            fixed("OTEL_ATTRIBUTE_COUNT_LIMIT", count, "Most attributes; more are counted as dropped"),
            fixed("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", limits.span_attributes, "The same for spans alone"),
            fixed(
                "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
                limits.log_attributes,
                "The same for log records alone",
            ),
            fixed("OTEL_SPAN_LINK_COUNT_LIMIT", limits.span_links, "Most links of a span"),
            fixed(events, NOTHING, "Bounds nothing: spans have no events here, an exception is a log record"),
            fixed(event_attributes, NOTHING, "Bounds nothing, like the one before"),
            fixed(link_attributes, NOTHING, "Bounds nothing: links have no attributes here"),
        ]
    }
}

/// `processor` is `BSP` or `BLRP`.
fn batches(processor: &str, what: &str, batching: &Batching) -> Vec<Setting> {
    let name = |suffix: &str| format!("OTEL_{processor}_{suffix}");
    let (size, batch, delay) = if what == "Spans" {
        (
            "Spans that may wait; more are dropped and counted",
            "Spans of one export",
            "Milliseconds that a span waits for company",
        )
    } else {
        (
            "Log records that may wait; more are dropped and counted",
            "Log records of one export",
            "Milliseconds that a log record waits for company",
        )
    };
    vec![
        fixed(name("MAX_QUEUE_SIZE"), batching.queue_items, size),
        fixed(name("MAX_EXPORT_BATCH_SIZE"), batching.batch_items, batch),
        fixed(name("SCHEDULE_DELAY"), millis(batching.delay), delay),
        fixed(
            name("EXPORT_TIMEOUT"),
            millis(batching.timeout),
            "Milliseconds after which a batch, with its retries, is given up",
        ),
    ]
}

#[expect(clippy::needless_pass_by_value, reason = "the tables above read better without references")]
fn fixed(variable: impl Into<String>, value: impl ToString, meaning: &'static str) -> Setting {
    Setting { variable: variable.into(), value: value.to_string(), meaning, is_live: false }
}

fn live(variable: impl Into<String>, value: impl ToString, meaning: &'static str) -> Setting {
    Setting { is_live: true, ..fixed(variable, value, meaning) }
}

/// An address without what may be a password: its user, its query, and what of its path isn't common.
fn shown(url: &Url) -> String {
    let common = |segment: &str| ["api", "otlp", "v1", "traces", "metrics", "logs"].contains(&segment);
    let mut text = url.origin().ascii_serialization();
    for segment in url.path().split('/').filter(|segment| !segment.is_empty()) {
        text.extend(["/", if common(segment) { segment } else { MASKED }]);
    }
    text
}

fn headers(signal: &Signal) -> String {
    let masked: Vec<_> =
        signal.headers.keys().map(|name| format!("{}={MASKED}", header_name(name))).collect();
    if masked.is_empty() { NOTHING.to_owned() } else { masked.join(",") }
}

fn pairs(pairs: &BTreeMap<String, String>) -> String {
    let pairs: Vec<_> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
    if pairs.is_empty() { NOTHING.to_owned() } else { pairs.join(",") }
}

fn or_nothing(text: Option<&str>) -> &str {
    text.unwrap_or(NOTHING)
}

fn compression(signal: &Signal) -> String {
    if signal.gzip { "gzip" } else { "none" }.to_owned()
}

fn authorities(signal: &Signal) -> String {
    if signal.tls.authorities.is_some() { MASKED } else { NOTHING }.to_owned()
}

fn identity(signal: &Signal) -> String {
    if signal.tls.identity.is_some() { MASKED } else { NOTHING }.to_owned()
}

fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}

impl Protocol {
    /// As `OTEL_EXPORTER_OTLP_PROTOCOL` calls it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HttpProtobuf => "http/protobuf",
            Self::Grpc => "grpc",
        }
    }
}
