//! zlib-stream: one deflate stream a connection, flushed after every payload (gateway, "Transport Compression").

use axum::body::Bytes;
use axum::extract::ws::Message;
use flate2::{Compress, Compression, FlushCompress};

/// How payloads leave.
#[derive(Debug)]
pub(super) enum Encoder {
    Plain,
    ZlibStream(Box<Compress>),
}

impl Encoder {
    /// The encoder that a client asked for by `compress=`.
    pub(super) fn new(compress: Option<&str>) -> Self {
        match compress {
            Some("zlib-stream") => Self::ZlibStream(Box::new(Compress::new(Compression::default(), true))),
            _ => Self::Plain,
        }
    }

    /// A payload as a WebSocket message; none when the stream broke.
    pub(super) fn encode(&mut self, payload: &str) -> Option<Message> {
        match self {
            Self::Plain => Some(Message::text(payload)),
            Self::ZlibStream(stream) => {
                deflate(stream, payload.as_bytes()).map(|bytes| Message::Binary(Bytes::from(bytes)))
            }
        }
    }
}

fn deflate(stream: &mut Compress, input: &[u8]) -> Option<Vec<u8>> {
    let mut output = Vec::with_capacity(input.len() / 2 + 64);
    let start = stream.total_in();
    loop {
        let done = usize::try_from(stream.total_in() - start).ok()?;
        let rest = input.get(done..)?;
        if output.len() == output.capacity() {
            output.reserve(input.len().max(64));
        }
        stream.compress_vec(rest, &mut output, FlushCompress::Sync).ok()?;
        let consumed = usize::try_from(stream.total_in() - start).ok()?;
        // Room left over means that the flush is complete.
        if consumed == input.len() && output.len() < output.capacity() {
            return Some(output);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Decompress, FlushDecompress};

    #[test]
    fn payloads_come_out_of_one_stream_as_they_went_in() {
        let mut encoder = Encoder::new(Some("zlib-stream"));
        let mut stream = Decompress::new(true);
        let long = "x".repeat(100_000) + "end";
        for payload in ["{}", "{\"op\":11}", &long] {
            let Some(Message::Binary(bytes)) = encoder.encode(payload) else { panic!("no binary message") };
            assert!(bytes.ends_with(&[0, 0, 0xff, 0xff]), "ends with the sync marker");
            let mut text = Vec::with_capacity(200_000);
            stream.decompress_vec(&bytes, &mut text, FlushDecompress::Sync).unwrap();
            assert_eq!(String::from_utf8(text).unwrap(), payload);
        }
    }
}
