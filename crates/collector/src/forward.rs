//! What was received goes on to another OTLP endpoint, through a queue on disk.
//!
//! ```text
//! pipeline ─► keep ─► segments on disk ─► send: sample ─ batch ─ POST, again and again
//!               └─ RED metrics of every span, before sampling
//! ```
//!
//! A batch is in a file within moments after it was stored, so a process that is killed loses next to nothing, and an
//! outage of the other side only makes the queue longer. It is sampled when it leaves the disk: by then the trace had
//! time to show an error or to be slow. A segment is deleted when all of it was taken; one that a crash interrupted is
//! sent again from its beginning.

mod answer;
mod config;
mod keep;
mod parcel;
mod post;
mod red;
mod sampling;
mod segments;
mod send;
mod state;

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Notify, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use config::{Destination, DestinationError, ForwardConfig, Pace, Sampling};
pub use state::{ForwardCounts, ForwardHealth};

use self::{segments::Segments, state::State};
use crate::signal::Batch;

/// So many batches wait to be written to disk; more hold the pipeline up.
const WAITING_BATCHES: usize = 16;

/// Why forwarding did not start.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// The folder of the queue cannot be used.
    #[error("the queue of what is forwarded cannot be opened: {0}")]
    Queue(#[from] io::Error),
    /// The HTTP client cannot be built.
    #[error("nothing can be forwarded: {0}")]
    Client(#[from] reqwest::Error),
}

/// The disk queue, shared by who writes and who sends.
#[derive(Clone)]
struct Queue {
    segments: Arc<Mutex<Segments>>,
    /// Rings when a segment is closed.
    closed: Arc<Notify>,
}

impl Queue {
    fn lock(&self) -> std::sync::MutexGuard<'_, Segments> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on the queue where waiting for the disk holds nobody up.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Segments) -> T + Send + 'static,
    ) -> Option<T> {
        let queue = self.clone();
        let work = move || {
            let mut segments = queue.lock();
            let done = work(&mut segments);
            segments.publish_size();
            done
        };
        tokio::task::spawn_blocking(work).await.ok()
    }
}

/// The way in: batches that go on to the other side.
#[derive(Clone)]
pub(crate) struct Forward {
    batches: mpsc::Sender<Batch>,
    state: Arc<State>,
}

impl Forward {
    /// Opens the queue and starts its two tasks. They end when `stop` is cancelled and every handle that takes is gone.
    pub(crate) fn start(
        config: &ForwardConfig,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> Result<Self, ForwardError> {
        let state = Arc::new(State::new(config));
        let segments = Segments::open(&config.folder, config.max_bytes, Arc::clone(&state))?;
        let queue = Queue { segments: Arc::new(Mutex::new(segments)), closed: Arc::new(Notify::new()) };
        let post = post::Post::new(&config.destination)?;
        let (batches, waiting) = mpsc::channel(WAITING_BATCHES);
        tasks.spawn(keep::run(waiting, queue.clone(), config.pace));
        let sender = send::Sender::new(post, queue, config, Arc::clone(&state));
        tasks.spawn(async move {
            stop.run_until_cancelled(sender.run()).await;
        });
        Ok(Self { batches, state })
    }

    /// Takes a batch; waits while the disk is behind.
    pub(crate) async fn take(&self, batch: Batch) {
        // It fails only after the task has ended, by a panic that was logged.
        let _ = self.batches.send(batch).await;
    }

    /// How forwarding does.
    pub(crate) fn watch(&self) -> Watch {
        Watch(Arc::clone(&self.state))
    }
}

/// Tells how forwarding does; does not keep it running.
#[derive(Clone)]
pub(crate) struct Watch(Arc<State>);

impl Watch {
    pub(crate) fn health(&self) -> ForwardHealth {
        self.0.health()
    }
}
