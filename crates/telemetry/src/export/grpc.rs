//! OTLP over gRPC: a unary call whose message is encoded already.

use std::str::FromStr as _;
use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes};
use http::uri::PathAndQuery;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status};
use url::Url;

use super::answer::{self, Answer, Failure};
use super::http::{headers, last_cause};
use super::{Kind, Parcel};
use crate::TelemetryError;
use crate::config::{Signal, Tls};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const USER_AGENT: &str = concat!("muster/", env!("CARGO_PKG_VERSION"));

/// Where one signal is called.
#[derive(Debug)]
pub(crate) struct GrpcTransport {
    channel: Channel,
    metadata: MetadataMap,
    gzip: bool,
}

impl GrpcTransport {
    /// Connects when there is something to send. Must be called inside of the runtime that shall send.
    pub(crate) fn new(address: &Url, signal: &Signal) -> Result<Self, TelemetryError> {
        // The path of a gRPC call is the service's, whatever the address says.
        let origin = address.origin().ascii_serialization();
        let wrong = |error: tonic::transport::Error| {
            TelemetryError::Exporter(format!("{origin}: {}", last_cause(&error)))
        };
        let mut endpoint = Endpoint::from_str(&origin)
            .and_then(|endpoint| endpoint.user_agent(USER_AGENT))
            .map_err(wrong)?
            .connect_timeout(CONNECT_TIMEOUT);
        if address.scheme() == "https" {
            endpoint = endpoint.tls_config(tls_config(&signal.tls)).map_err(wrong)?;
        }
        let metadata = MetadataMap::from_headers(headers(signal));
        Ok(Self { channel: endpoint.connect_lazy(), metadata, gzip: signal.gzip })
    }

    /// One attempt, however long it takes.
    pub(crate) async fn send(&self, parcel: &Parcel) -> Answer {
        let mut client = tonic::client::Grpc::new(self.channel.clone());
        if self.gzip {
            client = client.send_compressed(CompressionEncoding::Gzip);
        }
        if let Err(error) = client.ready().await {
            return Answer::Later(Failure::new("connection", last_cause(&error)), None);
        }
        let mut request = Request::new(parcel.body.clone());
        *request.metadata_mut() = self.metadata.clone();
        match client.unary(request, path(parcel.kind), Encoded).await {
            Ok(response) => answer::of_message(parcel.kind, response.get_ref()),
            Err(status) => of_failure(&status),
        }
    }
}

/// A status that the transport made up has a cause; one that the receiver sent has none.
fn of_failure(status: &Status) -> Answer {
    match std::error::Error::source(status) {
        Some(cause) => Answer::Later(Failure::new("connection", last_cause(cause)), None),
        None => answer::of_grpc(status),
    }
}

fn tls_config(tls: &Tls) -> ClientTlsConfig {
    let mut config = ClientTlsConfig::new();
    config = match &tls.authorities {
        Some(authorities) => config.ca_certificate(Certificate::from_pem(authorities.bytes())),
        None => config.with_webpki_roots(),
    };
    match &tls.identity {
        Some(identity) => {
            config.identity(Identity::from_pem(identity.certificate.bytes(), identity.key.bytes()))
        }
        None => config,
    }
}

fn path(kind: Kind) -> PathAndQuery {
    PathAndQuery::from_static(match kind {
        Kind::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Kind::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Kind::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    })
}

/// Messages that are bytes already: both protocols send the same.
struct Encoded;

impl Codec for Encoded {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Encoded {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Encoded {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
