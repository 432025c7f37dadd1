//! What the collector counts about itself.

use std::{
    sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use serde::Serialize;

use crate::{forward::ForwardHealth, receiver::Receiver, signal::Signal};

/// A write that takes longer than this means that the pipeline is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(30);
/// So many writes that failed one after the other mean that nothing is stored any more.
const FAILING_AFTER: u64 = 3;

/// Why items are gone that had been received.
#[derive(Clone, Copy)]
pub(crate) enum Fate {
    Stored,
    /// Malformed: told to the sender as partial success.
    Rejected,
    /// The queue was full: told to the sender, who may try again.
    Refused,
    /// The same span or point was there already: a sender's repetition.
    Duplicate,
    /// The store could not be written.
    Failed,
}

#[derive(Debug, Default)]
struct PerSignal {
    received: AtomicU64,
    fates: [AtomicU64; 5],
    expired: AtomicU64,
    unreadable_requests: AtomicU64,
}

/// What one receiver made of the items of one signal.
#[derive(Debug, Default)]
struct AtReceiver {
    accepted: AtomicU64,
    refused: AtomicU64,
    rejected: AtomicU64,
}

/// Counters of one collector; cheap to touch from every task.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    signals: [PerSignal; 3],
    receivers: [[AtReceiver; 3]; Receiver::ALL.len()],
    writing_since_ns: AtomicI64,
    writer_ended: AtomicBool,
    failed_in_a_row: AtomicU64,
    store_bytes: AtomicU64,
    slices: AtomicU64,
}

impl Counters {
    pub(crate) fn received(&self, signal: Signal, items: u64) {
        self.of(signal).received.fetch_add(items, Relaxed);
    }

    /// Says what became of received items. Each received item has one fate in the end.
    pub(crate) fn settle(&self, signal: Signal, fate: Fate, items: u64) {
        self.of(signal).fates[fate as usize].fetch_add(items, Relaxed);
    }

    /// The same for items that get no further than the receiver.
    pub(crate) fn settle_at(&self, receiver: Receiver, signal: Signal, fate: Fate, items: u64) {
        self.settle(signal, fate, items);
        let at = self.at(receiver, signal);
        let count = if matches!(fate, Fate::Rejected) { &at.rejected } else { &at.refused };
        count.fetch_add(items, Relaxed);
    }

    /// Items that a receiver passed on to be stored.
    pub(crate) fn accepted(&self, receiver: Receiver, signal: Signal, items: u64) {
        self.at(receiver, signal).accepted.fetch_add(items, Relaxed);
    }

    /// Stored items that retention deleted.
    pub(crate) fn expired(&self, signal: Signal, items: u64) {
        self.of(signal).expired.fetch_add(items, Relaxed);
    }

    /// A request that could not be read: too large, not OTLP, of an unknown encoding.
    pub(crate) fn unreadable(&self, signal: Signal) {
        self.of(signal).unreadable_requests.fetch_add(1, Relaxed);
    }

    /// The writer begins a batch at `now_ns`, or has stored it and passed it on (`None`).
    pub(crate) fn writing(&self, now_ns: Option<i64>) {
        self.writing_since_ns.store(now_ns.unwrap_or_default(), Relaxed);
    }

    /// A batch was stored, or lost because the store could not be written.
    pub(crate) fn wrote(&self, is_stored: bool) {
        if is_stored {
            self.failed_in_a_row.store(0, Relaxed);
        } else {
            self.failed_in_a_row.fetch_add(1, Relaxed);
        }
    }

    /// What the store uses now.
    pub(crate) fn store_is(&self, bytes: u64, slices: usize) {
        self.store_bytes.store(bytes, Relaxed);
        self.slices.store(slices as u64, Relaxed);
    }

    /// Bytes and slices of the store.
    pub(crate) fn store(&self) -> (u64, u64) {
        (self.store_bytes.load(Relaxed), self.slices.load(Relaxed))
    }

    pub(crate) fn writer_ended(&self) {
        self.writer_ended.store(true, Relaxed);
    }

    /// Is somebody there who stores what is taken, not stuck in one write, and not without success.
    pub(crate) fn turning(&self, now_ns: i64) -> bool {
        let since = self.writing_since_ns.load(Relaxed);
        let stuck =
            since != 0 && i128::from(now_ns) - i128::from(since) > STUCK_AFTER.as_nanos().cast_signed();
        let failing = self.failed_in_a_row.load(Relaxed) >= FAILING_AFTER;
        !self.writer_ended.load(Relaxed) && !stuck && !failing
    }

    pub(crate) fn counts(&self, signal: Signal) -> SignalCounts {
        let of = self.of(signal);
        let fate = |fate: Fate| of.fates[fate as usize].load(Relaxed);
        let settled = [Fate::Stored, Fate::Rejected, Fate::Refused, Fate::Duplicate, Fate::Failed].map(fate);
        SignalCounts {
            signal,
            queued: of.received.load(Relaxed).saturating_sub(settled.iter().sum()),
            received: of.received.load(Relaxed),
            stored: settled[0],
            rejected: settled[1],
            refused: settled[2],
            duplicate: settled[3],
            failed: settled[4],
            expired: of.expired.load(Relaxed),
            unreadable_requests: of.unreadable_requests.load(Relaxed),
        }
    }

    /// What the receivers made of what they got: of all signals at the doors, of metrics in the collector's account of
    /// itself, and of servers that were asked.
    pub(crate) fn receivers(&self) -> Vec<ReceiverCounts> {
        let signals = Signal::ALL;
        let all = Receiver::ALL.into_iter().flat_map(|receiver| signals.map(|signal| (receiver, signal)));
        let counts = all.map(|(receiver, signal)| {
            let at = self.at(receiver, signal);
            let [accepted, refused, rejected] =
                [&at.accepted, &at.refused, &at.rejected].map(|count| count.load(Relaxed));
            ReceiverCounts { receiver, signal, accepted, refused, rejected }
        });
        counts.filter(ReceiverCounts::is_told).collect()
    }

    fn at(&self, receiver: Receiver, signal: Signal) -> &AtReceiver {
        &self.receivers[receiver as usize][signal as usize]
    }

    fn of(&self, signal: Signal) -> &PerSignal {
        &self.signals[signal as usize]
    }
}

/// The state of a collector at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct Health {
    /// The pipeline stores what is taken: the writer lives, is not stuck in one write, and did not fail three times
    /// in a row.
    pub turning: bool,
    /// Items that wait to be stored, of all signals.
    pub queued_items: u64,
    /// At most so many items wait; beyond, senders are asked to come back.
    pub queue_capacity_items: u64,
    /// Bytes (of OTLP protobuf) that wait to be stored.
    pub queued_bytes: u64,
    /// At most so many bytes wait.
    pub queue_capacity_bytes: u64,
    /// Bytes the store takes on the disk: its file, and the write-ahead log beside it.
    pub store_bytes: u64,
    /// The cap on them.
    pub max_store_bytes: u64,
    /// The cap on the age of what is stored, in seconds.
    pub max_age_seconds: u64,
    /// Time slices held now.
    pub slices: u64,
    /// What became of each signal since this collector started.
    pub signals: [SignalCounts; 3],
    /// The same as far as it is decided where telemetry comes in.
    pub receivers: Vec<ReceiverCounts>,
    /// How forwarding does, if anything is forwarded.
    pub forward: Option<ForwardHealth>,
}

/// What became of the items of one signal since the collector started.
///
/// `received = stored + rejected + refused + duplicate + failed + queued`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SignalCounts {
    /// Which signal.
    pub signal: Signal,
    /// Items in requests that could be read.
    pub received: u64,
    /// Items in the store (or expired from it since).
    pub stored: u64,
    /// Taken, not yet stored.
    pub queued: u64,
    /// Malformed, told to the sender by partial success.
    pub rejected: u64,
    /// Not taken because the queue was full.
    pub refused: u64,
    /// There already: a sender repeated itself.
    pub duplicate: u64,
    /// Lost because the store could not be written.
    pub failed: u64,
    /// Deleted from the store by its caps.
    pub expired: u64,
    /// Requests (not items) that could not be read.
    pub unreadable_requests: u64,
}

/// What one receiver made of the items of one signal since the collector started.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ReceiverCounts {
    /// Who took or fetched them.
    pub receiver: Receiver,
    /// Which signal.
    pub signal: Signal,
    /// Items that went on to be stored.
    pub accepted: u64,
    /// Items that were not taken because the queue was full.
    pub refused: u64,
    /// Malformed items.
    pub rejected: u64,
}

impl ReceiverCounts {
    /// Whoever sends may send everything; a server tells metrics, if it is asked at all.
    fn is_told(&self) -> bool {
        let is_there = self.accepted + self.refused + self.rejected > 0;
        let is_own = self.receiver == Receiver::Collector && self.signal == Signal::Metrics;
        self.receiver == Receiver::Otlp || is_own || is_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_does_not_end_means_stuck() {
        let counters = Counters::default();
        assert!(counters.turning(1));
        counters.writing(Some(1));
        assert!(counters.turning(2));
        assert!(!counters.turning(31_000_000_002));
        counters.writing(None);
        assert!(counters.turning(31_000_000_002));
        (0..FAILING_AFTER).for_each(|_| counters.wrote(false));
        assert!(!counters.turning(31_000_000_002));
        counters.wrote(true);
        assert!(counters.turning(31_000_000_002));
        counters.writer_ended();
        assert!(!counters.turning(31_000_000_002));
    }
}
