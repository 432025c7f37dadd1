//! `cargo xtask bench overhead`: what telemetry costs.

use crate::failure::{Doing, Failure};
use crate::workspace;
use block::{Block, Outcome};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use variant::Variant;

pub(super) use scenario::Scenario;
pub(super) use seed::Seed;

mod block;
mod report;
mod scenario;
mod seed;
mod variant;

/// Twice the longest that a batch of spans waits for company.
const DRAIN: Duration = Duration::from_secs(2);
/// Bursts that a round is divided into: the shorter a burst, the more alike are the neighbours' doings.
const CYCLES: usize = 20;
/// Games that are there before: joining gives each of eight people a place in each of them once.
const GAMES: usize = 1_600;
/// As many for a smoke test, which is to be quick.
const GAMES_SMOKE: usize = 100;

/// What telemetry costs: the release build with it off, on, and on with nobody listening.
///
/// All servers run at once on copies of one data folder and are asked in turns. Exits with 1 when a bar is missed.
#[derive(clap::Args)]
pub(crate) struct Overhead {
    /// Measure this binary instead of building one.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Only see that it works, within a minute; too short to judge.
    #[arg(long, conflicts_with_all = ["long", "requests", "rounds"])]
    smoke: bool,
    /// At 30, 50 and 70 % of capacity, and with receivers that reject, are slow, or never answer.
    #[arg(long)]
    long: bool,
    /// Only these scenarios.
    #[arg(long, value_enum)]
    scenario: Vec<Scenario>,
    /// Requests to each server in a round; five times as many when each takes a tenth of a millisecond.
    #[arg(long, default_value_t = 10_000)]
    requests: usize,
    /// Rounds: each begins with new servers on new data.
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// Where the raw data goes [default: a folder below target/]
    #[arg(long)]
    output: Option<PathBuf>,
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// Requests to one server in one go.
    pub(super) burst: usize,
    /// Bursts to each server.
    pub(super) cycles: usize,
    /// Requests to each server before.
    pub(super) warm_up: usize,
    /// Requests from which capacity is told.
    pub(super) probe: usize,
    /// For the last spans to be on their way, after the warm-up and at the end.
    pub(super) drain: Duration,
}

impl Overhead {
    /// Measures, prints tables, keeps the raw data.
    ///
    /// # Errors
    /// When something can't be built or started, or a request fails.
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let program = self.binary.clone().map_or_else(super::build, Ok)?;
        let folder = workspace::scratch("bench")?;
        let games = if self.smoke { GAMES_SMOKE } else { GAMES };
        let seed = Seed::make(&program, &folder.join("seed"), games)?;
        let variants = Variant::all(self.long)?;
        let mut outcomes = Vec::new();
        for scenario in self.scenarios() {
            for load_percent in self.loads().iter().copied() {
                let block = Block {
                    program: &program,
                    folder: &folder,
                    seed: &seed,
                    scenario,
                    variants: &variants,
                    size: self.size(scenario),
                    load_percent,
                };
                let outcome = self.rounds(&block)?;
                print!("{}", report::table(&outcome, !self.smoke));
                outcomes.push(outcome);
            }
        }
        self.conclude(&outcomes, &folder)
    }

    fn rounds(&self, block: &Block<'_>) -> Result<Outcome, Failure> {
        let mut outcome = block.outcome();
        for round in 0..self.rounds {
            block.run(round, &mut outcome)?;
        }
        Ok(outcome)
    }

    fn conclude(&self, outcomes: &[Outcome], folder: &Path) -> Result<ExitCode, Failure> {
        let output = self.output.as_deref().unwrap_or(folder);
        std::fs::create_dir_all(output).doing("making the folder for raw data")?;
        for (name, text) in [
            ("overhead-bursts.csv", report::bursts(outcomes)),
            ("overhead-summary.csv", report::summary(outcomes)),
        ] {
            std::fs::write(output.join(name), text).doing(&format!("writing {name}"))?;
        }
        println!("\nraw data: {}", output.display());
        let missed = outcomes.iter().flat_map(report::judgements).filter(|it| !it.met).count();
        if self.smoke {
            println!("too short to judge; every request was answered and telemetry arrived");
            return Ok(ExitCode::SUCCESS);
        }
        println!("{missed} bars missed");
        Ok(if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn scenarios(&self) -> Vec<Scenario> {
        if self.scenario.is_empty() { Scenario::ALL.to_vec() } else { self.scenario.clone() }
    }

    const fn loads(&self) -> &'static [u32] {
        if self.long { &[30, 50, 70] } else { &[50] }
    }

    const fn size(&self, scenario: Scenario) -> Size {
        if self.smoke {
            return Size { burst: 40, cycles: 2, warm_up: 20, probe: 60, drain: Duration::ZERO };
        }
        let burst = self.requests / CYCLES * scenario.weight();
        Size { burst, cycles: CYCLES, warm_up: 500, probe: 500 * scenario.weight(), drain: DRAIN }
    }
}
