//! The rules of Muster: games, seats, due moments, permissions and events.
//!
//! Nothing here reads a clock, a database or a socket: what happens is decided with values, and
//! whoever calls brings the time along.

pub mod due;
mod event;
mod field;
mod game;
mod guild;
mod ids;
pub mod notice;
mod participant;
pub mod permission;
mod plan;
pub mod seats;
mod status;
mod template;
mod terms;

#[cfg(test)]
mod fixtures;

pub use event::{ENVELOPE_VERSION, Event, EventBody, EventType, RosterChange};
pub use field::{FieldError, clean_text};
pub use game::{Game, GameField};
pub use guild::{Guild, GuildRole, Membership};
pub use ids::{
    ChannelId, DeliveryId, EventId, GameId, GuildId, MessageId, ParticipantId, RoleId, TemplateId, UserId,
};
pub use notice::NoticeKind;
pub use participant::{Participant, PositionClass, UnknownPositionClass, Who};
pub use plan::{GameChanges, GameDraft, Origin};
pub use status::{Status, UnknownStatus};
pub use template::Template;
pub use terms::{SignupMethod, Terms, UnknownSignupMethod};
