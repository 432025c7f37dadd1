//! The verbs that every door shares: load, decide, save, tell.
//!
//! A door (page, JSON API, button, command, daemon) makes an [`Actor`], calls one function of this crate and
//! shows what came of it. A verb opens one transaction, loads what it needs, lets the domain decide, saves, and
//! tells the outbox; its error is a small enum of its own, whose [`Refusal`] says how a stranger hears of it.

mod authorise;
mod claims;
mod ctx;
pub mod due;
mod ending;
pub mod events;
pub mod games;
pub mod guilds;
pub mod ledger;
pub mod people;
mod perform;
mod readiness;
mod refusal;
pub mod relay;
pub mod shards;
mod sweep;
mod write;

pub use authorise::AccessError;
pub use claims::free_claims;
pub use ctx::{Actor, Ctx, Door, Told, Whereabouts};
pub use ending::{ENDS_WITHIN, unless_stopped_for};
pub use readiness::{Gate, Readiness, Turns};
pub use refusal::{Refusal, Refuses};
pub use store::{CardRow, DeliveryRow, DueRow, Hint, StoreError};
pub use sweep::sweep;
