//! `cargo xtask bench …`: what things cost, as ratios within one run.
//!
//! A machine that others share says little in absolute times. What is compared here runs at the same time, in
//! turns, against the same pattern of arrivals; and each side runs twice, so that the difference between two
//! equal programs shows how much a difference means.

use crate::failure::Failure;
use crate::{run, workspace};
use std::path::PathBuf;
use std::process::ExitCode;

mod connection;
mod load;
mod overhead;
mod server;
mod sink;
mod statistics;

/// Measure what things cost, as ratios within one run.
#[derive(clap::Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// What telemetry costs: the release build with it off, on, and on with nobody listening.
    Overhead(overhead::Overhead),
}

impl Bench {
    /// Measures, prints a table and keeps the raw data.
    ///
    /// # Errors
    /// When something can't be built or started, or a request fails.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.what {
            What::Overhead(overhead) => overhead.run(),
        }
    }
}

/// The release build of the program.
fn build() -> Result<PathBuf, Failure> {
    let mut build = run::command("cargo", ["build", "--release", "--locked", "--package", "muster"]);
    build.current_dir(workspace::root());
    run::done(build)?;
    Ok(workspace::target()?.join("release/muster"))
}
