//! What one bot token may send, as a state that is asked and told; it knows no clock of its own.

use super::bucket::{Bucket, When};
use super::{Lane, Report, RouteName};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Calls per second of one token, those of interactions aside (Discord, "Global Rate Limit").
pub(super) const CALLS_PER_SECOND: u32 = 50;
/// Calls per second of each process while nobody counts for all.
const CAREFUL_CALLS_PER_SECOND: u32 = 10;
/// A second, and a little for what the network bunches together.
const GLOBAL_WINDOW: Duration = Duration::from_millis(1050);
/// Answers of 401, 403 and 429 that we allow ourselves; at 10,000 Discord blocks the address ("Invalid
/// Request Limit").
pub(super) const INVALID_PER_WINDOW: u32 = 500;
/// The time that they are counted over.
pub(super) const INVALID_WINDOW: Duration = Duration::from_mins(10);
/// Buckets kept before those that have nothing to say are forgotten.
const BUCKETS_KEPT: usize = 1024;

/// A bucket: by Discord's name for it once that is known, and by what the call is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct BucketKey {
    name: BucketName,
    major: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum BucketName {
    Unlearnt(RouteName),
    Learnt(Arc<str>),
}

/// How fast this process may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// As fast as Discord allows; others, if there are any, are counted elsewhere.
    Full,
    /// As fast as is safe when others are not counted.
    Careful,
}

impl Pace {
    const fn calls_per_window(self) -> u32 {
        match self {
            Self::Full => CALLS_PER_SECOND,
            Self::Careful => CAREFUL_CALLS_PER_SECOND,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Budget {
    sent: VecDeque<Instant>,
    invalid: VecDeque<Instant>,
    blocked_until: Option<Instant>,
    learnt: HashMap<RouteName, Arc<str>>,
    buckets: HashMap<BucketKey, Bucket>,
    queues: HashMap<Lane, BTreeSet<u64>>,
    tickets: u64,
}

impl Budget {
    /// A new place at the end of a lane's queue.
    pub(super) fn queue(&mut self, lane: Lane) -> u64 {
        self.tickets += 1;
        self.requeue(lane, self.tickets);
        self.tickets
    }

    /// Takes an old place again: ahead of everybody who came later.
    pub(super) fn requeue(&mut self, lane: Lane, ticket: u64) {
        self.queues.entry(lane).or_default().insert(ticket);
    }

    pub(super) fn leave(&mut self, lane: Lane, ticket: u64) {
        if let Some(queue) = self.queues.get_mut(&lane) {
            queue.remove(&ticket);
            if queue.is_empty() {
                self.queues.remove(&lane);
            }
        }
    }

    /// Whether a call may be made now.
    pub(super) fn look(&mut self, lane: Lane, ticket: u64, (pace, now): (Pace, Instant)) -> Result<(), When> {
        if let Some(at) = self.everybody_waits_until(lane, pace, now) {
            return Err(When::At(at));
        }
        if self.queues.get(&lane).and_then(BTreeSet::first) != Some(&ticket) {
            return Err(When::AfterOthers);
        }
        let key = self.key(lane);
        match self.buckets.entry(key).or_default().when(now) {
            When::Now => Ok(()),
            later => Err(later),
        }
    }

    /// Takes what a call costs.
    pub(super) fn take(&mut self, lane: Lane, ticket: u64, now: Instant) -> BucketKey {
        let key = self.key(lane);
        self.buckets.entry(key.clone()).or_default().take();
        if lane.counts_globally {
            self.sent.push_back(now);
        }
        self.leave(lane, ticket);
        key
    }

    /// Nobody has a turn before this instant, those of interactions aside.
    pub(super) fn hold_everybody(&mut self, until: Instant) {
        self.blocked_until = self.blocked_until.max(Some(until));
    }

    /// Nobody has a turn in this lane's bucket before this instant.
    pub(super) fn hold_bucket(&mut self, lane: Lane, until: Instant) {
        self.buckets.entry(self.key(lane)).or_default().hold(until);
    }

    fn everybody_waits_until(&mut self, lane: Lane, pace: Pace, now: Instant) -> Option<Instant> {
        let too_many_invalid = window_full(&mut self.invalid, INVALID_PER_WINDOW, INVALID_WINDOW, now);
        if !lane.counts_globally {
            return too_many_invalid;
        }
        let too_many = window_full(&mut self.sent, pace.calls_per_window(), GLOBAL_WINDOW, now);
        let blocked = self.blocked_until.filter(|until| *until > now);
        too_many_invalid.max(too_many).max(blocked)
    }

    fn key(&self, lane: Lane) -> BucketKey {
        let name = match self.learnt.get(&lane.route) {
            Some(name) => BucketName::Learnt(Arc::clone(name)),
            None => BucketName::Unlearnt(lane.route),
        };
        BucketKey { name, major: lane.major }
    }

    /// A call is over, with an answer or without.
    pub(super) fn finish(&mut self, lane: Lane, taken: &BucketKey, report: &Report, now: Instant) {
        if let Some(bucket) = self.buckets.get_mut(taken) {
            bucket.give_back();
        }
        if let Some(name) = &report.bucket {
            self.learnt.insert(lane.route, Arc::from(name.as_str()));
        }
        if report.is_invalid() {
            self.invalid.push_back(now);
        }
        match report.blocked_for() {
            Some(pause) => self.hold_everybody(now + pause),
            None => self.buckets.entry(self.key(lane)).or_default().learn(report, now),
        }
        if self.buckets.len() > BUCKETS_KEPT {
            self.buckets.retain(|_, bucket| !bucket.is_idle(now));
        }
    }
}

/// When the oldest of a full window falls out of it; none while there is room.
fn window_full(window: &mut VecDeque<Instant>, max: u32, length: Duration, now: Instant) -> Option<Instant> {
    while window.front().is_some_and(|oldest| *oldest + length <= now) {
        window.pop_front();
    }
    let has_room = u32::try_from(window.len()).is_ok_and(|calls| calls < max);
    window.front().filter(|_| !has_room).map(|oldest| *oldest + length)
}

#[cfg(test)]
mod tests;
