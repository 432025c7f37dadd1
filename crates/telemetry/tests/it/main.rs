//! Telemetry as the rooms and an operator see it.

#![expect(clippy::expect_used, reason = "a story whose scene cannot be set fails")]

mod attributes;
mod export;
mod faults;
mod logs;
mod metrics;
mod receiver;
mod traces;
