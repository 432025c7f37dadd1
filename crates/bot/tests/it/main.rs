//! The bot in front of the practice Discord, with a real store, the daemons and a still clock.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cards;
mod deliveries;
mod engines;
mod interactions;
mod lifecycle;
mod order;
mod outage;
mod pace;
mod sessions;
mod shards;
mod skew;
mod stage;
mod traces;
