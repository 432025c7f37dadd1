//! One due moment: its span, its verb, and what happens when that fails, panics or hangs.

use crate::cycle::lateness;
use crate::{Daemon, Shift};
use actions::due::{self, Carried};
use actions::{Ctx, DueRow, Refuses, StoreError};
use domain::due::{DueKind, Duty};
use std::time::Duration;
use telemetry::{Dispatch, Span, Transition, attr};
use tokio_util::task::AbortOnDropHandle;

/// A row that takes longer is cut off and tried again.
const HUNG_AFTER: Duration = Duration::from_secs(30);
/// One that is under way when the daemon is stopped has this long; then its lease runs out.
const ENDS_WITHIN: Duration = Duration::from_secs(3);

/// Carries out a claimed row. Whatever goes wrong with it stays with it: the others come in their turn.
///
/// # Errors
/// The store is away, and would be for the others, too. Its lease runs out by itself.
pub(crate) async fn carry_out(shift: &Shift, row: DueRow) -> Result<(), StoreError> {
    let ended = to_its_end(&shift.daemon, row);
    actions::unless_stopped_for((&shift.stop, ENDS_WITHIN), ended).await.unwrap_or(Ok(()))
}

async fn to_its_end(daemon: &Daemon, row: DueRow) -> Result<(), StoreError> {
    let ctx = &daemon.ctx;
    ctx.telemetry.metrics().schedule_lateness(row.moment.kind.name(), lateness(ctx, &row));
    let failure = match due::begin(ctx, &row).await {
        Ok(false) => None,
        Err(error) => Some(Refuses::error_type(&error).into_owned()),
        // A task of its own, so that a panic ends the row and not the daemon.
        Ok(true) => {
            let attempt = telemetry::spawn(attempt(daemon.clone(), row.clone()));
            match AbortOnDropHandle::new(attempt).await {
                Ok(failure) => failure,
                Err(_) => Some("panic".into()),
            }
        }
    };
    let Some(error) = failure else { return Ok(()) };
    match due::fail(ctx, &row, &error).await {
        Err(error @ StoreError::Unavailable(_)) => Err(error),
        Err(error) => {
            crate::report(&error);
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Does what is due, and tells of it; gives the word for what went wrong.
async fn attempt(daemon: Daemon, row: DueRow) -> Option<String> {
    let ctx = &daemon.ctx;
    let span = span_of(ctx, &row);
    let verb = async {
        match daemon.duty {
            Duty::Notify => due::notify(ctx, &row).await,
            Duty::Transition => due::transition(ctx, &row).await,
        }
    };
    let result = span.run(tokio::time::timeout(HUNG_AFTER, verb)).await;
    if let Ok(Ok(Carried { event: Some(event), .. })) = &result {
        span.in_scope(|| daemon.hints.tell(ctx, event));
    }
    finish(&span, result)
}

fn finish(
    span: &Span,
    result: Result<Result<Carried, StoreError>, tokio::time::error::Elapsed>,
) -> Option<String> {
    match result {
        Ok(Ok(carried)) => {
            span.set(attr::outcome(carried.outcome.as_str()));
            None
        }
        Ok(Err(error)) => {
            let word = Refuses::error_type(&error);
            span.fail(word.clone(), &error);
            Some(word.into_owned())
        }
        Err(hung) => {
            span.fail("timeout", &hung);
            Some("timeout".to_owned())
        }
    }
}

/// A root of its own, linked to the trace that scheduled it: hours don't lie inside a trace.
fn span_of(ctx: &Ctx, row: &DueRow) -> Span {
    let (id, game, at) = (row.id.to_string(), row.game.to_string(), row.moment.at.to_string());
    let late = u64::try_from(lateness(ctx, row).as_millis()).unwrap_or(u64::MAX);
    let kind = row.moment.kind;
    let span = if let Some((old, new)) = due::leaves(kind).zip(kind.leads_to()) {
        let transition = Transition { game: &game, old: old.as_str(), new: new.as_str(), time: &at };
        let span = ctx.telemetry.transition(transition, &row.trace);
        span.set(attr::transition_lateness_ms(late));
        span
    } else {
        let dispatch = Dispatch { notification: &id, kind: kind.name(), scheduled: &at, game: &game };
        let span = ctx.telemetry.dispatch(dispatch, &row.trace);
        span.set(attr::notification_lateness_ms(late));
        span
    };
    span.set(attr::guild_id(row.guild.get()));
    if let DueKind::JoinNotice(user) = kind {
        span.set(attr::user_id(user.get()));
    }
    span
}
