//! Telemetry as the rooms and an operator see it.

#![expect(clippy::expect_used, reason = "a story whose scene cannot be set fails")]

mod attributes;
mod exemplars;
mod export;
mod faults;
mod hostile;
mod logs;
mod metrics;
mod panics;
mod places;
mod pools;
mod receiver;
mod registry;
mod self_metrics;
mod traces;
