//! The client and the gateway against the practice Discord.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod gateway;
mod rest;
mod stage;
