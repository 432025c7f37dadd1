//! What senders are told: `google.rpc.Status`, in the words of HTTP and of gRPC.
//!
//! Source: OTLP specification 1.x, "Failures" of OTLP/HTTP and OTLP/gRPC.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use prost::Message;
use serde_json::json;

use super::body::BodyError;
use crate::pipeline::OfferError;

/// A refused sender should wait so long.
const RETRY_AFTER_SECONDS: u32 = 1;
const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

/// The two encodings of OTLP over HTTP. An answer has the encoding of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Protobuf,
    Json,
}

impl Encoding {
    /// Tells the encoding from a content type, whatever its parameters.
    pub(crate) fn of(content_type: Option<&HeaderValue>) -> Option<Self> {
        let essence = content_type?.to_str().ok()?.split(';').next()?.trim();
        match essence.to_ascii_lowercase().as_str() {
            "application/x-protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        })
    }

    pub(crate) fn respond(self, status: StatusCode, body: Vec<u8>) -> Response {
        (status, [(header::CONTENT_TYPE, self.content_type())], body).into_response()
    }
}

/// Why an export over HTTP failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    #[error("the content type is neither application/x-protobuf nor application/json")]
    UnknownContentType,
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error("the body is not an OTLP request of this signal: {0}")]
    Undecodable(String),
    #[error(transparent)]
    Offer(#[from] OfferError),
}

impl ExportError {
    /// Status over HTTP and code of `google.rpc.Code`.
    fn codes(&self) -> (StatusCode, tonic::Code) {
        match self {
            Self::UnknownContentType | Self::Body(BodyError::UnknownEncoding) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, tonic::Code::InvalidArgument)
            }
            Self::Body(
                BodyError::TooLargeOnTheWire | BodyError::TooLargeInflated | BodyError::TooLargeDecoded,
            )
            | Self::Offer(OfferError::TooMany) => {
                (StatusCode::PAYLOAD_TOO_LARGE, tonic::Code::InvalidArgument)
            }
            Self::Body(BodyError::TooSlow) => (StatusCode::REQUEST_TIMEOUT, tonic::Code::DeadlineExceeded),
            Self::Body(BodyError::NotCompressed | BodyError::Broken) | Self::Undecodable(_) => {
                (StatusCode::BAD_REQUEST, tonic::Code::InvalidArgument)
            }
            Self::Body(BodyError::Crowded) | Self::Offer(OfferError::Full) => {
                (StatusCode::TOO_MANY_REQUESTS, tonic::Code::Unavailable)
            }
            Self::Offer(OfferError::Stopping) => (StatusCode::SERVICE_UNAVAILABLE, tonic::Code::Unavailable),
        }
    }

    /// The request was never read as OTLP, and never will be.
    pub(crate) fn is_unreadable(&self) -> bool {
        !self.is_passing()
    }

    /// It may go better in a moment.
    fn is_passing(&self) -> bool {
        matches!(self, Self::Offer(OfferError::Full | OfferError::Stopping) | Self::Body(BodyError::Crowded))
    }

    /// The answer over HTTP, in the request's encoding (protobuf if that is unknown).
    pub(crate) fn respond(&self, encoding: Encoding) -> Response {
        let (status, code) = self.codes();
        let retry = self.is_passing();
        let mut response = encoding.respond(status, encode_status(code, &self.to_string(), retry, encoding));
        if retry {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        response
    }
}

/// The answer over gRPC to an export that was not taken.
impl From<ExportError> for tonic::Status {
    fn from(error: ExportError) -> Self {
        let ((_, code), message) = (error.codes(), error.to_string());
        if !error.is_passing() {
            return Self::new(code, message);
        }
        let details = encode_status(code, &message, true, Encoding::Protobuf);
        Self::with_details(code, message, details.into())
    }
}

fn encode_status(code: tonic::Code, message: &str, retry: bool, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Protobuf => {
            let details = if retry { vec![retry_info()] } else { Vec::new() };
            RpcStatus { code: code as i32, message: message.into(), details }.encode_to_vec()
        }
        Encoding::Json => {
            let retry_info = json!({"@type": RETRY_INFO, "retryDelay": format!("{RETRY_AFTER_SECONDS}s")});
            let details = if retry { vec![retry_info] } else { Vec::new() };
            json!({"code": code as i32, "message": message, "details": details}).to_string().into_bytes()
        }
    }
}

fn retry_info() -> Any {
    let retry_delay = Some(Delay { seconds: i64::from(RETRY_AFTER_SECONDS), nanos: 0 });
    Any { type_url: RETRY_INFO.into(), value: RetryInfo { retry_delay }.encode_to_vec() }
}

/// `google.rpc.Status`.
#[derive(Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.RetryInfo`.
#[derive(Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Delay>,
}

/// `google.protobuf.Duration`.
#[derive(Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}
