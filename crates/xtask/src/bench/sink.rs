//! Receivers of OTLP over HTTP that cost the sender's machine next to nothing: what they take is counted and
//! forgotten.

use super::connection::{Head, read_head};
use crate::failure::{Doing, Failure};
use std::io::{self, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::{Add, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long a slow receiver takes.
const SLOW: Duration = Duration::from_secs(2);

/// How a receiver behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Takes everything.
    Takes,
    /// Says that it can't, each time.
    Rejects,
    /// Takes everything, but only after two seconds.
    Slow,
    /// Reads, and never answers.
    Silent,
}

/// A running receiver; it ends with the process.
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    counts: Arc<Counts>,
}

/// What has arrived.
#[derive(Debug, Default)]
struct Counts {
    spans: AtomicU64,
    logs: AtomicU64,
    metrics: AtomicU64,
    bytes: AtomicU64,
}

/// What has arrived, at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Arrived {
    pub(crate) spans: u64,
    pub(crate) logs: u64,
    pub(crate) metrics: u64,
    pub(crate) bytes: u64,
}

impl Add for Arrived {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            spans: self.spans + other.spans,
            logs: self.logs + other.logs,
            metrics: self.metrics + other.metrics,
            bytes: self.bytes + other.bytes,
        }
    }
}

impl Sub for Arrived {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            spans: self.spans - other.spans,
            logs: self.logs - other.logs,
            metrics: self.metrics - other.metrics,
            bytes: self.bytes - other.bytes,
        }
    }
}

impl Sink {
    /// Listens on a free port.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn start(manner: Manner) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").doing("listening for telemetry")?;
        let address = listener.local_addr().doing("listening for telemetry")?;
        let counts = Arc::<Counts>::default();
        let counted = Arc::clone(&counts);
        std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let counts = Arc::clone(&counted);
                // A sender that goes away is no trouble of ours.
                std::thread::spawn(move || serve(stream, manner, &counts));
            }
        });
        Ok(Self { address, counts })
    }

    /// What has arrived so far.
    pub(crate) fn arrived(&self) -> Arrived {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Counts { spans, logs, metrics, bytes } = &*self.counts;
        Arrived { spans: read(spans), logs: read(logs), metrics: read(metrics), bytes: read(bytes) }
    }
}

fn serve(stream: TcpStream, manner: Manner, counts: &Counts) -> io::Result<()> {
    let mut stream = BufReader::with_capacity(64 * 1024, stream);
    while let Some(head) = read_head(&mut stream)? {
        let mut body = vec![0; head.length];
        stream.read_exact(&mut body)?;
        counts.add(&head, &body);
        let status = match manner {
            Manner::Takes => "200 OK",
            Manner::Rejects => "503 Service Unavailable",
            Manner::Slow => {
                std::thread::sleep(SLOW);
                "200 OK"
            }
            Manner::Silent => continue,
        };
        let answer =
            format!("HTTP/1.1 {status}\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n");
        stream.get_mut().write_all(answer.as_bytes())?;
    }
    Ok(())
}

impl Counts {
    fn add(&self, head: &Head, body: &[u8]) {
        let count = match head.first_line.split(' ').nth(1) {
            Some("/v1/traces") => &self.spans,
            Some("/v1/logs") => &self.logs,
            _ => &self.metrics,
        };
        count.fetch_add(items(body), Ordering::Relaxed);
        self.bytes.fetch_add(u64::try_from(body.len()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// Spans, log records or metrics of a request: in all three, field 2 of field 2 of field 1 of the message.
fn items(body: &[u8]) -> u64 {
    let scopes = Fields(body).filter(|(number, _)| *number == 1).flat_map(|(_, resource)| Fields(resource));
    let items = scopes.filter(|(number, _)| *number == 2).flat_map(|(_, scope)| Fields(scope));
    items.filter(|(number, _)| *number == 2).map(|_| 1).sum()
}

/// The fields of a protobuf message that have a length, with their numbers
/// (<https://protobuf.dev/programming-guides/encoding/>). What can't be read ends it.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let tag = varint(&mut self.0)?;
            let length = match tag & 7 {
                0 => {
                    varint(&mut self.0)?;
                    continue;
                }
                1 => 8,
                2 => usize::try_from(varint(&mut self.0)?).ok()?,
                5 => 4,
                _ => return None,
            };
            let (value, rest) = self.0.split_at_checked(length)?;
            self.0 = rest;
            if tag & 7 == 2 {
                return Some((tag >> 3, value));
            }
        }
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_counted_where_they_are() {
        let item = [0x12, 0x02, 0x08, 0x01];
        let scope = [&[0x0a, 0x01, 0x00][..], &item, &item].concat();
        let scope = [&[0x12, u8::try_from(scope.len()).unwrap()][..], &scope].concat();
        let resource = [&[0x0a, 0x00][..], &scope, &[0x1a, 0x00], &scope].concat();
        let body = [&[0x0a, u8::try_from(resource.len()).unwrap()][..], &resource].concat();
        assert_eq!(items(&body), 4);
        assert_eq!((items(&[]), items(&body[..9]), items(&[0xff; 20])), (0, 0, 0));
    }

    #[test]
    fn numbers_of_several_bytes_are_read() {
        let mut bytes = &[0xac, 0x02, 0x07][..];
        assert_eq!((varint(&mut bytes), varint(&mut bytes), varint(&mut bytes)), (Some(300), Some(7), None));
    }
}
