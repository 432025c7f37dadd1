//! One limiter per bot token, in front of every call.
//!
//! Nothing about Discord's limits is written down here but the two that Discord documents with numbers: 50 calls
//! a second in all, and the invalid requests. Buckets are learnt from the answers; what no answer tells before it is
//! too much has a window of its own, whose size is what is known to be safe.
//!
//! Where several processes use one token, each asks the cache's limiter, too, which counts for all of them. While
//! that gives no answer, each process keeps to a rate that is safe for five.

mod bucket;
mod budget;
mod shared;
mod turn;
mod unannounced;

pub(crate) use turn::Turn;
pub(crate) use unannounced::Unannounced;

use budget::Budget;
use cache::{Cache, Quota};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

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
    reach: Reach,
}

/// Whose calls a limiter counts.
#[derive(Debug, Default)]
enum Reach {
    /// Those of this process, which is the only one.
    #[default]
    ThisProcess,
    /// Those of all processes.
    AllProcesses(cache::Limiter),
}

/// No turn came in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Late {
    /// How long until there would be one, as far as known.
    pub(crate) after: Duration,
}

impl Limiter {
    /// The limiter called `name` of all processes that share this cache; this process's own, if nobody shares
    /// it.
    pub(crate) fn sharing(cache: &Cache, name: &str) -> Self {
        let quota = Quota {
            per_second: budget::CALLS_PER_SECOND,
            invalid: budget::INVALID_PER_WINDOW,
            invalid_window: budget::INVALID_WINDOW,
        };
        let reach = cache.limiter(name, quota).map_or(Reach::ThisProcess, Reach::AllProcesses);
        Self { reach, ..Self::default() }
    }

    /// Takes a place in the lane's queue.
    pub(crate) fn queue(&self, lane: Lane) -> Turn<'_> {
        let ticket = self.budget().queue(lane);
        Turn::new(self, lane, ticket)
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
