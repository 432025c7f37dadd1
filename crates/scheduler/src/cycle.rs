//! One turn of a daemon that found something.

use crate::{Daemon, Wake, row};
use actions::due;
use actions::{Ctx, DueRow, StoreError};
use domain::due::Duty;
use std::time::Duration;
use telemetry::{Cycle, attr};

/// Claims what is due and does it, oldest first; tells how many rows that were.
pub(crate) async fn run(daemon: &Daemon, (due, wake): (u64, Wake)) -> Result<usize, StoreError> {
    let Daemon { ctx, duty, .. } = daemon;
    let rows = due::claim(ctx, *duty).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let name = match duty {
        Duty::Notify => telemetry::Daemon::Notification,
        Duty::Transition => telemetry::Daemon::StatusTransition,
    };
    let claimed = rows.len();
    let cycle = Cycle { daemon: name, due, claimed: claimed as u64, wake_reason: wake.as_str() };
    let span = ctx.telemetry.cycle(cycle);
    let oldest = rows.first().map(|row| lateness(ctx, row)).unwrap_or_default();
    span.set(attr::oldest_lateness_ms(u64::try_from(oldest.as_millis()).unwrap_or(u64::MAX)));
    span.run(async {
        for row in rows {
            row::carry_out(daemon, row).await;
        }
        tracing::info!(
            name: "scheduler.cycle",
            { due, claimed, wake_reason = wake.as_str(), oldest_lateness_ms = oldest.as_millis() },
            "Due moments were carried out."
        );
    })
    .await;
    Ok(claimed)
}

/// How long after it was due a row is being done.
pub(crate) fn lateness(ctx: &Ctx, row: &DueRow) -> Duration {
    Duration::try_from(ctx.clock.now().duration_since(row.moment.at)).unwrap_or_default()
}
