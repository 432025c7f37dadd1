//! `cargo xtask bench …`: what things cost, and how much a machine manages.
//!
//! `overhead` gives ratios within one run. A machine that others share says little in absolute times. What is compared here runs at the same time, in
//! turns, against the same pattern of arrivals; and each side runs twice, so that the difference between two
//! equal programs shows how much a difference means. The others hold figures against bars that have room.

use crate::failure::Failure;
use crate::{run, workspace};
use std::path::PathBuf;
use std::process::ExitCode;

mod collector;
mod connection;
mod engines;
mod figures;
mod load;
mod machine;
mod overhead;
mod server;
mod sink;
mod soak;
mod statistics;
mod table;

/// Measure what things cost, and how much this machine manages.
#[derive(clap::Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// What telemetry costs: the release build with it off, on, and on with nobody listening.
    Overhead(overhead::Overhead),
    /// What PostgreSQL and RabbitMQ manage with us on them: claims, events, latency, growth to a million games.
    Engines(engines::Engines),
    /// How fast the collector takes spans, and its pages when it holds many.
    Collector(collector::Collector),
    /// What becomes of a program that works for an hour: its memory, and whether every request is answered.
    Soak(soak::Soak),
}

impl Bench {
    /// Measures, prints a table and keeps the raw data.
    ///
    /// # Errors
    /// When something can't be built or started, or a request fails.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.what {
            What::Overhead(overhead) => overhead.run(),
            What::Engines(engines) => engines.run(),
            What::Collector(collector) => collector.run(),
            What::Soak(soak) => soak.run(),
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
