//! The program as its operators and its users meet it: the real binary, its addresses, its command line.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a step that fails is a test that fails")]

mod api;
mod browser;
mod cloud;
mod commands;
mod contract;
mod deploy;
mod export;
mod guild;
mod kill;
mod observatory;
mod processes;
mod program;
mod refusals;
mod settings;
mod shape;
mod stage;
mod story;
mod telemetry;
mod traces;
