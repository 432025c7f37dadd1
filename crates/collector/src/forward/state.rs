//! What forwarding counts about itself.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
};

use serde::Serialize;

use super::ForwardConfig;
use crate::{now, signal::Signal};

/// What became of items that were to go on.
#[derive(Clone, Copy)]
pub(super) enum Passage {
    /// Written to the queue.
    Kept,
    /// Taken by the other side.
    Sent,
    /// Left out on purpose.
    SampledOut,
    /// Dropped because the queue was full.
    Dropped,
    /// The other side will never take them.
    Refused,
    /// The disk did not take them, or gave them back damaged.
    Lost,
}

/// Counters of forwarding, of this process.
#[derive(Debug)]
pub(super) struct State {
    endpoint: String,
    max_bytes: u64,
    passages: [[AtomicU64; 6]; 3],
    queued_bytes: AtomicU64,
    segments: AtomicU64,
    last_success_ns: AtomicI64,
    trouble: Mutex<Option<Trouble>>,
}

#[derive(Clone, Debug)]
struct Trouble {
    since_ns: i64,
    reason: String,
}

impl State {
    pub(super) fn new(config: &ForwardConfig) -> Self {
        Self {
            endpoint: config.destination.endpoint.to_string(),
            max_bytes: config.max_bytes,
            passages: Default::default(),
            queued_bytes: AtomicU64::new(0),
            segments: AtomicU64::new(0),
            last_success_ns: AtomicI64::new(0),
            trouble: Mutex::new(None),
        }
    }

    pub(super) fn count(&self, signal: Signal, passage: Passage, items: u64) {
        self.passages[signal as usize][passage as usize].fetch_add(items, Relaxed);
    }

    /// What the queue on disk holds now: bytes and files. Kept here because who works on the queue may wait for the disk.
    pub(super) fn queue_is(&self, (bytes, segments): (u64, u64)) {
        self.queued_bytes.store(bytes, Relaxed);
        self.segments.store(segments, Relaxed);
    }

    /// The other side took something. Says so in the log when it had not before.
    pub(super) fn works(&self) {
        self.last_success_ns.store(now::unix_nanos(), Relaxed);
        if self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take().is_some() {
            tracing::info!(name: "collector.forward.resumed", endpoint = %self.endpoint, "telemetry goes on again");
        }
    }

    /// The other side took nothing. One line in the log for the whole outage.
    pub(super) fn fails(&self, reason: &str) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.is_none() {
            tracing::warn!(name: "collector.forward.interrupted", endpoint = %self.endpoint, reason, "telemetry cannot go on and is kept on disk");
        }
        let since_ns = trouble.as_ref().map_or_else(now::unix_nanos, |trouble| trouble.since_ns);
        *trouble = Some(Trouble { since_ns, reason: reason.into() });
    }

    pub(super) fn health(&self) -> ForwardHealth {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let last_success_ns = self.last_success_ns.load(Relaxed);
        ForwardHealth {
            endpoint: self.endpoint.clone(),
            queued_bytes: self.queued_bytes.load(Relaxed),
            max_queued_bytes: self.max_bytes,
            segments: self.segments.load(Relaxed),
            last_success_unix_seconds: (last_success_ns != 0).then_some(last_success_ns / 1_000_000_000),
            failing_since_unix_seconds: trouble.as_ref().map(|trouble| trouble.since_ns / 1_000_000_000),
            failing_because: trouble.map(|trouble| trouble.reason),
            signals: Signal::ALL.map(|signal| self.counts(signal)),
        }
    }

    fn counts(&self, signal: Signal) -> ForwardCounts {
        let of = |passage: Passage| self.passages[signal as usize][passage as usize].load(Relaxed);
        ForwardCounts {
            signal,
            kept: of(Passage::Kept),
            sent: of(Passage::Sent),
            sampled_out: of(Passage::SampledOut),
            dropped: of(Passage::Dropped),
            refused: of(Passage::Refused),
            lost: of(Passage::Lost),
        }
    }
}

/// How forwarding does at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct ForwardHealth {
    /// Where telemetry goes.
    pub endpoint: String,
    /// Bytes of the queue on disk.
    pub queued_bytes: u64,
    /// The cap on them.
    pub max_queued_bytes: u64,
    /// Files of the queue.
    pub segments: u64,
    /// When the other side last took something.
    pub last_success_unix_seconds: Option<i64>,
    /// Since when it takes nothing.
    pub failing_since_unix_seconds: Option<i64>,
    /// What it said last.
    pub failing_because: Option<String>,
    /// By signal, since this process started.
    pub signals: [ForwardCounts; 3],
}

/// What became of the items of one signal: what was kept is sent, sampled out, dropped, refused, lost or still queued.
/// What an earlier process had kept is counted when it leaves.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ForwardCounts {
    /// Which signal.
    pub signal: Signal,
    /// Written to the queue.
    pub kept: u64,
    /// Taken by the other side.
    pub sent: u64,
    /// Left out by sampling.
    pub sampled_out: u64,
    /// Dropped because the queue was full, the oldest first.
    pub dropped: u64,
    /// Refused by the other side for good.
    pub refused: u64,
    /// Not written or not read because of the disk.
    pub lost: u64,
}
