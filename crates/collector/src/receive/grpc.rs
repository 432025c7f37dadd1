//! OTLP over gRPC: the three `Export` services.

use axum::Router;
use opentelemetry_proto::tonic::collector::{
    logs::v1::{
        ExportLogsServiceRequest, ExportLogsServiceResponse,
        logs_service_server::{LogsService, LogsServiceServer},
    },
    metrics::v1::{
        ExportMetricsServiceRequest, ExportMetricsServiceResponse,
        metrics_service_server::{MetricsService, MetricsServiceServer},
    },
    trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
};
use tonic::{
    Request, Response, Status,
    codec::CompressionEncoding::{Gzip, Zstd},
    service::Routes,
};
use tower_http::limit::RequestBodyLimitLayer;

use super::{MAX_INFLATED_BYTES, MAX_WIRE_BYTES, answer};
use crate::{pipeline::Pipeline, signal::Export};

/// A gRPC message is preceded by a flag and its length.
const FRAME_HEADER_BYTES: usize = 5;

/// The three services, as a router for the accept loop.
pub(crate) fn router(pipeline: &Pipeline) -> Router {
    let traces = TraceServiceServer::new(Doors(pipeline.clone()));
    let metrics = MetricsServiceServer::new(Doors(pipeline.clone()));
    let logs = LogsServiceServer::new(Doors(pipeline.clone()));
    Routes::new(
        traces
            .accept_compressed(Gzip)
            .accept_compressed(Zstd)
            .send_compressed(Gzip)
            .max_decoding_message_size(MAX_INFLATED_BYTES),
    )
    .add_service(
        metrics
            .accept_compressed(Gzip)
            .accept_compressed(Zstd)
            .send_compressed(Gzip)
            .max_decoding_message_size(MAX_INFLATED_BYTES),
    )
    .add_service(
        logs.accept_compressed(Gzip)
            .accept_compressed(Zstd)
            .send_compressed(Gzip)
            .max_decoding_message_size(MAX_INFLATED_BYTES),
    )
    .into_axum_router()
    .layer(RequestBodyLimitLayer::new(MAX_WIRE_BYTES + FRAME_HEADER_BYTES))
}

struct Doors(Pipeline);

impl Doors {
    fn take<E: Export>(&self, request: Request<E>) -> Result<Response<E::Response>, Status> {
        let rejected = self.0.offer(request.into_inner()).map_err(|error| answer::unavailable(&error))?;
        Ok(Response::new(E::response(rejected)))
    }
}

#[tonic::async_trait]
impl TraceService for Doors {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.take(request)
    }
}

#[tonic::async_trait]
impl MetricsService for Doors {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.take(request)
    }
}

#[tonic::async_trait]
impl LogsService for Doors {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        self.take(request)
    }
}
