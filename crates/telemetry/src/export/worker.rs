//! The loop that takes batches from a queue and has them delivered.

use std::sync::Arc;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

use super::Parcel;
use super::courier::Courier;
use super::queue::Queue;
use crate::Batching;

/// Asks for a flush, and is answered when it is done.
pub(crate) type Flush = oneshot::Sender<()>;

/// Turns items into the body of a request.
pub(crate) type Encode<T> = Arc<dyn Fn(Vec<T>) -> Bytes + Send + Sync>;

/// One signal's queue and the loop that empties it.
pub(crate) struct Worker<T> {
    queue: Arc<Queue<T>>,
    courier: Arc<Courier>,
    flushes: mpsc::UnboundedSender<Flush>,
    ended: watch::Receiver<bool>,
}

struct Loop<T> {
    queue: Arc<Queue<T>>,
    courier: Arc<Courier>,
    flushes: mpsc::UnboundedReceiver<Flush>,
    encode: Encode<T>,
    ended: watch::Sender<bool>,
}

impl<T: Send + 'static> Worker<T> {
    /// Starts the loop; it ends some time after the end has been announced to its courier.
    pub(crate) fn start(handle: &Handle, limits: Batching, courier: Arc<Courier>, encode: Encode<T>) -> Self {
        let queue = Arc::new(Queue::new(limits));
        let (flushes, asked) = mpsc::unbounded_channel();
        let (tell_end, ended) = watch::channel(false);
        let work = Loop {
            queue: Arc::clone(&queue),
            courier: Arc::clone(&courier),
            flushes: asked,
            encode,
            ended: tell_end,
        };
        // Its owner waits through `ended`, and the runtime is its own.
        handle.spawn(work.run());
        Self { queue, courier, flushes, ended }
    }

    pub(crate) const fn queue(&self) -> &Arc<Queue<T>> {
        &self.queue
    }

    pub(crate) fn courier(&self) -> &Courier {
        &self.courier
    }

    /// Exports what waits now.
    pub(crate) async fn flush(&self) {
        let (done, is_done) = oneshot::channel();
        if self.flushes.send(done).is_ok() {
            // A loop that has ended has nothing left.
            let _ = is_done.await;
        }
    }

    /// Waits until the loop has ended and nothing waits any more.
    pub(crate) async fn ended(&self) {
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }
}

impl<T> std::fmt::Debug for Worker<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("courier", &self.courier).finish_non_exhaustive()
    }
}

impl<T> Loop<T> {
    async fn run(mut self) {
        let mut closing = self.courier.closing().clone();
        let delay = self.queue.limits().delay;
        loop {
            tokio::select! {
                () = closing.begun() => break,
                asked = self.flushes.recv() => {
                    self.turn().await;
                    drop(asked);
                }
                () = self.queue.filled() => self.export(self.queue.limits().batch_items).await,
                () = tokio::time::sleep(delay) => self.turn().await,
            }
        }
        self.queue.close();
        self.export(1).await;
        self.queue.abandon();
        self.ended.send_replace(true);
    }

    /// Exports what waits; during an outage without anything to send it asks, with an empty request, whether
    /// the receiver is back, since nobody else would find out.
    async fn turn(&self) {
        if self.queue.waiting() == 0 && self.courier.is_in_trouble() {
            self.courier.deliver(self.parcel(Vec::new())).await;
        }
        self.export(1).await;
    }

    fn parcel(&self, items: Vec<T>) -> Parcel {
        Parcel {
            kind: self.courier.kind(),
            items: items.len().try_into().unwrap_or(u64::MAX),
            body: (self.encode)(items),
            timeout: self.queue.limits().timeout,
        }
    }

    /// Exports, batch by batch, as long as so many wait, but not more than wait now: what comes meanwhile
    /// comes next time.
    async fn export(&self, at_least: usize) {
        let mut left = self.queue.waiting();
        while left >= at_least.max(1) && !self.courier.closing().is_over() {
            let Some(batch) = self.queue.take() else { return };
            left = left.saturating_sub(batch.items.len());
            let size = batch.size();
            let outcome = self.courier.deliver(self.parcel(batch.items)).await;
            self.queue.settle(size, outcome);
        }
    }
}
