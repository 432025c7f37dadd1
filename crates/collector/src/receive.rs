//! The doors: OTLP over HTTP and over gRPC, and what both share.

pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod grpc;
pub(crate) mod guard;
pub(crate) mod http;
mod patience;
pub(crate) mod serve;
pub(crate) mod status;
pub(crate) mod tls;
pub(crate) mod validate;
mod weigh;
mod zstd;

/// An export request may have so many bytes on the wire.
pub(crate) const MAX_WIRE_BYTES: usize = 4 << 20;
/// An export request may have so many bytes when inflated.
pub(crate) const MAX_INFLATED_BYTES: usize = 16 << 20;
