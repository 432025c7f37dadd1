use std::sync::Arc;
use tokio::sync::watch;

/// What a commit may have left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Events to publish.
    Outbox,
    /// A due moment of the notification daemon.
    Notify,
    /// A due moment of the status transition daemon.
    Transition,
    /// Deliveries to send.
    Deliveries,
    /// Cards to edit.
    Cards,
}

const HINTS: usize = 5;

/// Wakes loops after a commit. Hints are never needed for correctness: who misses one polls.
#[derive(Clone, Debug)]
pub struct Hints {
    channels: Arc<[watch::Sender<u64>; HINTS]>,
}

impl Hints {
    pub(crate) fn new() -> Self {
        Self { channels: Arc::new(std::array::from_fn(|_| watch::Sender::new(0))) }
    }

    /// Registers interest; do it before looking at the rows, so that no change falls in between.
    pub fn subscribe(&self, hint: Hint) -> watch::Receiver<u64> {
        self.channels[hint as usize].subscribe()
    }

    pub(crate) fn give(&self, hint: Hint) {
        self.channels[hint as usize].send_modify(|count| *count = count.wrapping_add(1));
    }
}
