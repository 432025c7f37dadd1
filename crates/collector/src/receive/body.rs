//! Reads a request body: bounded on the wire and inflated, counted while it streams in.

use std::{
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use axum::body::{Body, BodyDataStream};
use flate2::write::MultiGzDecoder;
use futures_util::StreamExt as _;
use http::{HeaderMap, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{MAX_INFLATED_BYTES, MAX_WIRE_BYTES, zstd::Zstd};

/// A body must have arrived after this long.
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// So much of a body is read and thrown away after it was refused.
const MAX_DRAINED_BYTES: usize = 16 << 20;

/// All bodies that are being read at a moment, of all senders, may hold so many bytes inflated.
const MAX_BYTES_IN_FLIGHT: usize = 64 << 20;

/// All requests that are decoded and not yet stored, of all senders, may take so much memory.
const MAX_DECODED_BYTES: usize = 96 << 20;

/// Bytes that requests may hold, of both doors: many patient senders must not fill the memory.
#[derive(Clone)]
pub(crate) struct Budget {
    bodies: Arc<Semaphore>,
    decoded: Arc<Semaphore>,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self::of(MAX_BYTES_IN_FLIGHT)
    }

    fn of(bodies: usize) -> Self {
        Self {
            bodies: Arc::new(Semaphore::new(bodies)),
            decoded: Arc::new(Semaphore::new(MAX_DECODED_BYTES)),
        }
    }

    /// So many bytes of a body more.
    pub(super) fn read(&self, bytes: usize) -> Result<OwnedSemaphorePermit, BodyError> {
        let wanted = u32::try_from(bytes).unwrap_or(u32::MAX);
        Arc::clone(&self.bodies).try_acquire_many_owned(wanted).map_err(|_| BodyError::Crowded)
    }

    /// A request that takes so many bytes when it is decoded, until it is stored.
    pub(super) fn decode(&self, bytes: usize) -> Result<OwnedSemaphorePermit, BodyError> {
        let wanted = u32::try_from(bytes).ok().filter(|_| bytes <= MAX_DECODED_BYTES);
        let wanted = wanted.ok_or(BodyError::TooLargeDecoded)?;
        Arc::clone(&self.decoded).try_acquire_many_owned(wanted).map_err(|_| BodyError::Crowded)
    }
}

/// A body that was read; it takes up its part of the budget until it is dropped.
pub(crate) struct Inflated {
    pub(crate) bytes: Vec<u8>,
    _part: Option<OwnedSemaphorePermit>,
}

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the body has more than {MAX_WIRE_BYTES} bytes")]
    TooLargeOnTheWire,
    #[error("the body inflates to more than {MAX_INFLATED_BYTES} bytes")]
    TooLargeInflated,
    #[error("the body holds more messages than fit into {MAX_DECODED_BYTES} bytes")]
    TooLargeDecoded,
    #[error("the content encoding is none of gzip, zstd and identity")]
    UnknownEncoding,
    #[error("the body is not what its content encoding says")]
    NotCompressed,
    #[error("the body did not arrive within 10 seconds")]
    TooSlow,
    #[error("the body ended early")]
    Broken,
    #[error("too much is being received at once, come back in a second")]
    Crowded,
}

/// Reads the whole body and inflates it.
pub(crate) async fn read(headers: &HeaderMap, body: Body, budget: &Budget) -> Result<Inflated, BodyError> {
    let sink = Sink::for_encoding(headers, budget.clone())?;
    tokio::time::timeout(BODY_TIMEOUT, pour(body, sink)).await.map_err(|_| BodyError::TooSlow)?
}

async fn pour(body: Body, mut sink: Sink) -> Result<Inflated, BodyError> {
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
    Identity(Capped),
    Gzip(Box<MultiGzDecoder<Capped>>),
    Zstd(Box<Zstd>),
}

impl Sink {
    fn for_encoding(headers: &HeaderMap, budget: Budget) -> Result<Self, BodyError> {
        let capped = Capped { budget, bytes: Vec::new(), part: None, refusal: None };
        match headers.get(header::CONTENT_ENCODING).map_or(Ok("identity"), |value| value.to_str()) {
            Ok("identity" | "") => Ok(Self::Identity(capped)),
            Ok("gzip" | "x-gzip") => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(capped)))),
            Ok("zstd") => Ok(Self::Zstd(Box::new(Zstd::new(capped).map_err(|_| BodyError::Broken)?))),
            _ => Err(BodyError::UnknownEncoding),
        }
    }

    fn take(&mut self, chunk: &[u8]) -> Result<(), BodyError> {
        match self {
            Self::Identity(capped) => capped.take(chunk),
            Self::Gzip(decoder) => decoder.write_all(chunk).map_err(|_| decoder.get_mut().refusal()),
            Self::Zstd(decoder) => decoder.take(chunk),
        }
    }

    fn finish(self) -> Result<Inflated, BodyError> {
        let capped = match self {
            Self::Identity(capped) => capped,
            Self::Gzip(mut decoder) => {
                decoder.try_finish().map_err(|_| decoder.get_mut().refusal())?;
                decoder.finish().map_err(|_| BodyError::NotCompressed)?
            }
            Self::Zstd(decoder) => decoder.finish()?,
        };
        Ok(Inflated { bytes: capped.bytes, _part: capped.part })
    }
}

/// Holds inflated bytes and refuses the first one too many.
pub(super) struct Capped {
    budget: Budget,
    bytes: Vec<u8>,
    part: Option<OwnedSemaphorePermit>,
    refusal: Option<BodyError>,
}

impl Capped {
    pub(super) fn take(&mut self, chunk: &[u8]) -> Result<(), BodyError> {
        if self.bytes.len() + chunk.len() > MAX_INFLATED_BYTES {
            return Err(BodyError::TooLargeInflated);
        }
        let more = self.budget.read(chunk.len())?;
        match &mut self.part {
            Some(part) => part.merge(more),
            None => self.part = Some(more),
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    /// Why the decoder stopped: what was refused here, else what it read is not compressed so.
    fn refusal(&mut self) -> BodyError {
        self.refusal.take().unwrap_or(BodyError::NotCompressed)
    }
}

impl Write for Capped {
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        self.take(chunk).map_err(|refusal| {
            self.refusal = Some(refusal);
            io::ErrorKind::OutOfMemory
        })?;
        Ok(chunk.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn many_bodies_share_one_budget() {
        let budget = Budget::of(10);
        let read = async |bytes: &'static [u8]| read(&HeaderMap::new(), Body::from(bytes), &budget).await;
        let first = read(b"123456").await.unwrap();
        assert!(matches!(read(b"123456").await, Err(BodyError::Crowded)));
        drop(first);
        assert_eq!(read(b"123456").await.unwrap().bytes, b"123456");
    }
}
