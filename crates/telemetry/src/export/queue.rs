//! A bounded queue together with its books, under one lock, so that the books are right at any moment.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::Batching;
use crate::accounts::{Books, Outcome};

/// Larger batches would meet the limits of receivers (4 MiB over gRPC), in bytes.
const BATCH_LIMIT_BYTES: usize = 1_048_576;

/// What waits for its export.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    limits: Batching,
    state: Mutex<State<T>>,
    full_batch: Notify,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<Weighed<T>>,
    books: Books,
    closed: bool,
}

#[derive(Debug)]
struct Weighed<T> {
    item: T,
    bytes: usize,
}

/// What goes to a receiver together.
#[derive(Debug)]
pub(crate) struct Batch<T> {
    pub(crate) items: Vec<T>,
    bytes: usize,
}

impl<T> Batch<T> {
    pub(crate) fn len(&self) -> u64 {
        self.items.len().try_into().unwrap_or(u64::MAX)
    }
}

impl<T> Queue<T> {
    pub(crate) fn new(limits: Batching) -> Self {
        let state = State { waiting: VecDeque::new(), books: Books::default(), closed: false };
        Self { limits, state: Mutex::new(state), full_batch: Notify::new() }
    }

    /// Takes an item, or counts why not; never waits.
    pub(crate) fn push(&self, item: T, bytes: usize) {
        let mut state = self.lock();
        let account = state.books.read();
        if state.closed {
            return state.books.refuse("already_shutdown");
        }
        let queued = usize::try_from(account.queued).unwrap_or(usize::MAX);
        if queued >= self.limits.queue_items || account.queued_bytes + bytes > self.limits.queue_bytes {
            return state.books.refuse("queue_full");
        }
        state.books.create(bytes);
        state.waiting.push_back(Weighed { item, bytes });
        let full = state.waiting.len() == self.limits.batch_items;
        drop(state);
        if full {
            self.full_batch.notify_one();
        }
    }

    /// Waits until a batch is full.
    pub(crate) async fn filled(&self) {
        self.full_batch.notified().await;
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Takes what goes together next; it stays in the books until it is settled.
    pub(crate) fn take(&self) -> Option<Batch<T>> {
        // Room is made before the lock is taken, since every span that ends waits for it.
        let room = self.waiting().min(self.limits.batch_items);
        let mut batch = Batch { items: Vec::with_capacity(room), bytes: 0 };
        let mut state = self.lock();
        while batch.items.len() < self.limits.batch_items {
            let fits =
                |next: &Weighed<T>| batch.items.is_empty() || batch.bytes + next.bytes <= BATCH_LIMIT_BYTES;
            if !state.waiting.front().is_some_and(fits) {
                break;
            }
            let Some(next) = state.waiting.pop_front() else { break };
            batch.bytes += next.bytes;
            batch.items.push(next.item);
        }
        state.books.submit(batch.len());
        drop(state);
        (!batch.items.is_empty()).then_some(batch)
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
        let left = std::mem::take(&mut state.waiting);
        if left.is_empty() {
            return;
        }
        let bytes = left.iter().map(|left| left.bytes).sum();
        state.books.abandon(left.len().try_into().unwrap_or(u64::MAX), bytes, "shutdown_timeout");
    }

    /// Reads the books without copying them.
    pub(crate) fn with_books<R>(&self, read: impl FnOnce(&Books) -> R) -> R {
        read(&self.lock().books)
    }

    pub(crate) const fn limits(&self) -> &Batching {
        &self.limits
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Batch<T> {
    /// Its size, by which it is settled.
    pub(crate) fn size(&self) -> (u64, usize) {
        (self.len(), self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::Account;

    fn account<T>(queue: &Queue<T>) -> Account {
        queue.with_books(|books| books.read().clone())
    }

    fn limits(queue_items: usize, queue_bytes: usize) -> Batching {
        Batching { queue_items, queue_bytes, batch_items: 2, ..Batching::default() }
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let queue = Queue::new(limits(3, 100));
        for bytes in [40, 40, 40, 1, 1] {
            queue.push((), bytes);
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
            queue.push(item, 10);
        }
        let batch = queue.take().expect("five wait");
        let during = account(&queue);
        queue.settle(batch.size(), Outcome::taken(2, 1));
        let after = account(&queue);

        assert_eq!((batch.items.as_slice(), during.in_flight, during.queued), (&[0, 1][..], 2, 5));
        assert_eq!((after.exported, after.lost(), after.queued, after.in_flight), (1, 1, 3, 0));
        assert!(during.is_balanced() && after.is_balanced());
    }

    #[test]
    fn after_the_end_nothing_is_queued_and_all_is_counted() {
        let queue = Queue::new(limits(10, 1_000));
        queue.push((), 10);
        queue.close();
        queue.push((), 10);
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
            queue.push(bytes, bytes);
        }
        let batches: Vec<_> = std::iter::from_fn(|| queue.take()).map(|batch| batch.items).collect();

        assert_eq!(batches, [vec![10], vec![BATCH_LIMIT_BYTES], vec![10]]);
    }
}
