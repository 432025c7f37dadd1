//! The practice Discord through its front doors.
#![expect(unreachable_pub, reason = "a test binary has no public interface")]

mod bot;
mod gateway;
mod interactions;
mod rest;
mod stage;
