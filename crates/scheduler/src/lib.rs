//! One loop, and the two daemons that run on it.
//!
//! The notification daemon says what people have to be told, the status transition daemon moves games on. The loop
//! registers interest, looks at the earliest due row, claims what is due under a lease and a fence, does it, and
//! sleeps until the next row, a hint, or its poll, whichever comes first. A hint is never needed for correctness.

mod cycle;
mod hints;
mod row;

pub use hints::Hints;

use actions::due;
use actions::{Ctx, ENDS_WITHIN, StoreError, Turns};
use domain::due::Duty;
use jiff::Timestamp;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// The loop looks at least this often, hint or not.
const POLL: Duration = Duration::from_secs(1);
/// A loop that hasn't turned for so long is stuck.
const STUCK_AFTER: Duration = Duration::from_mins(1);
/// How often the backlog is measured.
const MEASURE_EVERY: Duration = Duration::from_secs(15);

/// Why the loop woke; the word for its span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wake {
    Due,
    Hint,
    Poll,
}

impl Wake {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Hint => "hint",
            Self::Poll => "poll",
        }
    }
}

/// One of the two daemons.
#[derive(Clone, Debug)]
pub struct Daemon {
    /// What it works with.
    pub ctx: Ctx,
    /// What it does.
    pub duty: Duty,
    /// Whom it tells of what it has done.
    pub hints: Hints,
}

/// Runs a daemon until it is stopped. What is under way then has a few seconds to end; what was claimed and not begun
/// is given back, so that another instance has it at once.
pub async fn run(daemon: Daemon, stop: CancellationToken) {
    let turns = daemon.ctx.readiness.watch_loop(loop_name(daemon.duty), STUCK_AFTER);
    let mut woken = due::hints(&daemon.ctx, daemon.duty);
    let shift = Shift { daemon, turns, stop };
    let mut wake = Wake::Poll;
    let mut measured: Option<Instant> = None;
    while !shift.stop.is_cancelled() {
        woken.mark_unchanged();
        let looked = shift.look(wake, &mut measured);
        let Some(next) = actions::unless_stopped_for((&shift.stop, ENDS_WITHIN), looked).await else { break };
        wake = tokio::select! {
            () = shift.stop.cancelled() => break,
            _ = woken.changed() => Wake::Hint,
            () = due_at(&shift.daemon.ctx, next) => Wake::Due,
            () = tokio::time::sleep(POLL) => Wake::Poll,
        };
    }
}

const fn loop_name(duty: Duty) -> &'static str {
    match duty {
        Duty::Notify => "notification loop",
        Duty::Transition => "status transition loop",
    }
}

/// A daemon at work.
struct Shift {
    daemon: Daemon,
    turns: Turns,
    stop: CancellationToken,
}

impl Shift {
    /// Measures what waits, if it is time to, and does what is due; gives the moment at which something is due next.
    async fn look(&self, wake: Wake, measured: &mut Option<Instant>) -> Option<Timestamp> {
        let Daemon { ctx, duty, .. } = &self.daemon;
        if measured.is_none_or(|at| at.elapsed() >= MEASURE_EVERY) {
            measure(ctx, *duty).await;
            *measured = Some(Instant::now());
        }
        let next = self.turn(wake).await;
        next.inspect_err(report).unwrap_or_default()
    }

    /// Does everything that is due; gives the moment at which something is due next.
    async fn turn(&self, wake: Wake) -> Result<Option<Timestamp>, StoreError> {
        let Daemon { ctx, duty, .. } = &self.daemon;
        loop {
            let (next, due) = due::look(ctx, *duty).await?;
            let done = due == 0 || self.stop.is_cancelled() || cycle::run(self, (due, wake)).await? == 0;
            self.turned();
            if done {
                return Ok(next.filter(|next| *next > ctx.clock.now()));
            }
        }
    }

    /// Says that the loop gets on: a long backlog is no standstill.
    fn turned(&self) {
        self.turns.turned();
        self.daemon.ctx.telemetry.metrics().loop_turned(loop_name(self.daemon.duty));
    }
}

async fn due_at(ctx: &Ctx, next: Option<Timestamp>) {
    match next {
        Some(at) => ctx.clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn report(error: &StoreError) {
    tracing::warn!(
        name: "scheduler.turn_failed",
        { error.r#type = %error.error_type() },
        "The schedule could not be read; the daemon looks again in a second."
    );
}

/// Says how much waits of each kind, also of those of which nothing does: a gauge keeps what it was last told.
async fn measure(ctx: &Ctx, duty: Duty) {
    let Ok(backlog) = due::backlog(ctx, duty).await else { return };
    let now = ctx.clock.now();
    for &kind in kinds(duty) {
        let waiting = backlog.iter().find(|waiting| waiting.kind == kind);
        let oldest = waiting.and_then(|waiting| waiting.oldest_due);
        let age = oldest.map(|oldest| now.duration_since(oldest)).unwrap_or_default();
        let age = Duration::try_from(age).unwrap_or_default();
        ctx.telemetry.metrics().schedule_backlog(kind, age, waiting.map_or(0, |waiting| waiting.pending));
    }
}

/// The names of what a daemon does.
const fn kinds(duty: Duty) -> &'static [&'static str] {
    match duty {
        Duty::Notify => &["reminder", "join_notice"],
        Duty::Transition => &["post", "start", "end", "archive"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::due::DueKind;

    #[test]
    fn every_kind_is_measured_by_the_daemon_that_does_it() {
        for duty in [Duty::Notify, Duty::Transition] {
            for kind in kinds(duty) {
                assert_eq!(DueKind::from_parts(kind, 0).unwrap().duty(), duty);
            }
        }
    }
}
