//! Discord's JSON shapes (API v10), made from our state.

mod guild;
mod interaction;
mod message;
mod people;

pub(crate) use guild::{channel, direct_channel, guild, guild_create, partial_channel, role};
pub(crate) use interaction::{callback_response, interaction};
pub(crate) use message::{message, message_event};
pub(crate) use people::{bot_user, member, member_in_interaction, member_without_user, user};

use jiff::Timestamp;

/// An instant as Discord writes it: microseconds and a numeric offset.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
}
