//! The variables that the OpenTelemetry specification names
//! (<https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>).

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use url::Url;

use super::{Exporter, Sampling, Signal, TelemetryConfig};
use crate::{Secret, TelemetryError};

/// Where variables are looked up; an empty value counts as none.
struct Environment<'a>(&'a dyn Fn(&str) -> Option<String>);

impl TelemetryConfig {
    /// Reads the `OTEL_*` variables over the defaults.
    ///
    /// # Errors
    /// Names the first variable whose value cannot be used.
    pub fn from_lookup(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, TelemetryError> {
        let environment = Environment(lookup);
        let mut config = Self::default();
        if let Some(disabled) = environment.flag("OTEL_SDK_DISABLED")? {
            config.enabled = !disabled;
        }
        config.endpoint = environment.url("OTEL_EXPORTER_OTLP_ENDPOINT")?;
        config.traces = environment.signal("TRACES")?;
        config.metrics = environment.signal("METRICS")?;
        config.logs = environment.signal("LOGS")?;
        config.sampling = environment.sampling(config.sampling)?;
        config.service_name = environment.get("OTEL_SERVICE_NAME");
        config.resource_attributes = environment.pairs("OTEL_RESOURCE_ATTRIBUTES")?;
        if let Some(level) = environment.log_level("OTEL_LOG_LEVEL")? {
            config.log_filter = level;
        }
        environment.batching(&mut config)?;
        Ok(config)
    }
}

impl Environment<'_> {
    fn get(&self, variable: &str) -> Option<String> {
        (self.0)(variable).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn number<T: FromStr>(&self, variable: &str, wanted: &str) -> Result<Option<T>, TelemetryError> {
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

    fn url(&self, variable: &str) -> Result<Option<Url>, TelemetryError> {
        let wanted = "an http:// or https:// address";
        let Some(value) = self.get(variable) else { return Ok(None) };
        match Url::parse(&value) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Some(url)),
            // The value may hold a password.
            _ => Err(TelemetryError::variable(variable, format!("it must be {wanted}"))),
        }
    }

    fn millis(&self, variable: &str) -> Result<Option<Duration>, TelemetryError> {
        let found = self.number(variable, "a number of milliseconds, at least 1")?;
        match found {
            Some(0) => Err(wrong(variable, "0", "a number of milliseconds, at least 1")),
            other => Ok(other.map(Duration::from_millis)),
        }
    }

    /// `key=value,key=value`, percent-encoded.
    fn pairs(&self, variable: &str) -> Result<BTreeMap<String, String>, TelemetryError> {
        let Some(value) = self.get(variable) else { return Ok(BTreeMap::new()) };
        let pairs = value.split(',').map(str::trim).filter(|pair| !pair.is_empty());
        pairs.map(pair).collect::<Option<_>>().ok_or_else(|| {
            TelemetryError::variable(variable, "it must be key=value,key=value, percent-encoded")
        })
    }

    fn signal(&self, name: &str) -> Result<Signal, TelemetryError> {
        let mut signal = Signal::default();
        let exporter = format!("OTEL_{name}_EXPORTER");
        signal.exporter = match self.get(&exporter).as_deref() {
            None | Some("otlp") => Exporter::Otlp,
            Some("console") => Exporter::Console,
            Some("none") => Exporter::None,
            Some(other) => return Err(wrong(&exporter, other, "otlp, console or none")),
        };
        signal.endpoint = self.url(&format!("OTEL_EXPORTER_OTLP_{name}_ENDPOINT"))?;
        let headers = self.nearest(name, "HEADERS");
        signal.headers =
            self.pairs(&headers)?.into_iter().map(|(key, value)| (key, Secret::new(value))).collect();
        if let Some(timeout) = self.millis(&self.nearest(name, "TIMEOUT"))? {
            signal.timeout = timeout;
        }
        let compression = self.nearest(name, "COMPRESSION");
        signal.gzip = match self.get(&compression).as_deref() {
            None | Some("none") => false,
            Some("gzip") => true,
            Some(other) => return Err(wrong(&compression, other, "gzip or none")),
        };
        let protocol = self.nearest(name, "PROTOCOL");
        match self.get(&protocol).as_deref() {
            None | Some("http/protobuf") => Ok(signal),
            Some(other) => Err(wrong(&protocol, other, "http/protobuf")),
        }
    }

    /// The variable of the signal, if it is set, else the one for all signals.
    fn nearest(&self, signal: &str, suffix: &str) -> String {
        let own = format!("OTEL_EXPORTER_OTLP_{signal}_{suffix}");
        if self.get(&own).is_some() { own } else { format!("OTEL_EXPORTER_OTLP_{suffix}") }
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

    fn log_level(&self, variable: &str) -> Result<Option<String>, TelemetryError> {
        let Some(value) = self.get(variable) else { return Ok(None) };
        match value.to_ascii_lowercase().as_str() {
            level @ ("error" | "warn" | "info" | "debug" | "trace") => Ok(Some(level.to_owned())),
            "none" => Ok(Some("off".to_owned())),
            _ => Err(wrong(variable, &value, "error, warn, info, debug, trace or none")),
        }
    }

    fn batching(&self, config: &mut TelemetryConfig) -> Result<(), TelemetryError> {
        if let Some(interval) = self.millis("OTEL_METRIC_EXPORT_INTERVAL")? {
            config.metric_interval = interval;
        }
        if let Some(delay) = self.millis("OTEL_BSP_SCHEDULE_DELAY")? {
            config.batch_delay = delay;
        }
        if let Some(items) = self.number("OTEL_BSP_MAX_QUEUE_SIZE", "a number of spans")? {
            config.queue_items = items;
        }
        Ok(())
    }
}

fn wrong(variable: &str, value: &str, wanted: &str) -> TelemetryError {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<TelemetryConfig, TelemetryError> {
        TelemetryConfig::from_lookup(&|wanted| {
            variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn nothing_set_gives_the_defaults() {
        assert_eq!(read(&[]).expect("defaults"), TelemetryConfig::default());
    }

    #[test]
    fn what_is_set_is_read() {
        let config = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.test:4318"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20canary, x=1"),
            ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "x=2"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
            ("OTEL_METRICS_EXPORTER", "none"),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
            ("OTEL_RESOURCE_ATTRIBUTES", "team=a%2Cb,service.version=9"),
            ("OTEL_LOG_LEVEL", "DEBUG"),
        ])
        .expect("all of it is right");

        assert_eq!(config.endpoint.map(String::from).as_deref(), Some("http://collector.test:4318/"));
        assert_eq!(config.traces.headers["authorization"].expose(), "Bearer canary");
        assert_eq!(config.logs.headers.len(), 1);
        assert_eq!(config.traces.timeout, Duration::from_millis(2_500));
        assert_eq!(config.metrics.exporter, Exporter::None);
        assert_eq!(config.sampling, Sampling { ratio: 0.25, parent_based: true });
        assert_eq!(config.resource_attributes["team"], "a,b");
        assert_eq!(config.log_filter, "debug");
        assert!(!format!("{:?}", config.traces).contains("canary"), "headers are secrets");
    }

    #[test]
    fn what_is_wrong_is_one_line_that_names_the_variable() {
        let wrong = [
            ("OTEL_SDK_DISABLED", "perhaps"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://x"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "novalue"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip"),
            ("OTEL_LOGS_EXPORTER", "paper"),
            ("OTEL_TRACES_SAMPLER", "sometimes"),
            ("OTEL_RESOURCE_ATTRIBUTES", "a=%zz"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "0"),
            ("OTEL_LOG_LEVEL", "loud\nline"),
        ];
        let lines: Vec<String> = wrong
            .iter()
            .map(|setting| {
                read(&[*setting]).map_or_else(|error| error.to_string(), |_| "accepted".to_owned())
            })
            .collect();

        insta::assert_snapshot!(lines.join("\n"), @r#"
        OTEL_SDK_DISABLED: "perhaps" must be true or false
        OTEL_EXPORTER_OTLP_ENDPOINT: it must be an http:// or https:// address
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: it must be an http:// or https:// address
        OTEL_EXPORTER_OTLP_HEADERS: it must be key=value,key=value, percent-encoded
        OTEL_EXPORTER_OTLP_TIMEOUT: "soon" must be a number of milliseconds, at least 1
        OTEL_EXPORTER_OTLP_PROTOCOL: "carrier-pigeon" must be http/protobuf
        OTEL_EXPORTER_OTLP_COMPRESSION: "zip" must be gzip or none
        OTEL_LOGS_EXPORTER: "paper" must be otlp, console or none
        OTEL_TRACES_SAMPLER: "sometimes" must be always_on, always_off, traceidratio, or parentbased_ before one
        OTEL_RESOURCE_ATTRIBUTES: it must be key=value,key=value, percent-encoded
        OTEL_METRIC_EXPORT_INTERVAL: "0" must be a number of milliseconds, at least 1
        OTEL_LOG_LEVEL: "loud\nline" must be error, warn, info, debug, trace or none
        "#);
    }
}
