//! A place in the limiter's queue, and then a call under way.

use super::bucket::When;
use super::budget::{BucketKey, Pace};
use super::{Lane, Late, Limiter, Reach, Report, shared};
use cache::{Grant, Pause, Permission};
use std::time::Duration;
use telemetry::Telemetry;
use tokio::time::Instant;

/// How soon it is asked again whether another process has its answer.
const OTHERS_POLL: Duration = Duration::from_millis(50);

/// A place in the queue, then a call under way; gives back what it holds when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    limiter: &'a Limiter,
    lane: Lane,
    ticket: u64,
    taken: Option<BucketKey>,
    grant: Option<Grant>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(limiter: &'a Limiter, lane: Lane, ticket: u64) -> Self {
        Self { limiter, lane, ticket, taken: None, grant: None }
    }

    /// Waits until the call may be made; tells whether that took a wait.
    ///
    /// # Errors
    /// That won't be before `by`.
    pub(crate) async fn wait(&mut self, telemetry: &Telemetry, by: Instant) -> Result<bool, Late> {
        let limiter = self.limiter;
        let mut waited = false;
        loop {
            let mut changed = std::pin::pin!(limiter.changed.notified());
            changed.as_mut().enable();
            let asked = self.ask(telemetry).await;
            let now = Instant::now();
            let until = match asked {
                Ok(()) => {
                    limiter.changed.notify_waiters();
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

    async fn ask(&mut self, telemetry: &Telemetry) -> Result<(), When> {
        match &self.limiter.reach {
            // What belongs to an interaction is counted by interaction, and only one process has that.
            Reach::AllProcesses(limiter) if self.lane.counts_globally => {
                self.limiter.budget().look(self.lane, self.ticket, (Pace::Full, Instant::now()))?;
                match limiter.take(telemetry, shared::call(self.lane)).await {
                    Permission::Granted(grant) => {
                        self.grant = Some(grant);
                        self.take();
                        Ok(())
                    }
                    Permission::Unknown => self.ask_here(Pace::Careful),
                    Permission::Wait(pause) => Err(self.hold(pause)),
                    Permission::AfterOthers => Err(self.hold(Pause::Bucket(OTHERS_POLL))),
                }
            }
            _ => self.ask_here(Pace::Full),
        }
    }

    fn ask_here(&mut self, pace: Pace) -> Result<(), When> {
        self.limiter.budget().look(self.lane, self.ticket, (pace, Instant::now()))?;
        self.take();
        Ok(())
    }

    fn take(&mut self) {
        self.taken = Some(self.limiter.budget().take(self.lane, self.ticket, Instant::now()));
    }

    /// Keeps those who wait from asking in vain.
    fn hold(&self, pause: Pause) -> When {
        let mut budget = self.limiter.budget();
        match pause {
            Pause::Everybody(pause) => {
                let until = Instant::now() + pause;
                budget.hold_everybody(until);
                When::At(until)
            }
            Pause::Bucket(pause) => {
                let until = Instant::now() + pause;
                budget.hold_bucket(self.lane, until);
                When::At(until)
            }
        }
    }

    /// Tells what came of the call. When Discord refused it as too fast, the turn has its old place again.
    pub(crate) async fn finish(&mut self, telemetry: &Telemetry, report: &Report) {
        let grant = self.grant.take();
        self.settle(report);
        if let Reach::AllProcesses(limiter) = &self.limiter.reach
            && (grant.is_some() || report.is_invalid())
        {
            limiter.report(telemetry, shared::call(self.lane), grant, shared::outcome(report)).await;
        }
    }

    fn settle(&mut self, report: &Report) {
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
    /// What all processes share learns nothing here: it lets go of such a call by itself.
    fn drop(&mut self) {
        self.settle(&Report::default());
        self.limiter.budget().leave(self.lane, self.ticket);
        self.limiter.changed.notify_waiters();
    }
}
