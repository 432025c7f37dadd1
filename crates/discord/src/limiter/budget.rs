//! What one bot token may send, as a state that is asked and told; it knows no clock of its own.

use super::bucket::{Bucket, When};
use super::{Lane, Report, RouteName};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Calls per second of one token, those of interactions aside (Discord, "Global Rate Limit").
const GLOBAL_PER_WINDOW: usize = 50;
/// A second, and a little for what the network bunches together.
const GLOBAL_WINDOW: Duration = Duration::from_millis(1050);
/// Answers of 401, 403 and 429 that we allow ourselves; at 10,000 Discord blocks the address ("Invalid
/// Request Limit").
const INVALID_PER_WINDOW: usize = 500;
/// The time that they are counted over.
const INVALID_WINDOW: Duration = Duration::from_mins(10);
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

    /// Takes what a call costs, if it may be made now.
    pub(super) fn ask(&mut self, lane: Lane, ticket: u64, now: Instant) -> Result<BucketKey, When> {
        if let Some(at) = self.everybody_waits_until(lane, now) {
            return Err(When::At(at));
        }
        if self.queues.get(&lane).and_then(BTreeSet::first) != Some(&ticket) {
            return Err(When::AfterOthers);
        }
        let key = self.key(lane);
        let bucket = self.buckets.entry(key.clone()).or_default();
        match bucket.when(now) {
            When::Now => {}
            later => return Err(later),
        }
        bucket.take();
        if lane.counts_globally {
            self.sent.push_back(now);
        }
        self.leave(lane, ticket);
        Ok(key)
    }

    fn everybody_waits_until(&mut self, lane: Lane, now: Instant) -> Option<Instant> {
        let too_many_invalid = window_full(&mut self.invalid, INVALID_PER_WINDOW, INVALID_WINDOW, now);
        if !lane.counts_globally {
            return too_many_invalid;
        }
        let too_many = window_full(&mut self.sent, GLOBAL_PER_WINDOW, GLOBAL_WINDOW, now);
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
            Some(pause) => self.blocked_until = self.blocked_until.max(Some(now + pause)),
            None => self.buckets.entry(self.key(lane)).or_default().learn(report, now),
        }
        if self.buckets.len() > BUCKETS_KEPT {
            self.buckets.retain(|_, bucket| !bucket.is_idle(now));
        }
    }
}

/// When the oldest of a full window falls out of it; none while there is room.
fn window_full(
    window: &mut VecDeque<Instant>,
    max: usize,
    length: Duration,
    now: Instant,
) -> Option<Instant> {
    while window.front().is_some_and(|oldest| *oldest + length <= now) {
        window.pop_front();
    }
    window.front().filter(|_| window.len() >= max).map(|oldest| *oldest + length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limiter::Scope;

    const SEND: Lane =
        Lane { route: ("POST", "/channels/{channel.id}/messages"), major: 1, counts_globally: true };

    fn told(remaining: u32) -> Report {
        Report {
            status: Some(200),
            bucket: Some("b1".to_owned()),
            limit: Some(5),
            remaining: Some(remaining),
            reset_after: Some(Duration::from_secs(5)),
            ..Report::default()
        }
    }

    fn refused(scope: Scope, seconds: u64) -> Report {
        Report { status: Some(429), scope, retry_after: Some(Duration::from_secs(seconds)), ..told(0) }
    }

    fn ask(budget: &mut Budget, lane: Lane, now: Instant) -> Result<BucketKey, When> {
        let ticket = budget.queue(lane);
        let answer = budget.ask(lane, ticket, now);
        budget.leave(lane, ticket);
        answer
    }

    #[test]
    fn a_bucket_is_learnt_from_its_first_answer() {
        let (mut budget, start) = (Budget::default(), Instant::now());
        let first = ask(&mut budget, SEND, start).unwrap();
        assert_eq!(ask(&mut budget, SEND, start), Err(When::AfterOthers), "nothing is known yet");

        budget.finish(SEND, &first, &told(4), start);
        for _ in 0..4 {
            ask(&mut budget, SEND, start).unwrap();
        }
        assert_eq!(ask(&mut budget, SEND, start), Err(When::At(start + Duration::from_secs(5))));
        let other_channel = Lane { major: 2, ..SEND };
        assert!(ask(&mut budget, other_channel, start).is_ok(), "another channel has a bucket of its own");
        assert!(ask(&mut budget, SEND, start + Duration::from_secs(5)).is_ok(), "the window is over");
    }

    #[test]
    fn two_routes_share_the_bucket_that_discord_gives_them() {
        let (mut budget, start) = (Budget::default(), Instant::now());
        let edit = Lane { route: ("PATCH", "/channels/{channel.id}/messages/{message.id}"), ..SEND };
        let sent = ask(&mut budget, SEND, start).unwrap();
        let edited = ask(&mut budget, edit, start).unwrap();
        budget.finish(SEND, &sent, &told(1), start);
        budget.finish(edit, &edited, &told(1), start);
        assert!(ask(&mut budget, SEND, start).is_ok());
        assert!(ask(&mut budget, edit, start).is_err());
    }

    #[test]
    fn an_overtaken_answer_gives_nothing_back() {
        let (mut budget, start) = (Budget::default(), Instant::now());
        let first = ask(&mut budget, SEND, start).unwrap();
        budget.finish(SEND, &first, &told(4), start);
        let keys: Vec<_> = (0..4).map(|_| ask(&mut budget, SEND, start).unwrap()).collect();
        budget.finish(SEND, &keys[3], &told(0), start);
        budget.finish(SEND, &keys[0], &told(3), start);
        assert!(ask(&mut budget, SEND, start).is_err());
    }

    #[test]
    fn a_refused_call_keeps_its_place() {
        let (mut budget, start) = (Budget::default(), Instant::now());
        let (early, late) = (budget.queue(SEND), budget.queue(SEND));
        assert_eq!(budget.ask(SEND, late, start), Err(When::AfterOthers));
        let key = budget.ask(SEND, early, start).unwrap();
        budget.finish(SEND, &key, &refused(Scope::Own, 2), start);
        budget.requeue(SEND, early);

        let later = start + Duration::from_secs(2);
        assert_eq!(budget.ask(SEND, early, start), Err(When::At(later)));
        assert_eq!(budget.ask(SEND, late, later), Err(When::AfterOthers));
        assert!(budget.ask(SEND, early, later).is_ok());
    }

    #[test]
    fn a_global_refusal_stops_all_but_interactions() {
        let (mut budget, start) = (Budget::default(), Instant::now());
        let key = ask(&mut budget, SEND, start).unwrap();
        budget.finish(SEND, &key, &refused(Scope::Global, 3), start);
        let other = Lane { route: ("GET", "/users/@me"), ..SEND };
        assert_eq!(ask(&mut budget, other, start), Err(When::At(start + Duration::from_secs(3))));
        let acknowledge = Lane { route: ("POST", "/interactions"), major: 9, counts_globally: false };
        assert!(ask(&mut budget, acknowledge, start).is_ok());
    }

    #[test]
    fn fifty_a_second_in_all() {
        let (mut budget, start) = (Budget::default(), Instant::now());
        for major in 0..50 {
            ask(&mut budget, Lane { major, ..SEND }, start).unwrap();
        }
        let next = Lane { major: 99, ..SEND };
        assert_eq!(ask(&mut budget, next, start), Err(When::At(start + GLOBAL_WINDOW)));
        assert!(ask(&mut budget, next, start + GLOBAL_WINDOW).is_ok());
    }

    #[test]
    fn invalid_requests_are_rationed() {
        let (mut budget, start) = (Budget::default(), Instant::now());
        let forbidden = Report { status: Some(403), limit: Some(1000), ..told(1000) };
        let mut now = start;
        for _ in 0..500 {
            let key = ask(&mut budget, SEND, now).unwrap();
            budget.finish(SEND, &key, &forbidden, now);
            now += Duration::from_secs(1);
        }
        assert_eq!(ask(&mut budget, SEND, now), Err(When::At(start + INVALID_WINDOW)));
        let shared = refused(Scope::Shared, 1);
        assert!(!shared.is_invalid(), "a limit that others used up is not our fault");
    }
}
