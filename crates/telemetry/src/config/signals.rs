//! What the variables of one signal say.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};

use super::environment::{Environment, wrong};
use super::{Exporter, Protocol, Signal};
use crate::{Secret, TelemetryError};

impl Environment<'_> {
    /// `name` is `TRACES`, `METRICS` or `LOGS`.
    pub(super) fn signal(&self, name: &str) -> Result<Signal, TelemetryError> {
        let default = Signal::default();
        Ok(Signal {
            exporter: self.exporter(&format!("OTEL_{name}_EXPORTER"))?,
            protocol: self.protocol(&self.nearest(name, "PROTOCOL"))?,
            endpoint: self.url(&format!("OTEL_EXPORTER_OTLP_{name}_ENDPOINT"))?,
            headers: self.headers(&self.nearest(name, "HEADERS"))?,
            timeout: self.millis(&self.nearest(name, "TIMEOUT"))?.unwrap_or(default.timeout),
            gzip: self.gzip(&self.nearest(name, "COMPRESSION"))?,
            tls: self.tls(name)?,
        })
    }

    fn headers(&self, variable: &str) -> Result<BTreeMap<String, Secret<String>>, TelemetryError> {
        let mut headers = BTreeMap::new();
        for (name, value) in self.pairs(variable)? {
            if HeaderName::try_from(&name).is_err() || HeaderValue::try_from(&value).is_err() {
                // Whoever writes a colon for the equals sign has written the value into the name.
                return Err(TelemetryError::variable(variable, "one of them is no header that can be sent"));
            }
            headers.insert(name.to_ascii_lowercase(), Secret::new(value));
        }
        Ok(headers)
    }

    fn exporter(&self, variable: &str) -> Result<Exporter, TelemetryError> {
        match self.get(variable).as_deref() {
            None | Some("otlp") => Ok(Exporter::Otlp),
            Some("console") => Ok(Exporter::Console),
            Some("none") => Ok(Exporter::None),
            Some(other) => Err(wrong(variable, other, "otlp, console or none")),
        }
    }

    fn protocol(&self, variable: &str) -> Result<Protocol, TelemetryError> {
        match self.get(variable).as_deref() {
            None | Some("http/protobuf") => Ok(Protocol::HttpProtobuf),
            Some("grpc") => Ok(Protocol::Grpc),
            Some(other) => Err(wrong(variable, other, "http/protobuf or grpc")),
        }
    }

    fn gzip(&self, variable: &str) -> Result<bool, TelemetryError> {
        match self.get(variable).as_deref() {
            None | Some("none") => Ok(false),
            Some("gzip") => Ok(true),
            Some(other) => Err(wrong(variable, other, "gzip or none")),
        }
    }

    /// The variable of the signal, if it is set, else the one for all signals.
    pub(super) fn nearest(&self, signal: &str, suffix: &str) -> String {
        let own = format!("OTEL_EXPORTER_OTLP_{signal}_{suffix}");
        if self.get(&own).is_some() { own } else { format!("OTEL_EXPORTER_OTLP_{suffix}") }
    }
}
