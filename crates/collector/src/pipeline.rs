//! From the doors to the store: one bounded queue for all three signals.
//!
//! The queue is bounded by items and by bytes. What does not fit is refused, and the sender is told to come back: an
//! export is answered with success only when its items are in the queue. They leave it when they are in the store.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, mpsc, oneshot};

use crate::{
    counters::{Counters, Fate},
    debug,
    forward::Forward,
    news::News,
    now,
    prometheus::Current,
    receive::validate::Rejected,
    receiver::Receiver,
    signal::{Batch, Export, Signal},
    store::Writer,
};

/// Soft limit of the queue: items.
pub(crate) const QUEUE_ITEMS: usize = 65_536;
/// Soft limit of the queue: bytes of OTLP protobuf. An export within the limits of the doors (16 MiB) always fits once.
pub(crate) const QUEUE_BYTES: usize = 32 << 20;
/// The writer puts waiting exports into one transaction until it has so many items.
const BATCH_ITEMS: usize = 8_192;
/// The caps on age are looked after at least this often, also when nothing arrives.
const RETENTION_INTERVAL: Duration = Duration::from_mins(1);

/// Why an export was not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OfferError {
    #[error("the queue is full, come back in a second")]
    Full,
    #[error("the collector is stopping")]
    Stopping,
    #[error("an export may have {QUEUE_ITEMS} items")]
    TooMany,
}

/// An export that waits for the store and holds its place in the queue until it is there.
pub(crate) struct Admitted {
    pub(crate) batch: Batch,
    pub(crate) signal: Signal,
    pub(crate) items: usize,
    /// The store had all of it already: it is not passed on once more.
    pub(crate) is_repetition: bool,
    _places: [OwnedSemaphorePermit; 2],
    _weight: Option<OwnedSemaphorePermit>,
}

enum Work {
    Store(Admitted),
    Flush(oneshot::Sender<()>),
}

/// The sending end of the queue.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    // Unbounded as a channel: the semaphores are what bounds it.
    queue: mpsc::UnboundedSender<Work>,
    gauge: QueueGauge,
    counters: Arc<Counters>,
}

/// Tells how full the queue is.
#[derive(Clone, Debug)]
pub(crate) struct QueueGauge {
    items: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
}

impl QueueGauge {
    pub(crate) fn items(&self) -> usize {
        QUEUE_ITEMS - self.items.available_permits()
    }

    pub(crate) fn bytes(&self) -> usize {
        QUEUE_BYTES - self.bytes.available_permits()
    }
}

/// The receiving end: owned by the one task that writes.
pub(crate) struct Queue(mpsc::UnboundedReceiver<Work>);

impl Pipeline {
    pub(crate) fn new(counters: Arc<Counters>) -> (Self, Queue) {
        let (queue, receiver) = mpsc::unbounded_channel();
        let gauge = QueueGauge {
            items: Arc::new(Semaphore::new(QUEUE_ITEMS)),
            bytes: Arc::new(Semaphore::new(QUEUE_BYTES)),
        };
        (Self { queue, gauge, counters }, Queue(receiver))
    }

    pub(crate) fn gauge(&self) -> QueueGauge {
        self.gauge.clone()
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Takes what the collector itself found out, or refuses it whole.
    pub(crate) fn offer<E: Export>(&self, export: E, receiver: Receiver) -> Result<Rejected, OfferError> {
        self.take(export, receiver, None)
    }

    /// Takes an export that was sent, or refuses it whole. Malformed items are taken out first and reported. It takes up
    /// a part of a budget, its weight, until it is stored.
    pub(crate) fn offer_weighed<E: Export>(
        &self,
        export: E,
        weight: OwnedSemaphorePermit,
    ) -> Result<Rejected, OfferError> {
        self.take(export, Receiver::Otlp, Some(weight))
    }

    fn take<E: Export>(
        &self,
        mut export: E,
        receiver: Receiver,
        weight: Option<OwnedSemaphorePermit>,
    ) -> Result<Rejected, OfferError> {
        if export.items() > QUEUE_ITEMS {
            return Err(OfferError::TooMany);
        }
        let rejected = export.sift();
        let items = export.items();
        self.counters.received(E::SIGNAL, items as u64 + rejected.count);
        let settle = |fate, items| self.counters.settle_at(receiver, E::SIGNAL, fate, items);
        settle(Fate::Rejected, rejected.count);
        if items > 0 {
            self.admit(export, items, weight).inspect_err(|_| settle(Fate::Refused, items as u64))?;
            self.counters.accepted(receiver, E::SIGNAL, items as u64);
        }
        Ok(rejected)
    }

    fn admit<E: Export>(
        &self,
        export: E,
        items: usize,
        weight: Option<OwnedSemaphorePermit>,
    ) -> Result<(), OfferError> {
        let places = [
            places(&self.gauge.items, items, QUEUE_ITEMS)?,
            places(&self.gauge.bytes, export.encoded_len(), QUEUE_BYTES)?,
        ];
        let admitted = Admitted {
            batch: export.into_batch(),
            signal: E::SIGNAL,
            items,
            is_repetition: false,
            _places: places,
            _weight: weight,
        };
        self.queue.send(Work::Store(admitted)).map_err(|_| OfferError::Stopping)
    }

    /// Returns when everything that was taken before is stored.
    pub(crate) async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.queue.send(Work::Flush(done)).is_ok() {
            // An error means that the writer has ended, and with it all it could store.
            let _ = wait.await;
        }
    }
}

/// Takes `wanted` places, or all there are if more are wanted: an export larger than the queue must fit when it is empty.
fn places(of: &Arc<Semaphore>, wanted: usize, all: usize) -> Result<OwnedSemaphorePermit, OfferError> {
    let wanted = u32::try_from(wanted.clamp(1, all)).unwrap_or(u32::MAX);
    Arc::clone(of).try_acquire_many_owned(wanted).map_err(|error| match error {
        TryAcquireError::NoPermits => OfferError::Full,
        TryAcquireError::Closed => OfferError::Stopping,
    })
}

/// Where batches go after the store.
#[derive(Default)]
pub(crate) struct Further {
    pub(crate) debug: bool,
    pub(crate) forward: Option<Forward>,
    pub(crate) current: Current,
    pub(crate) news: News,
}

impl Further {
    async fn take(&self, admitted: Admitted) {
        self.current.take(&admitted.batch, now::unix_nanos());
        if admitted.is_repetition {
            return;
        }
        if self.debug {
            debug::tell(&admitted.batch);
        }
        if let Some(forward) = &self.forward {
            forward.take(admitted.batch).await;
        }
    }
}

/// Stores what is taken until every sender is gone, then closes the store.
pub(crate) async fn run(mut queue: Queue, mut writer: Writer, further: Further, counters: Arc<Counters>) {
    let _ended = TellEnd(Arc::clone(&counters));
    let mut retention = tokio::time::interval(RETENTION_INTERVAL);
    loop {
        tokio::select! {
            work = queue.0.recv() => match work {
                Some(work) => turn(work, &mut queue, (&mut writer, &further), &counters).await,
                None => break,
            },
            _ = retention.tick() => writer.retain(now::unix_nanos()).await,
        }
    }
    writer.close().await;
}

/// Tells health that nobody stores any more, also when the writer ends by a panic.
struct TellEnd(Arc<Counters>);

impl Drop for TellEnd {
    fn drop(&mut self) {
        self.0.writer_ended();
    }
}

/// Gathers what waits into one transaction, then answers those who wait for it.
async fn turn(
    first: Work,
    queue: &mut Queue,
    (writer, further): (&mut Writer, &Further),
    counters: &Counters,
) {
    let mut batch = Vec::new();
    let mut waiting = Vec::new();
    let mut items = 0;
    let mut next = Some(first);
    while let Some(work) = next {
        match work {
            Work::Store(admitted) => {
                items += admitted.items;
                batch.push(admitted);
            }
            Work::Flush(done) => waiting.push(done),
        }
        next = if items < BATCH_ITEMS { queue.0.try_recv().ok() } else { None };
    }
    if !batch.is_empty() {
        let now_ns = now::unix_nanos();
        counters.writing(Some(now_ns));
        writer.write(&mut batch, now_ns).await;
        further.news.tell(batch.iter().map(|admitted| &admitted.batch));
    }
    for admitted in batch {
        further.take(admitted).await;
    }
    counters.writing(None);
    for done in waiting {
        let _ = done.send(());
    }
}
