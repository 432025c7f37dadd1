//! OTLP over gRPC: the three `Export` services.

use std::{
    future,
    marker::PhantomData,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    response::Response,
    routing::post,
};
use hyper::body::Frame;
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use prost::{Message as _, bytes::Buf as _};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};
use tonic::{
    Code, Status,
    codec::{
        Codec,
        CompressionEncoding::{Gzip, Zstd},
        DecodeBuf, Decoder, EncodeBuf, Encoder,
    },
    server::Grpc,
};

use super::{
    MAX_INFLATED_BYTES, MAX_WIRE_BYTES,
    answer::ExportError,
    body::{BODY_TIMEOUT, BodyError, Budget},
    weigh,
};
use crate::{
    pipeline::{OfferError, Pipeline},
    signal::Export,
};

/// A gRPC message is preceded by a flag and its length.
const FRAME_HEADER_BYTES: usize = 5;

#[derive(Clone)]
struct Doors {
    pipeline: Pipeline,
    budget: Budget,
}

/// The three services, as a router for the accept loop.
pub(crate) fn router(pipeline: Pipeline, budget: Budget) -> Router {
    let path = |package: &str| format!("/opentelemetry.proto.collector.{package}/Export");
    Router::new()
        .route(&path("trace.v1.TraceService"), post(export::<ExportTraceServiceRequest>))
        .route(&path("metrics.v1.MetricsService"), post(export::<ExportMetricsServiceRequest>))
        .route(&path("logs.v1.LogsService"), post(export::<ExportLogsServiceRequest>))
        .fallback(async || Status::unimplemented("only OTLP is served here").into_http::<Body>())
        .with_state(Doors { pipeline, budget })
}

async fn export<E: Export>(State(doors): State<Doors>, request: Request) -> Response {
    let Doors { pipeline, budget } = doors;
    let is_read = Arc::new(AtomicBool::new(false));
    let take = tower::service_fn(|request: tonic::Request<Weighed<E>>| {
        let Weighed { export, weight } = request.into_inner();
        let taken = pipeline.offer_weighed(export, weight);
        is_read.store(taken != Err(OfferError::TooMany), Relaxed);
        let answer = taken.map(|rejected| tonic::Response::new(E::response(rejected)));
        future::ready(answer.map_err(|error| ExportError::from(error).into()))
    });
    let mut grpc = Grpc::new(Weighing::<E> { budget: budget.clone(), export: PhantomData })
        .accept_compressed(Gzip)
        .accept_compressed(Zstd)
        .send_compressed(Gzip)
        .max_decoding_message_size(MAX_INFLATED_BYTES);
    let request = request.map(|body| Metered { body, budget, part: None, bytes: 0 });
    let answer = timeout(BODY_TIMEOUT, grpc.unary(take, request)).await;
    let answer = answer.unwrap_or_else(|_| Status::from(ExportError::from(BodyError::TooSlow)).into_http());
    let is_passing = Status::from_header_map(answer.headers()).is_some_and(|s| s.code() == Code::Unavailable);
    if !is_read.load(Relaxed) && !is_passing {
        pipeline.counters().unreadable(E::SIGNAL);
    }
    answer.map(Body::new)
}

/// A request, and what it takes up of the budget.
struct Weighed<E> {
    export: E,
    weight: OwnedSemaphorePermit,
}

/// Protobuf that is weighed before it is decoded.
struct Weighing<E> {
    budget: Budget,
    export: PhantomData<fn() -> E>,
}

impl<E: Export> Codec for Weighing<E> {
    type Encode = E::Response;
    type Decode = Weighed<E>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self { budget: self.budget.clone(), export: PhantomData }
    }

    fn decoder(&mut self) -> Self {
        self.encoder()
    }
}

impl<E: Export> Encoder for Weighing<E> {
    type Item = E::Response;
    type Error = Status;

    fn encode(&mut self, item: E::Response, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

impl<E: Export> Decoder for Weighing<E> {
    type Item = Weighed<E>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Weighed<E>>, Status> {
        let bytes = buffer.copy_to_bytes(buffer.remaining());
        let weight = self.budget.decode(weigh::protobuf(E::SIGNAL, &bytes)).map_err(ExportError::from)?;
        let export = E::decode(bytes).map_err(|error| ExportError::Undecodable(error.to_string()))?;
        Ok(Some(Weighed { export, weight }))
    }
}

/// A body whose bytes are counted while they come.
struct Metered {
    body: Body,
    budget: Budget,
    part: Option<OwnedSemaphorePermit>,
    bytes: usize,
}

impl Metered {
    fn count(&mut self, more: usize) -> Result<(), ExportError> {
        self.bytes += more;
        if self.bytes > MAX_WIRE_BYTES + FRAME_HEADER_BYTES {
            return Err(BodyError::TooLargeOnTheWire.into());
        }
        let more = self.budget.read(more)?;
        match &mut self.part {
            Some(part) => part.merge(more),
            None => self.part = Some(more),
        }
        Ok(())
    }
}

impl HttpBody for Metered {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(frame.map(|frame| {
            let frame = frame.map_err(|_| ExportError::from(BodyError::Broken))?;
            self.count(frame.data_ref().map_or(0, Bytes::len))?;
            Ok(frame)
        }))
    }
}
