//! The way to a receiver, chosen once per signal.

use std::time::Duration;

use opentelemetry::KeyValue;
use url::Url;

use super::answer::Answer;
use super::grpc::GrpcTransport;
use super::http::HttpTransport;
use super::{Kind, Parcel};
use crate::config::{Protocol, Signal};
use crate::{TelemetryConfig, TelemetryError};

/// How one signal travels.
#[derive(Debug)]
pub(crate) struct Transport {
    way: Way,
    timeout: Duration,
    /// Of the self-metrics: who sends, and to whom.
    server: (String, u16),
}

#[derive(Debug)]
enum Way {
    Http(HttpTransport),
    Grpc(GrpcTransport),
}

impl Transport {
    /// Prepares the way; nobody is asked yet. Must be called inside of the runtime that shall send.
    pub(crate) fn new(kind: Kind, config: &TelemetryConfig) -> Result<Self, TelemetryError> {
        let signal = kind.of(config);
        let Some(address) = config.address(signal, kind.path()) else {
            return Err(TelemetryError::Exporter("there is no address".to_owned()));
        };
        let server = server(&address);
        let way = match signal.protocol {
            Protocol::HttpProtobuf => Way::Http(HttpTransport::new(address, signal)?),
            Protocol::Grpc => Way::Grpc(GrpcTransport::new(&address, signal)?),
        };
        Ok(Self { way, timeout: signal.timeout, server })
    }

    pub(crate) async fn send(&self, parcel: &Parcel) -> Answer {
        match &self.way {
            Way::Http(http) => http.send(parcel).await,
            Way::Grpc(grpc) => grpc.send(parcel).await,
        }
    }

    pub(crate) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// What the self-metrics say of an exporter.
    pub(crate) fn attributes(&self, kind: Kind) -> Vec<KeyValue> {
        let way = match self.way {
            Way::Http(_) => "http",
            Way::Grpc(_) => "grpc",
        };
        let component = format!("otlp_{way}_{}_exporter", kind.singular());
        vec![
            KeyValue::new("otel.component.name", format!("{component}/0")),
            KeyValue::new("otel.component.type", component),
            KeyValue::new("server.address", self.server.0.clone()),
            KeyValue::new("server.port", i64::from(self.server.1)),
        ]
    }
}

fn server(address: &Url) -> (String, u16) {
    let host = address.host_str().unwrap_or_default().to_owned();
    (host, address.port_or_known_default().unwrap_or_default())
}

impl Kind {
    /// The settings of this signal.
    pub(crate) const fn of(self, config: &TelemetryConfig) -> &Signal {
        match self {
            Self::Traces => &config.traces,
            Self::Metrics => &config.metrics,
            Self::Logs => &config.logs,
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Traces => "v1/traces",
            Self::Metrics => "v1/metrics",
            Self::Logs => "v1/logs",
        }
    }
}
