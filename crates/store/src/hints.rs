use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
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

impl Hint {
    const ALL: [Self; HINTS] = [Self::Outbox, Self::Notify, Self::Transition, Self::Deliveries, Self::Cards];

    /// The word that goes from process to process.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Outbox => "outbox",
            Self::Notify => "notify",
            Self::Transition => "transition",
            Self::Deliveries => "deliveries",
            Self::Cards => "cards",
        }
    }
}

/// What PostgreSQL calls the channel on which processes tell each other.
pub(crate) const CHANNEL: &str = "muster_hints";

/// Wakes loops after a commit. Hints are never needed for correctness: who misses one polls.
#[derive(Clone, Debug)]
pub struct Hints {
    channels: Arc<[watch::Sender<u64>; HINTS]>,
    /// The server's process that listens for this one; zero while none does. It marks what is said from here.
    listener: Arc<AtomicU32>,
}

impl Hints {
    pub(crate) fn new() -> Self {
        let channels = std::array::from_fn(|_| watch::Sender::new(0));
        Self { channels: Arc::new(channels), listener: Arc::default() }
    }

    /// Registers interest; do it before looking at the rows, so that no change falls in between.
    pub fn subscribe(&self, hint: Hint) -> watch::Receiver<u64> {
        self.channels[hint as usize].subscribe()
    }

    pub(crate) fn give(&self, hint: Hint) {
        self.channels[hint as usize].send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Wakes everything: something may have been missed.
    pub(crate) fn give_all(&self) {
        for hint in Hint::ALL {
            self.give(hint);
        }
    }

    /// Notes who listens for this process.
    pub(crate) fn listened_to_by(&self, listener: u32) {
        self.listener.store(listener, Ordering::Relaxed);
    }

    /// These hints as they are said to other processes.
    pub(crate) fn message(&self, hints: &[Hint]) -> String {
        let words: Vec<_> = hints.iter().map(|hint| hint.as_str()).collect();
        format!("{}:{}", self.listener.load(Ordering::Relaxed), words.join(","))
    }

    /// Takes what another process said; what this one said itself it has heard already.
    pub(crate) fn hear(&self, message: &str) {
        let Some((listener, words)) = message.split_once(':') else { return };
        let own = self.listener.load(Ordering::Relaxed);
        if own != 0 && listener.parse() == Ok(own) {
            return;
        }
        for word in words.split(',') {
            if let Some(hint) = Hint::ALL.into_iter().find(|hint| hint.as_str() == word) {
                self.give(hint);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_wakes_another_process_and_not_its_own() {
        let (here, there) = (Hints::new(), Hints::new());
        here.listened_to_by(7);
        there.listened_to_by(8);
        let message = here.message(&[Hint::Outbox, Hint::Cards]);
        assert_eq!(message, "7:outbox,cards");
        let woken = |hints: &Hints, message: &str| {
            let listeners = Hint::ALL.map(|hint| hints.subscribe(hint));
            hints.hear(message);
            listeners.map(|listener| listener.has_changed().unwrap())
        };
        assert_eq!(woken(&there, &message), [true, false, false, false, true]);
        assert_eq!(woken(&here, &message), [false; HINTS]);
        // A newer version may say more.
        assert_eq!(woken(&here, "9:notify,of a newer version"), [false, true, false, false, false]);
        assert_eq!(woken(&here, "nonsense"), [false; HINTS]);
    }
}
