//! OTLP over HTTP: `POST /v1/traces`, `/v1/metrics`, `/v1/logs`; protobuf and JSON; gzip and zstd.

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, State},
    response::Response,
    routing::post,
};
use http::{HeaderMap, StatusCode, header};
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use prost::Message as _;
use serde_json::json;

use super::{
    answer::{Encoding, ExportError},
    body::{self, Budget},
    validate::Rejected,
    weigh,
};
use crate::{pipeline::Pipeline, signal::Export};

#[derive(Clone)]
struct Doors {
    pipeline: Pipeline,
    budget: Budget,
}

/// The three doors.
pub(crate) fn router(pipeline: Pipeline, budget: Budget) -> Router {
    let doors = Doors { pipeline, budget };
    Router::new()
        .route("/v1/traces", post(export::<ExportTraceServiceRequest>))
        .route("/v1/metrics", post(export::<ExportMetricsServiceRequest>))
        .route("/v1/logs", post(export::<ExportLogsServiceRequest>))
        // `body` counts for itself, on the wire and inflated.
        .layer(DefaultBodyLimit::disable())
        .with_state(doors)
}

async fn export<E: Export>(State(doors): State<Doors>, headers: HeaderMap, body: Body) -> Response {
    let encoding = Encoding::of(headers.get(header::CONTENT_TYPE));
    match take::<E>(&doors, encoding, &headers, body).await {
        Ok((encoding, rejected)) => {
            encoding.respond(StatusCode::OK, encode_response::<E>(rejected, encoding))
        }
        Err(error) => {
            if error.is_unreadable() {
                doors.pipeline.counters().unreadable(E::SIGNAL);
            }
            error.respond(encoding.unwrap_or(Encoding::Protobuf))
        }
    }
}

async fn take<E: Export>(
    doors: &Doors,
    encoding: Option<Encoding>,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Encoding, Rejected), ExportError> {
    let encoding = encoding.ok_or(ExportError::UnknownContentType)?;
    let inflated = body::read(headers, body, &doors.budget).await?;
    let bytes = match encoding {
        Encoding::Protobuf => weigh::protobuf(E::SIGNAL, &inflated.bytes),
        Encoding::Json => weigh::json(E::SIGNAL, &inflated.bytes),
    };
    let weight = doors.budget.decode(bytes)?;
    let export = decode::<E>(&inflated.bytes, encoding)?;
    Ok((encoding, doors.pipeline.offer_weighed(export, weight)?))
}

fn decode<E: Export>(bytes: &[u8], encoding: Encoding) -> Result<E, ExportError> {
    match encoding {
        Encoding::Protobuf => E::decode(bytes).map_err(|error| ExportError::Undecodable(error.to_string())),
        Encoding::Json => {
            serde_json::from_slice(bytes).map_err(|error| ExportError::Undecodable(error.to_string()))
        }
    }
}

fn encode_response<E: Export>(rejected: Rejected, encoding: Encoding) -> Vec<u8> {
    match (encoding, rejected) {
        (Encoding::Protobuf, rejected) => E::response(rejected).encode_to_vec(),
        (Encoding::Json, rejected) => match rejected.into_partial() {
            None => b"{}".to_vec(),
            // 64-bit integers are strings in the JSON mapping of protobuf.
            Some((count, message)) => {
                let partial = json!({E::REJECTED_FIELD: count.to_string(), "errorMessage": message});
                json!({"partialSuccess": partial}).to_string().into_bytes()
            }
        },
    }
}
