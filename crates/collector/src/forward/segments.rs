//! The queue on disk: numbered files, written at the end, sent from the beginning.
//!
//! A record is a header of 13 bytes (signal, items and length as little-endian numbers, a checksum) and an OTLP export
//! request. A file whose end was cut off by a crash is good up to its last whole record.

use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::state::{Passage, State};
use crate::signal::Signal;

/// A segment is closed when it has so many bytes,
const SEGMENT_BYTES: u64 = 4 << 20;
/// or this part of the cap, so that dropping the oldest drops little.
const SEGMENTS_PER_CAP: u64 = 8;
const HEADER_BYTES: usize = 13;
const EXTENSION: &str = "otlp";

/// One export request in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) signal: Signal,
    pub(super) items: u32,
    pub(super) body: Vec<u8>,
}

#[derive(Debug)]
struct Segment {
    number: u64,
    bytes: u64,
    items: [u64; 3],
    /// When it was closed; what an earlier process left is as old as can be.
    closed_at: Option<Instant>,
}

#[derive(Debug)]
struct Open {
    file: File,
    segment: Segment,
    opened_at: Instant,
    is_synced: bool,
}

/// The files of the queue.
#[derive(Debug)]
pub(super) struct Segments {
    folder: PathBuf,
    max_bytes: u64,
    closed: VecDeque<Segment>,
    open: Option<Open>,
    next: u64,
    /// The segment that is being sent is not dropped.
    sending: Option<u64>,
    state: Arc<State>,
}

impl Segments {
    /// Takes up what an earlier process left in the folder.
    pub(super) fn open(folder: &Path, max_bytes: u64, state: Arc<State>) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut numbers =
            fs::read_dir(folder)?.filter_map(|entry| number_of(&entry.ok()?.path())).collect::<Vec<u64>>();
        numbers.sort_unstable();
        let next = numbers.last().map_or(1, |last| last + 1);
        let mut segments = Self {
            folder: folder.into(),
            max_bytes,
            closed: VecDeque::new(),
            open: None,
            next,
            sending: None,
            state,
        };
        for number in numbers {
            segments.take_up(number);
        }
        segments.publish_size();
        Ok(segments)
    }

    /// Takes up a file that an earlier process left. What of it cannot be read when its turn comes is lost and counted
    /// then; that is no reason not to start.
    fn take_up(&mut self, number: u64) {
        let bytes = fs::read(self.path(number)).unwrap_or_else(|error| {
            tracing::error!(name: "collector.forward.exception", error = %error, items = 0, "a file of the queue cannot be read");
            Vec::new()
        });
        let (mut items, mut rest) = ([0; 3], &bytes[..]);
        while let Some(record) = decode(&mut rest) {
            let (signal, held) =
                record.map_or_else(|damaged| (damaged.signal, damaged.items), |it| (it.signal, it.items));
            items[signal as usize] += u64::from(held);
        }
        self.closed.push_back(Segment { number, bytes: bytes.len() as u64, items, closed_at: None });
    }

    /// Writes a record at the end. True when that closed a segment.
    pub(super) fn append(&mut self, record: &Record, now: Instant) -> bool {
        self.make_room(record.body.len() as u64);
        let items = u64::from(record.items);
        match self.write(record, now) {
            Ok(()) => self.state.count(record.signal, Passage::Kept, items),
            Err(error) => {
                tracing::error!(name: "collector.forward.exception", error = %error, items, "the queue on disk takes nothing");
                self.state.count(record.signal, Passage::Lost, items);
            }
        }
        let full_bytes = SEGMENT_BYTES.min(self.max_bytes / SEGMENTS_PER_CAP);
        let is_full = self.open.as_ref().is_some_and(|open| open.segment.bytes >= full_bytes);
        is_full && self.close(now)
    }

    fn write(&mut self, record: &Record, now: Instant) -> io::Result<()> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.begin(now)?,
        };
        let bytes = encode(record);
        let written = open.file.write_all(&bytes);
        if written.is_ok() {
            open.segment.bytes += bytes.len() as u64;
            open.segment.items[record.signal as usize] += u64::from(record.items);
            open.is_synced = false;
        } else if open.file.set_len(open.segment.bytes).is_err() {
            // Half a record must not stand before the next one: this was the last one of its file.
            self.closed.push_back(Segment { closed_at: Some(now), ..open.segment });
            return written;
        }
        self.open = Some(open);
        written
    }

    fn begin(&mut self, now: Instant) -> io::Result<Open> {
        let number = self.next;
        let file = OpenOptions::new().create_new(true).append(true).open(self.path(number))?;
        self.next += 1;
        let segment = Segment { number, bytes: 0, items: [0; 3], closed_at: None };
        Ok(Open { file, segment, opened_at: now, is_synced: true })
    }

    /// Brings what was written to the disk itself, and closes a segment that is as old as `age`. True when it did.
    pub(super) fn tick(&mut self, now: Instant, age: Duration) -> bool {
        let Some(open) = &mut self.open else { return false };
        if !open.is_synced && open.file.sync_data().is_ok() {
            open.is_synced = true;
        }
        now.duration_since(open.opened_at) >= age && self.close(now)
    }

    /// Closes the segment that is written to. True if there was one.
    pub(super) fn close(&mut self, now: Instant) -> bool {
        let Some(open) = self.open.take() else { return false };
        self.closed.push_back(Segment { closed_at: Some(now), ..open.segment });
        true
    }

    /// Drops the oldest segments until so many bytes more are within the cap.
    fn make_room(&mut self, more: u64) {
        while self.size().0 + more > self.max_bytes {
            let at = self.closed.iter().position(|segment| Some(segment.number) != self.sending);
            let Some(segment) = at.and_then(|at| self.closed.remove(at)) else { return };
            for (signal, items) in Signal::ALL.into_iter().zip(segment.items) {
                self.state.count(signal, Passage::Dropped, items);
            }
            self.delete(segment.number);
        }
    }

    /// The oldest closed segment, once the one after it is closed too or it has waited for `age`; and that next one.
    pub(super) fn ripe(&mut self, now: Instant, age: Duration) -> Option<(u64, Option<u64>)> {
        let first = self.closed.front()?;
        let next = self.closed.get(1).map(|segment| segment.number);
        let has_waited = first.closed_at.is_none_or(|closed_at| now.duration_since(closed_at) >= age);
        let has_spans = first.items[Signal::Traces as usize] > 0;
        if next.is_none() && !has_waited && has_spans {
            return None;
        }
        self.sending = Some(first.number);
        Some((first.number, next))
    }

    /// The records of a segment, without those that are damaged.
    pub(super) fn read(&self, number: u64) -> io::Result<Vec<Record>> {
        let bytes = fs::read(self.path(number))?;
        let mut rest = &bytes[..];
        Ok(std::iter::from_fn(|| decode(&mut rest)).flatten().collect())
    }

    /// Counts what a segment should hold and was not among what was read of it.
    pub(super) fn miss(&self, number: u64, read: [u64; 3]) {
        let Some(segment) = self.closed.iter().find(|segment| segment.number == number) else { return };
        for (signal, (held, read)) in Signal::ALL.into_iter().zip(segment.items.into_iter().zip(read)) {
            let items = held.saturating_sub(read);
            if items > 0 {
                tracing::error!(name: "collector.forward.exception", error = "damaged", items, "a file of the queue gives back less than was written to it");
                self.state.count(signal, Passage::Lost, items);
            }
        }
    }

    /// Tells how large the queue is.
    pub(super) fn publish_size(&self) {
        self.state.queue_is(self.size());
    }

    /// A segment was sent.
    pub(super) fn remove(&mut self, number: u64) {
        self.closed.retain(|segment| segment.number != number);
        self.sending = None;
        self.delete(number);
    }

    fn delete(&self, number: u64) {
        if let Err(error) = fs::remove_file(self.path(number)) {
            tracing::warn!(name: "collector.forward.exception", error = %error, items = 0, "a file of the queue cannot be deleted");
        }
    }

    /// Bytes and files.
    fn size(&self) -> (u64, u64) {
        let open = self.open.iter().map(|open| open.segment.bytes);
        let sizes = self.closed.iter().map(|segment| segment.bytes).chain(open);
        sizes.fold((0, 0), |(bytes, files), size| (bytes + size, files + 1))
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:016}.{EXTENSION}"))
    }
}

fn number_of(path: &Path) -> Option<u64> {
    (path.extension()? == EXTENSION).then(|| path.file_stem()?.to_str()?.parse().ok()).flatten()
}

fn encode(record: &Record) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + record.body.len());
    bytes.push(record.signal as u8);
    bytes.extend_from_slice(&record.items.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(record.body.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend_from_slice(&checksum(&record.body).to_le_bytes());
    bytes.extend_from_slice(&record.body);
    bytes
}

/// What was a record before it was damaged.
struct Damaged {
    signal: Signal,
    items: u32,
}

/// Takes the next record off; nothing more after the first that was cut off, or whose header is no header.
fn decode(rest: &mut &[u8]) -> Option<Result<Record, Damaged>> {
    let (header, after) = rest.split_first_chunk::<HEADER_BYTES>()?;
    let number = |at: usize| header[at..at + 4].try_into().map(u32::from_le_bytes).ok();
    let (items, length, sum) = (number(1)?, number(5)?, number(9)?);
    let (body, after) = after.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = after;
    let signal = *Signal::ALL.get(usize::from(header[0]))?;
    if checksum(body) == sum {
        Some(Ok(Record { signal, items, body: body.to_vec() }))
    } else {
        Some(Err(Damaged { signal, items }))
    }
}

/// FNV-1a, 32 bits: tells a torn page from a record.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}
