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
use actions::{Ctx, StoreError};
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

/// Runs a daemon until it is stopped; what it has claimed by then it finishes.
pub async fn run(daemon: Daemon, stop: CancellationToken) {
    let Daemon { ctx, duty, .. } = &daemon;
    let duty = *duty;
    let turns = ctx.readiness.watch_loop(loop_name(duty), STUCK_AFTER);
    let mut woken = due::hints(ctx, duty);
    let mut wake = Wake::Poll;
    let mut measured: Option<Instant> = None;
    while !stop.is_cancelled() {
        woken.mark_unchanged();
        if measured.is_none_or(|at| at.elapsed() >= MEASURE_EVERY) {
            measure(ctx, duty).await;
            measured = Some(Instant::now());
        }
        let next = match turn(&daemon, wake).await {
            Ok(next) => {
                turns.turned();
                ctx.telemetry.metrics().loop_turned(loop_name(duty));
                next
            }
            Err(error) => {
                report(&error);
                None
            }
        };
        wake = tokio::select! {
            () = stop.cancelled() => break,
            _ = woken.changed() => Wake::Hint,
            () = due_at(ctx, next) => Wake::Due,
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

/// Does everything that is due; gives the moment at which something is due next.
async fn turn(daemon: &Daemon, wake: Wake) -> Result<Option<Timestamp>, StoreError> {
    loop {
        let (next, due) = due::look(&daemon.ctx, daemon.duty).await?;
        if due == 0 || cycle::run(daemon, (due, wake)).await? == 0 {
            return Ok(next.filter(|next| *next > daemon.ctx.clock.now()));
        }
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
