//! What every request, connection and page shares.

use crate::limits::Limits;
use crate::state::{Journal, World};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::{Chance, Clock};
use jiff::Timestamp;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The running server.
#[derive(Debug)]
pub(crate) struct App {
    world: Mutex<World>,
    /// Locked only while the world is.
    journal: Mutex<Option<Journal>>,
    pub(crate) limits: Mutex<Limits>,
    /// Counts changes of the world; whoever waits for one watches it.
    changes: watch::Sender<u64>,
    connections: AtomicU64,
    pub(crate) clock: Clock,
    pub(crate) chance: Chance,
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

/// A handle on the running server, as handlers take it.
pub(crate) type Shared = Arc<App>;

impl App {
    pub(crate) fn new(world: World, limits: Limits, parts: Parts) -> Self {
        Self {
            world: Mutex::new(world),
            journal: Mutex::new(parts.journal),
            limits: Mutex::new(limits),
            changes: watch::Sender::new(0),
            connections: AtomicU64::new(0),
            clock: parts.clock,
            chance: parts.chance,
            address: parts.address,
            stop: parts.stop,
            tasks: TaskTracker::new(),
        }
    }

    /// Looks at the world.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&World) -> R) -> R {
        look(&self.lock())
    }

    /// Changes the world at the current instant and tells everyone who waits for a change.
    pub(crate) fn change<R>(&self, act: impl FnOnce(&mut World, Timestamp) -> R) -> R {
        let mut world = self.lock();
        let result = act(&mut world, self.clock.now());
        match self.journal.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(journal) => report(journal.write(&mut world)),
            None => world.notes.clear(),
        }
        drop(world);
        self.changes.send_modify(|count| *count += 1);
        result
    }

    /// Changes what is between the world and its clients, such as session bookkeeping; nobody is told.
    pub(crate) fn touch<R>(&self, act: impl FnOnce(&mut World) -> R) -> R {
        act(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state as the text of a state file, and the number of the journal that follows it; none without a journal.
    pub(crate) fn snapshot(&self) -> Option<io::Result<(String, u64)>> {
        let world = self.lock();
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        let number = journal.as_mut()?.turn();
        Some(number.and_then(|number| Ok((world.to_text(number)?, number))))
    }

    /// A watch on the number of changes.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Tells everyone who waits for a change to look again.
    pub(crate) fn nudge(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// A number for a new gateway connection.
    pub(crate) fn connection_number(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Random text for a session id or an interaction's token.
    pub(crate) fn random_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.chance.bytes::<24>())
    }
}

fn report(result: io::Result<()>) {
    if let Err(error) = result {
        tracing::warn!(name: "practice.journal_not_written", %error, "The practice journal could not be written.");
    }
}

/// What a server is started with.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) clock: Clock,
    pub(crate) chance: Chance,
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) journal: Option<Journal>,
}

/// A bot token of Discord's form: the application's id, a time and a signature, here all of one cloth.
pub(crate) fn bot_token(chance: &Chance) -> String {
    let id = URL_SAFE_NO_PAD.encode(crate::cast::APPLICATION_ID.to_string());
    let middle = URL_SAFE_NO_PAD.encode(chance.bytes::<4>());
    let last = URL_SAFE_NO_PAD.encode(chance.bytes::<28>());
    format!("{id}.{middle}.{last}")
}
