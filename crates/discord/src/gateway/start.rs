//! Which shard may begin a session when.

use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};
use twilight_gateway::queue::{InMemoryQueue, Queue};

/// A shard that wants to begin a session, and doesn't before it is let; dropped, it asks again.
#[derive(Debug)]
pub struct Start(oneshot::Sender<()>);

impl Start {
    /// Lets it begin.
    pub fn begin(self) {
        // A connection that has ended meanwhile asks anew.
        let _ = self.0.send(());
    }
}

/// Who lets a shard begin.
#[derive(Clone, Debug)]
pub(super) enum Starter {
    /// Nobody else has a say.
    Itself(InMemoryQueue),
    /// Whoever hears of it; when nobody does any more, the shard is about to be closed, and waits until it is.
    Asked { starts: mpsc::UnboundedSender<Start>, unheard: Arc<Mutex<Option<Start>>> },
}

impl Starter {
    pub(super) fn asking(starts: mpsc::UnboundedSender<Start>) -> Self {
        Self::Asked { starts, unheard: Arc::default() }
    }
}

impl Queue for Starter {
    fn enqueue(&self, shard: u32) -> oneshot::Receiver<()> {
        match self {
            Self::Itself(queue) => queue.enqueue(shard),
            Self::Asked { starts, unheard } => {
                let (start, begun) = oneshot::channel();
                if let Err(mpsc::error::SendError(start)) = starts.send(Start(start)) {
                    *unheard.lock().unwrap_or_else(PoisonError::into_inner) = Some(start);
                }
                begun
            }
        }
    }
}
