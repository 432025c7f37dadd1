//! The bus in this process: an exchange and its queues.

mod consumer;
mod queue;
mod topic;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use queue::Queue;

pub(crate) use consumer::{Local, LocalConsumer, LocalReceipt};
pub(crate) use queue::Waiting;

use crate::{DeadLetter, Message, PublishError, QueueSpec};

/// How many messages a queue keeps, ready and in hand together.
const CAPACITY_MESSAGES: usize = 10_000;

/// Queues in this process; clones are the same bus.
#[derive(Clone, Debug)]
pub struct InProcessBus {
    exchange: Arc<Exchange>,
}

#[derive(Debug)]
pub(crate) struct Exchange {
    capacity: usize,
    bound: Mutex<Bound>,
}

#[derive(Debug, Default)]
struct Bound {
    queues: Vec<Arc<Queue>>,
    closed: bool,
}

impl Default for InProcessBus {
    fn default() -> Self {
        Self::with_capacity(CAPACITY_MESSAGES)
    }
}

impl InProcessBus {
    /// A bus whose queues keep so many messages each.
    pub fn with_capacity(messages: usize) -> Self {
        Self { exchange: Arc::new(Exchange { capacity: messages, bound: Mutex::default() }) }
    }

    pub(crate) fn declare(&self, spec: QueueSpec) {
        self.exchange.durable(spec);
    }

    pub(crate) fn subscribe(&self, spec: QueueSpec) -> LocalConsumer {
        let queue = if spec.durable { self.exchange.durable(spec) } else { self.exchange.add(spec) };
        LocalConsumer::new(queue, Arc::clone(&self.exchange))
    }

    /// All queues that are bound take it, or none.
    pub(crate) fn publish(&self, message: Message) -> Result<(), PublishError> {
        let bound = self.exchange.bound();
        if bound.closed {
            return Err(PublishError::Closed);
        }
        let takers: Vec<_> = bound.queues.iter().filter(|queue| queue.takes(&message.routing_key)).collect();
        if let Some(full) = takers.iter().find(|queue| queue.is_full()) {
            return Err(PublishError::Full(full.spec.name));
        }
        let (last, others) = takers.split_last().ok_or(PublishError::Unroutable)?;
        for queue in others {
            queue.push(message.clone());
        }
        last.push(message);
        Ok(())
    }

    pub(crate) fn dead_letters(&self, queue: &str) -> Vec<DeadLetter> {
        self.exchange.named(queue).map(|queue| queue.dead_letters()).unwrap_or_default()
    }

    pub(crate) fn redrive(&self, queue: &str, id: Option<Uuid>) -> usize {
        self.exchange.named(queue).map_or(0, |queue| queue.redrive(id))
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.exchange.bound().closed
    }

    pub(crate) fn close(&self) {
        let mut bound = self.exchange.bound();
        bound.closed = true;
        for queue in &bound.queues {
            queue.close();
        }
    }
}

impl Exchange {
    /// The durable queue of that name, made if there is none.
    fn durable(&self, spec: QueueSpec) -> Arc<Queue> {
        self.named(spec.name).unwrap_or_else(|| self.add(spec))
    }

    fn named(&self, name: &str) -> Option<Arc<Queue>> {
        let bound = self.bound();
        bound.queues.iter().find(|queue| queue.spec.durable && queue.spec.name == name).cloned()
    }

    fn add(&self, spec: QueueSpec) -> Arc<Queue> {
        let queue = Arc::new(Queue::new(spec, self.capacity));
        let mut bound = self.bound();
        if bound.closed {
            queue.close();
        }
        bound.queues.push(Arc::clone(&queue));
        queue
    }

    pub(crate) fn remove(&self, gone: &Arc<Queue>) {
        self.bound().queues.retain(|queue| !Arc::ptr_eq(queue, gone));
    }

    fn bound(&self) -> MutexGuard<'_, Bound> {
        self.bound.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
