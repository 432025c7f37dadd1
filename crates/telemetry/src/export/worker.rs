//! The loop that takes batches from a queue and has them delivered.

use std::sync::Arc;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

use super::Parcel;
use super::courier::Courier;
use super::envelope::Envelope;
use super::queue::{Batch, Queue};
use crate::Batching;

/// Asks for a flush, and is answered when it is done.
pub(crate) type Flush = oneshot::Sender<()>;

/// One signal's queue and the loop that empties it.
pub(crate) struct Worker {
    queue: Arc<Queue>,
    courier: Arc<Courier>,
    flushes: mpsc::UnboundedSender<Flush>,
    ended: watch::Receiver<bool>,
}

struct Loop {
    queue: Arc<Queue>,
    courier: Arc<Courier>,
    flushes: mpsc::UnboundedReceiver<Flush>,
    envelope: Envelope,
    ended: watch::Sender<bool>,
}

impl Worker {
    /// Starts the loop; it ends some time after the end has been announced to its courier.
    pub(crate) fn start(
        handle: &Handle,
        limits: Batching,
        courier: Arc<Courier>,
        envelope: Envelope,
    ) -> Self {
        let queue = Arc::new(Queue::new(limits));
        let (flushes, asked) = mpsc::unbounded_channel();
        let (tell_end, ended) = watch::channel(false);
        let work = Loop {
            queue: Arc::clone(&queue),
            courier: Arc::clone(&courier),
            flushes: asked,
            envelope,
            ended: tell_end,
        };
        // Its owner waits through `ended`, and the runtime is its own.
        handle.spawn(work.run());
        Self { queue, courier, flushes, ended }
    }

    pub(crate) const fn queue(&self) -> &Arc<Queue> {
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

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("courier", &self.courier).finish_non_exhaustive()
    }
}

impl Loop {
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
                () = self.queue.filled() => self.export(Queue::take_full).await,
                () = tokio::time::sleep(delay) => self.turn().await,
            }
        }
        self.queue.close();
        self.export(Queue::take).await;
        self.queue.abandon();
        self.ended.send_replace(true);
    }

    /// Exports what waits; during an outage without anything to send it asks, with an empty request, whether
    /// the receiver is back, since nobody else would find out.
    async fn turn(&self) {
        if self.queue.waiting() == 0 && self.courier.is_in_trouble() {
            self.courier.deliver(self.parcel(&Batch::default())).await;
        }
        self.export(Queue::take).await;
    }

    fn parcel(&self, batch: &Batch) -> Parcel {
        Parcel {
            kind: self.courier.kind(),
            items: batch.size().0,
            body: Bytes::from(self.envelope.around(&batch.scopes)),
            timeout: self.queue.limits().timeout,
        }
    }

    /// Exports batch by batch, but not more than wait now: what comes meanwhile comes next time.
    async fn export(&self, take: impl Fn(&Queue) -> Option<Batch>) {
        for _ in 0..self.queue.waiting() {
            if self.courier.closing().is_over() {
                return;
            }
            let Some(batch) = take(&self.queue) else { return };
            let (size, parcel) = (batch.size(), self.parcel(&batch));
            // Its bytes are in the parcel.
            drop(batch);
            let outcome = self.courier.deliver(parcel).await;
            self.queue.settle(size, outcome);
        }
    }
}
