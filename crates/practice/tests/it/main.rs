//! The practice Discord through its front doors.
#![expect(unreachable_pub, reason = "a test binary has no public interface")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failed step is a failed story")]

mod bot;
mod forms;
mod gateway;
mod interactions;
mod library;
mod limits;
mod messages;
mod page;
mod rest;
mod script;
mod socket;
mod stage;
mod state;
