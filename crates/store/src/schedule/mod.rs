//! What has to happen at a moment.

mod claim;
mod look;
mod plan;

pub use claim::{DueRow, Settled, begin_again, claim, release, retry, settle};
pub use look::{Backlog, backlog, due, next_due};
pub use plan::{add, of_game, withdraw, withdraw_all, withdraw_join_notice};

use crate::at::At;
use crate::claimed::Unreadable;
use crate::dialect::Statements;
use domain::due::{DueKind, DueMoment};

/// Every statement of this room.
pub(crate) static ROOMS: [&Statements; 3] = [&plan::STATEMENTS, &claim::STATEMENTS, &look::STATEMENTS];

fn moment(kind: &str, detail: i64, (at, deadline): (At, Option<At>)) -> Result<DueMoment, Unreadable> {
    let kind =
        DueKind::from_parts(kind, detail.cast_unsigned()).map_err(|error| Unreadable::newer(&error))?;
    Ok(DueMoment { at: at.into(), kind, deadline: deadline.map(Into::into) })
}
