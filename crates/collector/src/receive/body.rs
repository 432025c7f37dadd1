//! Reads a request body: bounded on the wire and inflated, counted while it streams in.

use std::{
    io::{self, Write},
    time::Duration,
};

use axum::body::{Body, BodyDataStream};
use flate2::write::MultiGzDecoder;
use futures_util::StreamExt as _;
use http::{HeaderMap, header};

use super::{MAX_INFLATED_BYTES, MAX_WIRE_BYTES};

/// A body must have arrived after this long.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// So much of a body is read and thrown away after it was refused.
const MAX_DRAINED_BYTES: usize = 16 << 20;

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the body has more than {MAX_WIRE_BYTES} bytes")]
    TooLargeOnTheWire,
    #[error("the body inflates to more than {MAX_INFLATED_BYTES} bytes")]
    TooLargeInflated,
    #[error("the content encoding is neither gzip nor identity")]
    UnknownEncoding,
    #[error("the body is not gzip")]
    NotGzip,
    #[error("the body did not arrive within 10 seconds")]
    TooSlow,
    #[error("the body ended early")]
    Broken,
}

/// Reads the whole body and inflates it.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, BodyError> {
    let sink = Sink::for_encoding(headers)?;
    tokio::time::timeout(BODY_TIMEOUT, pour(body, sink)).await.map_err(|_| BodyError::TooSlow)?
}

async fn pour(body: Body, mut sink: Sink) -> Result<Vec<u8>, BodyError> {
    let mut on_the_wire = 0;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| BodyError::Broken)?;
        on_the_wire += chunk.len();
        let taken =
            if on_the_wire > MAX_WIRE_BYTES { Err(BodyError::TooLargeOnTheWire) } else { sink.take(&chunk) };
        if let Err(error) = taken {
            drain(chunks).await;
            return Err(error);
        }
    }
    sink.finish()
}

/// Lets a sender finish what it is saying, up to a point: one that is cut off while it writes never sees the answer.
async fn drain(mut chunks: BodyDataStream) {
    let mut drained = 0;
    while let Some(Ok(chunk)) = chunks.next().await {
        drained += chunk.len();
        if drained > MAX_DRAINED_BYTES {
            break;
        }
    }
}

enum Sink {
    Identity(Vec<u8>),
    Gzip(Box<MultiGzDecoder<Capped>>),
}

impl Sink {
    fn for_encoding(headers: &HeaderMap) -> Result<Self, BodyError> {
        match headers.get(header::CONTENT_ENCODING).map_or(Ok("identity"), |value| value.to_str()) {
            Ok("identity" | "") => Ok(Self::Identity(Vec::new())),
            Ok("gzip" | "x-gzip") => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(Capped::default())))),
            _ => Err(BodyError::UnknownEncoding),
        }
    }

    fn take(&mut self, chunk: &[u8]) -> Result<(), BodyError> {
        match self {
            Self::Identity(bytes) => bytes.extend_from_slice(chunk),
            Self::Gzip(decoder) => decoder.write_all(chunk).map_err(|_| inflate_error(decoder.get_ref()))?,
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<u8>, BodyError> {
        match self {
            Self::Identity(bytes) => Ok(bytes),
            Self::Gzip(mut decoder) => {
                decoder.try_finish().map_err(|_| inflate_error(decoder.get_ref()))?;
                Ok(std::mem::take(&mut decoder.get_mut().bytes))
            }
        }
    }
}

fn inflate_error(into: &Capped) -> BodyError {
    if into.overflowed { BodyError::TooLargeInflated } else { BodyError::NotGzip }
}

/// Holds inflated bytes and refuses the first one too many.
#[derive(Default)]
struct Capped {
    bytes: Vec<u8>,
    overflowed: bool,
}

impl Write for Capped {
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + chunk.len() > MAX_INFLATED_BYTES {
            self.overflowed = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(chunk);
        Ok(chunk.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
