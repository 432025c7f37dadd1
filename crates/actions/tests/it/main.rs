//! The verbs on a real store, with the practice Discord to ask for rights: what no door's own stories show.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod changes;
mod freshness;
mod inbox;
mod ledger;
mod people;
mod relay;
mod rights;
