//! One limiter per bot token, in front of every call.
//!
//! Nothing about Discord's limits is written down here but the two that Discord documents with numbers: 50 calls
//! a second in all, and the invalid requests. Buckets are learnt from the answers.

mod bucket;
mod budget;

use bucket::When;
use budget::{BucketKey, Budget};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A route's method and template.
pub(crate) type RouteName = (&'static str, &'static str);

/// Calls that Discord counts together at most: a route, and what it is about (a channel, a guild, an
/// interaction).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lane {
    pub(crate) route: RouteName,
    pub(crate) major: u64,
    /// Whether the call counts towards the 50 a second; those of interactions don't.
    pub(crate) counts_globally: bool,
}

/// Whose limit was hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scope {
    /// This bucket's.
    #[default]
    Own,
    /// This bucket's, used up by others too.
    Shared,
    /// The token's, or that of our address.
    Global,
}

/// What an answer says about the limits; empty when no answer came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) status: Option<u16>,
    pub(crate) bucket: Option<String>,
    pub(crate) limit: Option<u32>,
    pub(crate) remaining: Option<u32>,
    pub(crate) reset_after: Option<Duration>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) scope: Scope,
}

impl Report {
    fn is_refused(&self) -> bool {
        self.status == Some(429)
    }

    fn pause(&self) -> Duration {
        self.retry_after.or(self.reset_after).unwrap_or(Duration::from_secs(1))
    }

    /// How long everybody has to wait.
    fn blocked_for(&self) -> Option<Duration> {
        (self.is_refused() && self.scope == Scope::Global).then(|| self.pause())
    }

    /// How long this bucket has to wait.
    fn refused_for(&self) -> Option<Duration> {
        self.is_refused().then(|| self.pause())
    }

    /// Whether Discord counts it as an invalid request.
    pub(crate) fn is_invalid(&self) -> bool {
        matches!(self.status, Some(401 | 403)) || (self.is_refused() && self.scope != Scope::Shared)
    }
}

/// The limiter of one bot token.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    budget: Mutex<Budget>,
    changed: Notify,
}

/// No turn came in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Late {
    /// How long until there would be one, as far as known.
    pub(crate) after: Duration,
}

impl Limiter {
    /// Takes a place in the lane's queue.
    pub(crate) fn queue(&self, lane: Lane) -> Turn<'_> {
        let ticket = self.budget().queue(lane);
        Turn { limiter: self, lane, ticket, taken: None }
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the queue, then a call under way; gives back what it holds when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    limiter: &'a Limiter,
    lane: Lane,
    ticket: u64,
    taken: Option<BucketKey>,
}

impl Turn<'_> {
    /// Waits until the call may be made; tells whether that took a wait.
    ///
    /// # Errors
    /// That won't be before `by`.
    pub(crate) async fn wait(&mut self, by: Instant) -> Result<bool, Late> {
        let mut waited = false;
        loop {
            let mut changed = std::pin::pin!(self.limiter.changed.notified());
            changed.as_mut().enable();
            let now = Instant::now();
            let asked = self.limiter.budget().ask(self.lane, self.ticket, now);
            let until = match asked {
                Ok(key) => {
                    self.taken = Some(key);
                    self.limiter.changed.notify_waiters();
                    return Ok(waited);
                }
                Err(When::At(at)) if at > by => return Err(Late { after: at - now }),
                Err(When::At(at)) => at,
                Err(When::AfterOthers | When::Now) if now >= by => {
                    return Err(Late { after: Duration::ZERO });
                }
                Err(When::AfterOthers | When::Now) => by,
            };
            waited = true;
            let _ = tokio::time::timeout_at(until, changed).await;
        }
    }

    /// Tells what came of the call. When Discord refused it as too fast, the turn has its old place again.
    pub(crate) fn finish(&mut self, report: &Report) {
        let Some(taken) = self.taken.take() else { return };
        let mut budget = self.limiter.budget();
        budget.finish(self.lane, &taken, report, Instant::now());
        if report.is_refused() {
            budget.requeue(self.lane, self.ticket);
        }
        drop(budget);
        self.limiter.changed.notify_waiters();
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.finish(&Report::default());
        self.limiter.budget().leave(self.lane, self.ticket);
        self.limiter.changed.notify_waiters();
    }
}
