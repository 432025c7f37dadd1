//! The variables that the OpenTelemetry specification names
//! (<https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>), and ours.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use url::Url;

use super::{ExemplarFilter, Sampling, TelemetryConfig, TemporalityPreference, UserIds};
use crate::{Secret, TelemetryError};

/// Shorter keys could be guessed, and with them every id.
const USER_ID_KEY_BYTES: usize = 16;

/// Where variables are looked up; an empty value counts as none.
pub(super) struct Environment<'a>(pub(super) &'a dyn Fn(&str) -> Option<String>);

impl TelemetryConfig {
    /// Reads the `OTEL_*` variables, and our own, over the defaults.
    ///
    /// # Errors
    /// Names the first variable whose value cannot be used.
    pub fn from_lookup(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, TelemetryError> {
        let environment = Environment(lookup);
        let default = Self::default();
        Ok(Self {
            enabled: !environment.flag("OTEL_SDK_DISABLED")?.unwrap_or(false),
            endpoint: environment.url("OTEL_EXPORTER_OTLP_ENDPOINT")?,
            traces: environment.signal("TRACES")?,
            metrics: environment.metrics()?,
            logs: environment.signal("LOGS")?,
            sampling: environment.sampling(default.sampling)?,
            trace_context: environment.propagators("OTEL_PROPAGATORS")?,
            resource_attributes: environment.pairs("OTEL_RESOURCE_ATTRIBUTES")?,
            service_name: environment.get("OTEL_SERVICE_NAME"),
            log_filter: environment
                .log_level("OTEL_LOG_LEVEL")?
                .unwrap_or_else(|| default.log_filter.clone()),
            user_ids: environment.user_ids()?,
            limits: environment.limits(default.limits)?,
            span_batches: environment.batching("BSP", default.span_batches)?,
            log_batches: environment.batching("BLRP", default.log_batches)?,
            metric_interval: environment
                .millis("OTEL_METRIC_EXPORT_INTERVAL")?
                .unwrap_or(default.metric_interval),
            temporality: environment.temporality()?.unwrap_or(default.temporality),
            exemplars: environment.exemplars("OTEL_METRICS_EXEMPLAR_FILTER")?.unwrap_or(default.exemplars),
            ..default
        })
    }
}

impl Environment<'_> {
    pub(super) fn get(&self, variable: &str) -> Option<String> {
        (self.0)(variable).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    pub(super) fn number<T: FromStr>(
        &self,
        variable: &str,
        wanted: &str,
    ) -> Result<Option<T>, TelemetryError> {
        self.get(variable).map(|value| value.parse().map_err(|_| wrong(variable, &value, wanted))).transpose()
    }

    fn flag(&self, variable: &str) -> Result<Option<bool>, TelemetryError> {
        let Some(value) = self.get(variable) else { return Ok(None) };
        match value.to_ascii_lowercase().as_str() {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            _ => Err(wrong(variable, &value, "true or false")),
        }
    }

    pub(super) fn url(&self, variable: &str) -> Result<Option<Url>, TelemetryError> {
        let wanted = "an http:// or https:// address";
        let Some(value) = self.get(variable) else { return Ok(None) };
        match Url::parse(&value) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Some(url)),
            // The value may hold a password.
            _ => Err(TelemetryError::variable(variable, format!("it must be {wanted}"))),
        }
    }

    pub(super) fn millis(&self, variable: &str) -> Result<Option<Duration>, TelemetryError> {
        let found = self.at_least_one(variable, "a number of milliseconds, at least 1")?;
        Ok(found.map(|millis| Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))))
    }

    pub(super) fn at_least_one(&self, variable: &str, wanted: &str) -> Result<Option<usize>, TelemetryError> {
        match self.number(variable, wanted)? {
            Some(0) => Err(wrong(variable, "0", wanted)),
            other => Ok(other),
        }
    }

    /// `key=value,key=value`, percent-encoded.
    pub(super) fn pairs(&self, variable: &str) -> Result<BTreeMap<String, String>, TelemetryError> {
        let Some(value) = self.get(variable) else { return Ok(BTreeMap::new()) };
        let pairs = value.split(',').map(str::trim).filter(|pair| !pair.is_empty());
        pairs.map(pair).collect::<Option<_>>().ok_or_else(|| {
            TelemetryError::variable(variable, "it must be key=value,key=value, percent-encoded")
        })
    }

    fn metrics(&self) -> Result<super::Signal, TelemetryError> {
        let mut signal = self.signal("METRICS")?;
        if let Some(timeout) = self.millis("OTEL_METRIC_EXPORT_TIMEOUT")? {
            signal.timeout = signal.timeout.min(timeout);
        }
        Ok(signal)
    }

    fn sampling(&self, default: Sampling) -> Result<Sampling, TelemetryError> {
        let (variable, argument) = ("OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG");
        let Some(name) = self.get(variable) else { return Ok(default) };
        let bare = name.strip_prefix("parentbased_");
        let ratio = match bare.unwrap_or(&name) {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" => self.number(argument, "a number from 0 to 1")?.unwrap_or(1.0),
            _ => {
                return Err(wrong(
                    variable,
                    &name,
                    "always_on, always_off, traceidratio, or parentbased_ before one",
                ));
            }
        };
        if !(0.0..=1.0).contains(&ratio) {
            return Err(wrong(argument, &ratio.to_string(), "a number from 0 to 1"));
        }
        Ok(Sampling { ratio, parent_based: bare.is_some() })
    }

    /// Whether `tracecontext` is among them. Nothing of ours reads or writes baggage, so naming it is allowed
    /// and has no effect.
    fn propagators(&self, variable: &str) -> Result<bool, TelemetryError> {
        let Some(value) = self.get(variable) else { return Ok(true) };
        let names: Vec<&str> = value.split(',').map(str::trim).collect();
        match names.iter().find(|name| !matches!(**name, "tracecontext" | "baggage" | "none")) {
            Some(unknown) => Err(wrong(variable, unknown, "tracecontext, baggage or none")),
            None => Ok(names.contains(&"tracecontext") && !names.contains(&"none")),
        }
    }

    fn log_level(&self, variable: &str) -> Result<Option<String>, TelemetryError> {
        let Some(value) = self.get(variable) else { return Ok(None) };
        match value.to_ascii_lowercase().as_str() {
            level @ ("error" | "warn" | "info" | "debug" | "trace") => Ok(Some(level.to_owned())),
            "none" => Ok(Some("off".to_owned())),
            _ => Err(wrong(variable, &value, "error, warn, info, debug, trace or none")),
        }
    }

    fn user_ids(&self) -> Result<UserIds, TelemetryError> {
        let (variable, key) = ("MUSTER_TELEMETRY_USER_IDS", "MUSTER_TELEMETRY_USER_ID_KEY");
        match self.get(variable).as_deref() {
            None | Some("plain") => Ok(UserIds::Plain),
            Some("hashed") => match self.get(key) {
                Some(value) if value.len() >= USER_ID_KEY_BYTES => Ok(UserIds::Hashed(Secret::new(value))),
                _ => Err(TelemetryError::variable(
                    key,
                    format!("{variable}=hashed needs a key of at least {USER_ID_KEY_BYTES} characters"),
                )),
            },
            Some(other) => Err(wrong(variable, other, "plain or hashed")),
        }
    }

    fn temporality(&self) -> Result<Option<TemporalityPreference>, TelemetryError> {
        let variable = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
        let Some(value) = self.get(variable) else { return Ok(None) };
        match value.to_ascii_lowercase().as_str() {
            "cumulative" => Ok(Some(TemporalityPreference::Cumulative)),
            "delta" => Ok(Some(TemporalityPreference::Delta)),
            "lowmemory" => Ok(Some(TemporalityPreference::LowMemory)),
            _ => Err(wrong(variable, &value, "cumulative, delta or lowmemory")),
        }
    }

    fn exemplars(&self, variable: &str) -> Result<Option<ExemplarFilter>, TelemetryError> {
        match self.get(variable).as_deref() {
            None => Ok(None),
            Some("trace_based") => Ok(Some(ExemplarFilter::TraceBased)),
            Some("always_on") => Ok(Some(ExemplarFilter::AlwaysOn)),
            Some("always_off") => Ok(Some(ExemplarFilter::AlwaysOff)),
            Some(other) => Err(wrong(variable, other, "trace_based, always_on or always_off")),
        }
    }
}

pub(super) fn wrong(variable: &str, value: &str, wanted: &str) -> TelemetryError {
    TelemetryError::variable(variable, format!("\"{}\" must be {wanted}", value.escape_debug()))
}

fn pair(pair: &str) -> Option<(String, String)> {
    let (key, value) = pair.split_once('=')?;
    let key = percent_decode(key.trim()).filter(|key| !key.is_empty())?;
    Some((key, percent_decode(value.trim())?))
}

fn percent_decode(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
}
