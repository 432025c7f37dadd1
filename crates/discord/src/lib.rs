//! Discord: REST, gateway, limits, and what messages look like.
//!
//! - [`Rest`] calls Discord's API, one limiter per bot token in front of every call; [`Verdict`] is the table of
//!   what to do when a call fails.
//! - [`Gateway`] keeps the connection and yields [`Event`]s.
//! - [`message`] builds messages that can't exceed Discord's limits; [`view`] draws cards and notices with it.
//!
//! Nothing here knows the store.

mod command;
mod custom_id;
mod error;
mod gateway;
mod interaction;
mod limiter;
pub mod message;
mod nonce;
mod rest;
mod verdict;
pub mod view;
mod wire;

pub use command::{Command, CommandOption};
pub use custom_id::{ButtonVerb, CustomId, CustomIdError};
pub use error::RestError;
pub use gateway::{
    Channel, Connection, Event, Gateway, GatewayConfig, GatewayError, GuildSnapshot, Session, ShardNumber,
    Start, UnreadableEvent, read as read_event,
};
pub use interaction::{Interaction, InteractionKind, InteractionMember};
pub use nonce::{Marker, nonce};
pub use rest::{
    Application, DISCORD_API, GatewayInfo, History, Member, MessageAge, Response, Rest, RestConfig,
    RestConfigError, SentMessage, SessionStarts, sent_at,
};
pub use verdict::{DeadReason, Failure, Verdict, backoff, verdict};
