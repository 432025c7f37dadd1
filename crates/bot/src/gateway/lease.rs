//! The lease of a connection, kept beside the work so that a store that is slow holds up nobody.

use super::LEASE;
use crate::bot::Bot;
use actions::StoreError;
use actions::shards::{self, ShardRow};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior};

/// How often a holder says that it holds, and how far it is.
const KEEP_EVERY: Duration = Duration::from_secs(5);

/// What became of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It is time to say that we hold it.
    Due,
    /// It is ours for another while.
    Kept,
    /// Another process has it.
    Lost,
    /// The store has been silent for so long that another process may have it.
    Over,
}

/// By the machine's steady clock, from before the store was asked: for the store it lasts longer.
pub(super) struct Lease {
    kept: Instant,
    over: bool,
    due: Interval,
    asking: JoinSet<(Instant, Result<bool, StoreError>)>,
}

impl Lease {
    /// A lease that was asked for at `claimed`.
    pub(super) fn since(claimed: Instant) -> Self {
        let mut due = tokio::time::interval(KEEP_EVERY);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { kept: claimed, over: false, due, asking: JoinSet::new() }
    }

    /// Whether another process may have it.
    pub(super) const fn is_over(&self) -> bool {
        self.over
    }

    /// Says that we hold it, and up to where its session is handled.
    pub(super) fn keep(&mut self, bot: &Arc<Bot>, shard: ShardRow) {
        let (bot, asked) = (Arc::clone(bot), Instant::now());
        self.asking.spawn(async move { (asked, shards::keep(&bot.ctx, &shard, LEASE).await) });
    }

    /// What happens to it next. Cancel safe.
    pub(super) async fn news(&mut self) -> News {
        loop {
            let until = self.kept + LEASE.unsigned_abs();
            tokio::select! {
                Some(answer) = self.asking.join_next(), if !self.asking.is_empty() => match answer {
                    Ok((asked, Ok(true))) => {
                        (self.kept, self.over) = (asked, false);
                        return News::Kept;
                    }
                    Ok((_, Ok(false))) => return News::Lost,
                    // It is said again when it is due.
                    Ok((_, Err(_))) | Err(_) => {}
                },
                _ = self.due.tick(), if self.asking.is_empty() => return News::Due,
                () = tokio::time::sleep_until(until), if !self.over => {
                    self.over = true;
                    return News::Over;
                }
            }
        }
    }
}
