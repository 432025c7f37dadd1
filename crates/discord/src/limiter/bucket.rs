//! One bucket of Discord's rate limits.

use super::Report;
use tokio::time::Instant;

/// When a call may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Now.
    Now,
    /// Not before this instant.
    At(Instant),
    /// When one of those under way has come back.
    AfterOthers,
}

/// What is known of a bucket, and how many calls are under way in it.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    in_flight: u32,
    quota: Quota,
    /// Until when the limiter of all processes has no turn here.
    held_until: Option<Instant>,
}

#[derive(Debug, Default)]
enum Quota {
    /// Nothing yet: one call at a time, until its answer tells.
    #[default]
    Unknown,
    /// Discord told of no limit.
    Free,
    /// So many of `limit` are left until the window ends; no end is known for a window that nobody has
    /// answered in yet.
    Told { limit: u32, left: u32, ends: Option<Instant> },
}

impl Bucket {
    pub(super) fn when(&mut self, now: Instant) -> When {
        if let Some(until) = self.held_until.filter(|until| *until > now) {
            return When::At(until);
        }
        self.begin_window(now);
        match self.quota {
            Quota::Unknown if self.in_flight > 0 => When::AfterOthers,
            Quota::Unknown | Quota::Free => When::Now,
            Quota::Told { left, .. } if left > 0 => When::Now,
            Quota::Told { ends: Some(ends), .. } => When::At(ends),
            Quota::Told { ends: None, .. } => When::AfterOthers,
        }
    }

    fn begin_window(&mut self, now: Instant) {
        let under_way = self.in_flight;
        if let Quota::Told { limit, left, ends } = &mut self.quota {
            let ended = ends.is_some_and(|ends| ends <= now);
            let unanswered = ends.is_none() && under_way == 0;
            if ended || unanswered {
                *left = limit.saturating_sub(under_way);
                *ends = None;
            }
        }
    }

    pub(super) fn take(&mut self) {
        self.in_flight += 1;
        if let Quota::Told { left, .. } = &mut self.quota {
            *left = left.saturating_sub(1);
        }
    }

    pub(super) fn hold(&mut self, until: Instant) {
        self.held_until = self.held_until.max(Some(until));
    }

    pub(super) fn give_back(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    pub(super) fn learn(&mut self, report: &Report, now: Instant) {
        if let Some(pause) = report.refused_for() {
            let limit = report.limit.unwrap_or(1).max(1);
            self.quota = Quota::Told { limit, left: 0, ends: Some(now + pause) };
            return;
        }
        let (Some(limit), Some(remaining), Some(reset_after)) =
            (report.limit, report.remaining, report.reset_after)
        else {
            if report.status.is_some() && matches!(self.quota, Quota::Unknown) {
                self.quota = Quota::Free;
            }
            return;
        };
        let left = match self.quota {
            // In the same window our own count is newer than an answer that others have overtaken.
            Quota::Told { left, ends, .. } if ends.is_none_or(|ends| ends > now) => left.min(remaining),
            _ => remaining.saturating_sub(self.in_flight),
        };
        self.quota = Quota::Told { limit: limit.max(1), left, ends: Some(now + reset_after) };
    }

    pub(super) fn is_idle(&self, now: Instant) -> bool {
        let waits = matches!(self.quota, Quota::Told { ends: Some(ends), .. } if ends > now);
        self.in_flight == 0 && !waits
    }
}
