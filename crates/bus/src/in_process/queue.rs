//! One queue in this process.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use uuid::Uuid;

use super::topic::fits;
use crate::{DeadLetter, Message, QueueSpec};

/// Messages in order, those in hand counted, those that failed too often kept apart.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) spec: QueueSpec,
    capacity: usize,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    ready: VecDeque<Waiting>,
    in_hand: usize,
    dead: VecDeque<DeadLetter>,
    closed: bool,
}

/// A message, and how often it came back.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) message: Message,
    pub(crate) returns: u32,
}

/// What a consumer finds when it looks.
pub(crate) enum Found {
    Message(Waiting),
    Nothing,
    Closed,
}

impl Queue {
    pub(crate) fn new(spec: QueueSpec, capacity: usize) -> Self {
        Self { spec, capacity, state: Mutex::default(), changed: Notify::new() }
    }

    pub(crate) fn takes(&self, routing_key: &str) -> bool {
        self.spec.bindings.iter().any(|pattern| fits(pattern, routing_key))
    }

    /// Whether a message would be refused; a transient queue refuses none.
    pub(crate) fn is_full(&self) -> bool {
        let state = self.state();
        self.spec.durable && state.ready.len() + state.in_hand >= self.capacity
    }

    pub(crate) fn push(&self, message: Message) {
        let mut state = self.state();
        if !self.spec.durable && state.ready.len() >= self.capacity {
            state.ready.pop_front();
        }
        state.ready.push_back(Waiting { message, returns: 0 });
        drop(state);
        self.changed.notify_one();
    }

    /// Resolves when there may be something new; asked for before looking, so that nothing is missed.
    pub(crate) fn change(&self) -> Notified<'_> {
        self.changed.notified()
    }

    pub(crate) fn look(&self) -> Found {
        let mut state = self.state();
        if state.closed {
            return Found::Closed;
        }
        let Some(waiting) = state.ready.pop_front() else { return Found::Nothing };
        state.in_hand += 1;
        Found::Message(waiting)
    }

    pub(crate) fn acknowledge(&self) {
        self.state().in_hand -= 1;
    }

    /// A consumer failed: behind the others, or dead.
    pub(crate) fn reject(&self, waiting: Waiting) {
        self.take_back(waiting, VecDeque::push_back);
    }

    /// A consumer went away: where it was, or dead.
    pub(crate) fn restore(&self, waiting: Waiting) {
        self.take_back(waiting, VecDeque::push_front);
    }

    fn take_back(&self, mut waiting: Waiting, place: impl FnOnce(&mut VecDeque<Waiting>, Waiting)) {
        waiting.returns += 1;
        let mut state = self.state();
        state.in_hand -= 1;
        if waiting.returns > self.spec.delivery_limit {
            if state.dead.len() >= self.capacity {
                state.dead.pop_front();
            }
            state.dead.push_back(DeadLetter { message: waiting.message, attempts: waiting.returns });
            return;
        }
        place(&mut state.ready, waiting);
        drop(state);
        self.changed.notify_one();
    }

    pub(crate) fn dead_letters(&self) -> Vec<DeadLetter> {
        self.state().dead.iter().cloned().collect()
    }

    pub(crate) fn redrive(&self, id: Option<Uuid>) -> usize {
        let mut state = self.state();
        let dead = std::mem::take(&mut state.dead);
        let (chosen, kept): (Vec<_>, _) =
            dead.into_iter().partition(|letter| id.is_none_or(|id| letter.message.id == id));
        state.dead = VecDeque::from(kept);
        let count = chosen.len();
        state.ready.extend(chosen.into_iter().map(|letter| Waiting { message: letter.message, returns: 0 }));
        drop(state);
        for _ in 0..count {
            self.changed.notify_one();
        }
        count
    }

    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
