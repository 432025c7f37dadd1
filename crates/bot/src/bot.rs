//! What every task of the bot shares.

use crate::cards::{EDITS, Pace};
use crate::render::Pages;
use actions::Ctx;
use actions::ledger::Windows;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Interactions that are worked on at once; acknowledging them is not limited.
const INTERACTIONS_AT_ONCE: usize = 32;

/// The bot's rooms and the little that it keeps in memory.
#[derive(Debug)]
pub(crate) struct Bot {
    pub(crate) ctx: Ctx,
    pub(crate) pages: Pages,
    pub(crate) places: Semaphore,
    /// Nothing new is begun any more, and nothing waits longer than it has to.
    pub(crate) stop: CancellationToken,
    /// The edits of each channel's cards by all processes.
    pub(crate) edits: Windows,
    pace: Mutex<Pace>,
}

impl Bot {
    pub(crate) fn new(ctx: Ctx, pages: Pages, stop: CancellationToken) -> Self {
        let edits = ctx.cache.windows("card_edits", EDITS);
        let places = Semaphore::new(INTERACTIONS_AT_ONCE);
        Self { ctx, pages, places, stop, edits, pace: Mutex::default() }
    }

    /// In which order this process edits cards.
    pub(crate) fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
