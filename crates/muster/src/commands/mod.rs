//! What the program does besides running.

pub(crate) mod config;
pub(crate) mod dead;
pub(crate) mod doctor;
pub(crate) mod events;
pub(crate) mod migrate;
pub(crate) mod openapi;
pub(crate) mod practice;
pub(crate) mod token;
pub(crate) mod transfer;

use crate::failure::Failure;
use std::io::Write;
use telemetry::{ServiceName, Telemetry};

/// Prints a line for a person or a script.
fn say(line: impl std::fmt::Display) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}

/// Runs a short piece of work.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// A command that ends at once has no telemetry.
fn silent() -> Telemetry {
    Telemetry::off(ServiceName::Api)
}
