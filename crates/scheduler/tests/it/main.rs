//! The two daemons on a real store, with a clock that the story moves.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod daemon;
mod failures;
mod hints;
mod loops;
mod notices;
mod rows;
mod stops;
mod traces;
mod transitions;
mod two;
