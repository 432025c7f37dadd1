//! Events on their way to browsers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use domain::{Event, EventId};
use tokio::sync::broadcast;

/// Newest events kept for those who come back.
const KEPT: usize = 1024;
/// Events that a slow listener may lag behind before it has to start over.
const LAG: usize = 256;

/// Tells open pages what happened; clones share their listeners.
///
/// It is a hint, never the truth: a page that hears of an event asks for itself again.
#[derive(Clone, Debug)]
pub struct Live {
    sender: broadcast::Sender<Arc<Event>>,
    kept: Arc<Mutex<VecDeque<Arc<Event>>>>,
}

/// What somebody missed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Missed {
    /// These, oldest first.
    Events(Vec<Arc<Event>>),
    /// Too much to tell: they look again at everything.
    TooMuch,
}

impl Live {
    /// Without a past.
    pub fn new() -> Self {
        Self { sender: broadcast::Sender::new(LAG), kept: Arc::default() }
    }

    /// Tells everybody who listens; the past keeps the newest 1,024 events, and what is in it is not told again.
    pub fn tell(&self, event: Event) {
        let event = Arc::new(event);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // A hint and the bus tell of the same event, one soon after the other.
        if kept.iter().rev().any(|told| told.id == event.id) {
            return;
        }
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(Arc::clone(&event));
        // Under the lock, so that a new listener hears it either as past or as present; and when nobody
        // listens, that is fine.
        let _ = self.sender.send(event);
    }

    /// What came after `last`, and what comes from now on.
    pub(crate) fn listen(&self, last: Option<EventId>) -> (Missed, broadcast::Receiver<Arc<Event>>) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        (missed(&kept, last), self.sender.subscribe())
    }
}

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}

fn missed(kept: &VecDeque<Arc<Event>>, last: Option<EventId>) -> Missed {
    let Some(last) = last else { return Missed::Events(Vec::new()) };
    match kept.iter().position(|event| event.id == last) {
        Some(at) => Missed::Events(kept.iter().skip(at + 1).cloned().collect()),
        None => Missed::TooMuch,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ENVELOPE_VERSION, EventBody, GuildId};

    fn event(number: u128) -> Event {
        Event {
            version: ENVELOPE_VERSION,
            id: EventId::new(uuid::Uuid::from_u128(number)),
            guild: GuildId::new(1),
            game: None,
            sequence: 0,
            occurred_at: jiff::Timestamp::UNIX_EPOCH,
            body: EventBody::GuildRemoved {},
        }
    }

    #[test]
    fn who_comes_back_hears_what_was_missed() {
        let live = Live::new();
        for number in 1..=3 {
            live.tell(event(number));
        }
        let (missed, mut next) = live.listen(Some(event(1).id));
        assert_eq!(missed, Missed::Events(vec![Arc::new(event(2)), Arc::new(event(3))]));
        live.tell(event(4));
        assert_eq!(*next.try_recv().unwrap(), event(4));
        assert!(next.try_recv().is_err());
    }

    #[test]
    fn what_is_told_twice_is_heard_once() {
        let live = Live::new();
        let (_, mut next) = live.listen(None);
        for number in [1, 2, 1] {
            live.tell(event(number));
        }
        assert_eq!((next.try_recv().unwrap().id, next.try_recv().unwrap().id), (event(1).id, event(2).id));
        assert!(next.try_recv().is_err());
    }

    #[test]
    fn who_was_away_for_too_long_starts_over() {
        let live = Live::new();
        for number in 1..=1025 {
            live.tell(event(number));
        }
        assert_eq!(live.listen(Some(event(1).id)).0, Missed::TooMuch);
        assert_eq!(live.listen(Some(event(1025).id)).0, Missed::Events(Vec::new()));
        assert_eq!(live.listen(None).0, Missed::Events(Vec::new()));
    }
}
