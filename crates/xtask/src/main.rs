//! `cargo xtask …`: the chores of this repository. They need cargo, a Debian or Ubuntu, and nothing else.

use clap::Parser;
use std::process::ExitCode;

mod bench;
mod browser;
mod dashboards;
mod discord_py;
mod failure;
mod guardian;
mod measure;
mod packages;
mod prometheus;
mod run;
mod servers;
mod services;
mod test;
mod workspace;

/// The chores of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Chore {
    /// Run all tests, with the servers and programs that they need.
    Test(test::Test),
    #[command(subcommand)]
    Services(services::Services),
    /// Measure the release build: start-up, memory, size.
    Measure(measure::Measure),
    /// Measure what things cost, and how much this machine manages.
    Bench(bench::Bench),
    /// Write the dashboards and alert rules below deploy/grafana/.
    Dashboards,
}

fn main() -> ExitCode {
    let done = match Chore::parse() {
        Chore::Test(test) => test.run(),
        Chore::Services(services) => services.run(),
        Chore::Measure(measure) => measure.run(),
        Chore::Bench(bench) => bench.run(),
        Chore::Dashboards => dashboards::write(),
    };
    done.unwrap_or_else(|failure| {
        eprintln!("xtask: {failure}");
        ExitCode::FAILURE
    })
}
