//! The practice Discord: a server with Discord's documented behaviour, for one made-up guild.
//!
//! REST (API v10), gateway and interactions are reached by any Discord library; people of the guild act through a
//! page (`/`) and a small HTTP API for scripts (`/practice/v1`). It keeps every message that was ever visible.
//!
//! ```text
//!  a bot ── REST /api/v10 ──► rest ─┐                       ┌─► wire (Discord's JSON)
//!       └── ws /gateway ────► gateway ─► state::World (one) ┤
//!  people ─ / ──────────────► page ─┤    pure functions     └─► file (state, ≤ 1 s later)
//!       └── /practice/v1 ───► script_api
//! ```

mod app;
pub mod cast;
mod errors;
mod faults;
mod gateway;
mod interactions;
mod limits;
mod page;
mod rest;
mod script_api;
mod server;
mod state;
mod validate;
mod wire;

pub use faults::Faults;
pub use server::{Practice, PracticeConfig, StartError};
