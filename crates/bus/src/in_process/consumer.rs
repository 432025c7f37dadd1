//! Taking messages from a queue in this process.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Exchange;
use super::queue::{Found, Queue, Waiting};

/// Takes messages from one queue.
pub(crate) struct LocalConsumer {
    queue: Arc<Queue>,
    exchange: Arc<Exchange>,
    places: Arc<Semaphore>,
    last_tag: u64,
}

/// A message in hand.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) waiting: Waiting,
    pub(crate) delivery_tag: u64,
    queue: Arc<Queue>,
    place: OwnedSemaphorePermit,
}

/// A message in hand that was given to its handler: what is left to settle it.
#[derive(Debug)]
pub(crate) struct LocalReceipt {
    queue: Arc<Queue>,
    _place: OwnedSemaphorePermit,
}

impl LocalConsumer {
    pub(super) fn new(queue: Arc<Queue>, exchange: Arc<Exchange>) -> Self {
        let places = Arc::new(Semaphore::new(queue.spec.prefetch));
        Self { queue, exchange, places, last_tag: 0 }
    }

    pub(crate) async fn next(&mut self) -> Option<Local> {
        let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
        let queue = Arc::clone(&self.queue);
        loop {
            let change = queue.change();
            match queue.look() {
                Found::Message(waiting) => break Some(self.hand_out(waiting, place)),
                Found::Nothing => change.await,
                Found::Closed => break None,
            }
        }
    }

    fn hand_out(&mut self, waiting: Waiting, place: OwnedSemaphorePermit) -> Local {
        self.last_tag += 1;
        Local { waiting, delivery_tag: self.last_tag, queue: Arc::clone(&self.queue), place }
    }
}

impl Drop for LocalConsumer {
    fn drop(&mut self) {
        if !self.queue.spec.durable {
            self.exchange.remove(&self.queue);
        }
    }
}

impl Local {
    pub(crate) fn into_parts(self) -> (Waiting, LocalReceipt) {
        (self.waiting, LocalReceipt { queue: self.queue, _place: self.place })
    }
}

impl LocalReceipt {
    pub(crate) fn acknowledge(self) {
        self.queue.acknowledge();
    }

    pub(crate) fn reject(self, waiting: Waiting) {
        self.queue.reject(waiting);
    }

    pub(crate) fn restore(self, waiting: Waiting) {
        self.queue.restore(waiting);
    }
}
