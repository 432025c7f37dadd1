//! A bounded queue together with its books, under one lock, so that the books are right at any moment.
//!
//! What waits together travels together: a batch is one piece of memory for each scope, to which what comes is
//! added. A piece for each item would be had on one thread and freed on another, tens of thousands of them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::Batching;
use crate::accounts::{Books, Outcome};

/// Larger batches would meet the limits of receivers (4 MiB over gRPC), in bytes.
const BATCH_LIMIT_BYTES: usize = 1_048_576;

/// A scope's name, where it is not the service's own.
pub(super) type Target = Option<&'static str>;

/// What waits for its export.
#[derive(Debug)]
pub(crate) struct Queue {
    limits: Batching,
    state: Mutex<State>,
    full_batch: Notify,
}

#[derive(Debug)]
struct State {
    /// The last one is being filled.
    waiting: VecDeque<Batch>,
    books: Books,
    closed: bool,
}

/// What goes to a receiver together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(super) scopes: Vec<Scope>,
    items: usize,
    bytes: usize,
}

/// What belongs to one scope: fields of OTLP's message, ready to be sent.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) target: Target,
    pub(super) items: Vec<u8>,
}

impl Batch {
    const fn is_full(&self, limits: &Batching) -> bool {
        self.items >= limits.batch_items
    }

    fn add(&mut self, target: Target, item: &[u8]) {
        self.items += 1;
        self.bytes += item.len();
        match self.scopes.iter_mut().find(|scope| scope.target == target) {
            Some(scope) => scope.items.extend_from_slice(item),
            None => self.scopes.push(Scope { target, items: item.to_vec() }),
        }
    }

    /// How many items, and how many bytes, by which it is settled.
    pub(crate) fn size(&self) -> (u64, usize) {
        (self.items.try_into().unwrap_or(u64::MAX), self.bytes)
    }
}

impl Queue {
    pub(crate) fn new(limits: Batching) -> Self {
        let state = State { waiting: VecDeque::new(), books: Books::default(), closed: false };
        Self { limits, state: Mutex::new(state), full_batch: Notify::new() }
    }

    /// Takes an item, or counts why not; never waits.
    pub(crate) fn push(&self, target: Target, item: &[u8]) {
        let mut state = self.lock();
        let account = state.books.read();
        if state.closed {
            return state.books.refuse("already_shutdown");
        }
        let queued = usize::try_from(account.queued).unwrap_or(usize::MAX);
        if queued >= self.limits.queue_items || account.queued_bytes + item.len() > self.limits.queue_bytes {
            return state.books.refuse("queue_full");
        }
        state.books.create(item.len());
        let is_full = state.add(target, item, &self.limits);
        drop(state);
        if is_full {
            self.full_batch.notify_one();
        }
    }

    /// Waits until a batch is full.
    pub(crate) async fn filled(&self) {
        self.full_batch.notified().await;
    }

    /// How many batches wait, the one that is being filled among them.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Takes what goes together next; it stays in the books until it is settled.
    pub(crate) fn take(&self) -> Option<Batch> {
        self.take_if(|_| true)
    }

    /// Takes the next batch if nothing more is added to it.
    pub(crate) fn take_full(&self) -> Option<Batch> {
        self.take_if(|state| {
            state.waiting.len() > 1 || state.waiting.front().is_some_and(|first| first.is_full(&self.limits))
        })
    }

    fn take_if(&self, is_wanted: impl FnOnce(&State) -> bool) -> Option<Batch> {
        let mut state = self.lock();
        if !is_wanted(&state) {
            return None;
        }
        let batch = state.waiting.pop_front()?;
        state.books.submit(batch.size().0);
        Some(batch)
    }

    /// Writes down what became of a batch.
    pub(crate) fn settle(&self, (items, bytes): (u64, usize), outcome: Outcome) {
        self.lock().books.settle(items, bytes, outcome);
    }

    /// Takes nothing more; what waits can still be taken.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    /// Gives up what still waits.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        for (items, bytes) in std::mem::take(&mut state.waiting).iter().map(Batch::size) {
            state.books.abandon(items, bytes, "shutdown_timeout");
        }
    }

    /// Reads the books without copying them.
    pub(crate) fn with_books<R>(&self, read: impl FnOnce(&Books) -> R) -> R {
        read(&self.lock().books)
    }

    pub(crate) const fn limits(&self) -> &Batching {
        &self.limits
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Adds to the last batch, or begins one; whether there is one more now that nothing is added to.
    fn add(&mut self, target: Target, item: &[u8], limits: &Batching) -> bool {
        let last = self.waiting.back_mut().filter(|last| !last.is_full(limits));
        let is_too_large = match last {
            Some(last) if last.bytes + item.len() <= BATCH_LIMIT_BYTES => {
                last.add(target, item);
                return last.is_full(limits);
            }
            last => last.is_some(),
        };
        let mut first = Batch::default();
        first.add(target, item);
        let is_full = first.is_full(limits);
        self.waiting.push_back(first);
        is_too_large || is_full
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::Account;

    fn account(queue: &Queue) -> Account {
        queue.with_books(|books| books.read().clone())
    }

    fn limits(queue_items: usize, queue_bytes: usize) -> Batching {
        Batching { queue_items, queue_bytes, batch_items: 2, ..Batching::default() }
    }

    fn item(bytes: usize) -> Vec<u8> {
        vec![7; bytes]
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let queue = Queue::new(limits(3, 100));
        for bytes in [40, 40, 40, 1, 1] {
            queue.push(None, &item(bytes));
        }
        let account = account(&queue);

        assert_eq!((account.created, account.queued, account.dropped["queue_full"]), (5, 3, 2));
        assert_eq!(account.queued_bytes, 81);
        assert!(account.is_balanced());
    }

    #[test]
    fn a_batch_stays_in_the_books_until_it_is_settled() {
        let queue = Queue::new(limits(10, 1_000));
        for item in 0..5 {
            queue.push(None, &[item; 10]);
        }
        let batch = queue.take().expect("five wait");
        let during = account(&queue);
        queue.settle(batch.size(), Outcome::taken(2, 1));
        let after = account(&queue);

        assert_eq!(batch.scopes[0].items, [[0; 10], [1; 10]].concat());
        assert_eq!((batch.size(), during.in_flight, during.queued), ((2, 20), 2, 5));
        assert_eq!((after.exported, after.lost(), after.queued, after.in_flight), (1, 1, 3, 0));
        assert!(during.is_balanced() && after.is_balanced());
    }

    #[test]
    fn a_batch_that_is_being_filled_is_not_full() {
        let queue = Queue::new(limits(10, 1_000));
        for _ in 0..3 {
            queue.push(None, &item(1));
        }

        assert_eq!(queue.take_full().map(|batch| batch.size()), Some((2, 2)));
        assert_eq!(queue.take_full().map(|batch| batch.size()), None);
        assert_eq!(queue.take().map(|batch| batch.size()), Some((1, 1)));
    }

    #[test]
    fn items_stand_with_their_scope() {
        let queue = Queue::new(Batching { batch_items: 3, ..limits(10, 1_000) });
        for (target, byte) in [("bot", 1), ("web", 2), ("bot", 3)] {
            queue.push(Some(target), &[byte]);
        }
        let batch = queue.take().expect("three wait");
        let scopes: Vec<_> = batch.scopes.into_iter().map(|scope| (scope.target, scope.items)).collect();

        assert_eq!(scopes, [(Some("bot"), vec![1, 3]), (Some("web"), vec![2])]);
    }

    #[test]
    fn after_the_end_nothing_is_queued_and_all_is_counted() {
        let queue = Queue::new(limits(10, 1_000));
        queue.push(None, &item(10));
        queue.close();
        queue.push(None, &item(10));
        queue.abandon();
        let account = account(&queue);

        assert_eq!((account.dropped["already_shutdown"], account.dropped["shutdown_timeout"]), (1, 1));
        assert_eq!((account.queued, account.queued_bytes), (0, 0));
        assert!(account.is_balanced());
    }

    #[test]
    fn a_giant_travels_alone() {
        let queue = Queue::new(Batching { batch_items: 3, ..Batching::default() });
        for bytes in [10, BATCH_LIMIT_BYTES, 10] {
            queue.push(None, &item(bytes));
        }
        let batches: Vec<_> = std::iter::from_fn(|| queue.take()).map(|batch| batch.size()).collect();

        assert_eq!(batches, [(1, 10), (1, BATCH_LIMIT_BYTES), (1, 10)]);
    }
}
