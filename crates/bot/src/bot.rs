//! What every task of the bot shares.

use crate::cards::Pace;
use crate::render::Pages;
use actions::Ctx;
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
    pace: Mutex<Pace>,
}

impl Bot {
    pub(crate) fn new(ctx: Ctx, pages: Pages, stop: CancellationToken) -> Self {
        Self { ctx, pages, stop, places: Semaphore::new(INTERACTIONS_AT_ONCE), pace: Mutex::default() }
    }

    /// How often cards may be edited.
    pub(crate) fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
