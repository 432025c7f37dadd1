//! What is in effect, for people: no secrets, one line or a table.

use std::fmt;

use url::Url;

use super::{ExemplarFilter, Exporter, Protocol, Signal, TelemetryConfig, TemporalityPreference, UserIds};

/// In place of a value that nobody is to see.
pub(super) const MASKED: &str = "***";
/// Where OTLP goes over HTTP when nobody says where.
const DEFAULT_HTTP: &str = "http://localhost:4318/";
/// Where OTLP goes over gRPC when nobody says where.
const DEFAULT_GRPC: &str = "http://localhost:4317/";

/// The settings in effect, without secrets; its text is one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective(Vec<(&'static str, String)>);

impl fmt::Display for Effective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.0.iter().enumerate() {
            write!(f, "{}{name}={value}", if index == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl TelemetryConfig {
    /// What is in effect, without secrets.
    pub fn effective(&self) -> Effective {
        if !self.enabled {
            return Effective(vec![("telemetry", "off".to_owned()), ("log", self.log_filter.clone())]);
        }
        Effective(vec![
            ("traces", self.where_to(&self.traces, "v1/traces")),
            ("metrics", self.where_to(&self.metrics, "v1/metrics")),
            ("logs", self.where_to(&self.logs, "v1/logs")),
            ("sampler", self.sampler()),
            ("propagators", if self.trace_context { "tracecontext" } else { "none" }.to_owned()),
            ("log", self.log_filter.clone()),
            ("metric_interval", format!("{:?}", self.metric_interval)),
            ("temporality", temporality(self.temporality).to_owned()),
            ("exemplars", exemplars(self.exemplars).to_owned()),
            ("queue", format!("{}+{}", self.span_batches.queue_items, self.log_batches.queue_items)),
            ("user_ids", if self.user_ids == UserIds::Plain { "plain" } else { "hashed" }.to_owned()),
        ])
    }

    /// The address of a signal, and its base when only that was given.
    pub(crate) fn address(&self, signal: &Signal, path: &str) -> Option<Url> {
        if let Some(own) = &signal.endpoint {
            return Some(own.clone());
        }
        let default = if signal.protocol == Protocol::Grpc { DEFAULT_GRPC } else { DEFAULT_HTTP };
        let base = self.endpoint.clone().or_else(|| Url::parse(default).ok())?;
        Some(if signal.protocol == Protocol::Grpc { base } else { under(&base, path) })
    }

    fn where_to(&self, signal: &Signal, path: &str) -> String {
        match signal.exporter {
            Exporter::None => return "none".to_owned(),
            Exporter::Console => return "console".to_owned(),
            Exporter::Otlp => {}
        }
        let address = self.address(signal, path);
        let origin = address.map_or_else(String::new, |url| url.origin().ascii_serialization());
        let mut text = format!("{origin}({}", signal.protocol.as_str());
        text.push_str(if signal.gzip { ",gzip" } else { "" });
        text.push_str(if signal.tls.authorities.is_some() { ",own authorities" } else { "" });
        text.push_str(if signal.tls.identity.is_some() { ",client certificate" } else { "" });
        for name in signal.headers.keys() {
            text.extend([",", header_name(name), ":", MASKED]);
        }
        text.push(')');
        text
    }

    fn sampler(&self) -> String {
        let parent = if self.sampling.parent_based { "parentbased_" } else { "" };
        format!("{parent}traceidratio:{}", self.sampling.ratio)
    }
}

/// A header's name, unless it may be a token that was given without a name and ends in `=`.
pub(super) fn header_name(name: &str) -> &str {
    let is_word = name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
    if is_word { name } else { MASKED }
}

/// The specification appends the path, whether the base ends in a slash or not.
fn under(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

pub(super) const fn temporality(preference: TemporalityPreference) -> &'static str {
    match preference {
        TemporalityPreference::Cumulative => "cumulative",
        TemporalityPreference::Delta => "delta",
        TemporalityPreference::LowMemory => "lowmemory",
    }
}

pub(super) const fn exemplars(filter: ExemplarFilter) -> &'static str {
    match filter {
        ExemplarFilter::TraceBased => "trace_based",
        ExemplarFilter::AlwaysOn => "always_on",
        ExemplarFilter::AlwaysOff => "always_off",
    }
}
