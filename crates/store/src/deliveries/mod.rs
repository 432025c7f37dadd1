//! The delivery ledger: one row for each recipient of each notice.
//!
//! `pending → sending → sent | skipped(reason) | dead(reason)`. A row becomes `sending`, and that is committed,
//! before Discord is called; so after a crash it is known which messages may be out already.

mod ask;
mod claim;
mod look;
mod settle;

pub use ask::{add, redo, withdraw};
pub use claim::{DeliveryRow, claim};
pub use look::{Fate, next_due, of_game, open};
pub use settle::{Unsent, end, redirect, retry, sending, sent, wake};

use crate::StoreError;
use crate::dialect::Statements;
use domain::notice::Recipient;
use domain::{ChannelId, UserId};

/// Every statement of this room.
pub(crate) static ROOMS: [&Statements; 4] =
    [&ask::STATEMENTS, &claim::STATEMENTS, &look::STATEMENTS, &settle::STATEMENTS];

/// Who is told, and for a person the channel in which that happens, if not in their DMs.
fn recipient(channel: Option<i64>, user: Option<i64>) -> Result<(Recipient, Option<ChannelId>), StoreError> {
    let channel = channel.map(|id| ChannelId::new(id.cast_unsigned()));
    match (channel, user) {
        (via, Some(user)) => Ok((Recipient::User(UserId::new(user.cast_unsigned())), via)),
        (Some(channel), None) => Ok((Recipient::Channel(channel), None)),
        (None, None) => Err(StoreError::corrupt("deliveries", &"neither a channel nor a person")),
    }
}
