//! `cargo xtask bench collector`: how fast the collector takes spans, and its pages when it holds many.

use super::figures::Figures;
use super::machine;
use super::table::{Bar, Wanted, conclude};
use crate::failure::Failure;
use crate::{run, workspace};
use std::path::PathBuf;
use std::process::ExitCode;

const fn most(name: &'static str, what: &'static str, (unit, bar): (&'static str, f64)) -> Wanted {
    Wanted { name, what, unit, digits: 0, bar: Bar::AtMost(bar) }
}

/// Of a run as long and as full as the bars are meant for.
const WANTED: [Wanted; 6] = [
    most("spans sent and not stored", "spans that were sent and are not in the store", ("", 0.0)),
    most(
        "spans received and not stored",
        "spans that it says it received and are not in the store",
        ("", 0.0),
    ),
    most("percent of one core", "CPU time of the collector while it receives", ("% of a core", 25.0)),
    Wanted {
        name: "growth of memory",
        what: "its memory in the last quarter of that time ÷ in the second",
        unit: "",
        digits: 2,
        bar: Bar::AtMost(1.1),
    },
    most("most memory in MiB", "the most memory of the whole run, pages included", ("MiB", 150.0)),
    most("slowest page p95 in ms", "the slowest page of the Observatory, P95", ("ms", 200.0)),
];

/// How fast the collector takes spans, and its pages when it holds many: the release build in a process of its own.
///
/// Exits with 1 when a bar is missed.
#[derive(clap::Args)]
pub(crate) struct Collector {
    /// Spans that are sent in a second, over OTLP/gRPC.
    #[arg(long, default_value_t = 10_000)]
    rate: u64,
    /// For so long.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Spans that it holds when its pages are asked for.
    #[arg(long, default_value_t = 1_000_000)]
    held: u64,
    /// Where the raw data goes [default: a folder below target/]
    #[arg(long)]
    output: Option<PathBuf>,
}

impl Collector {
    /// Builds, measures, prints a table.
    ///
    /// # Errors
    /// When it can't be built, or the run fails.
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let folder = workspace::scratch("bench-collector")?;
        let example = ["--locked", "--release", "--package", "collector", "--example", "ingest"];
        let cargo = |verb: &str| {
            let mut cargo = run::command("cargo", [&[verb], &example[..]].concat());
            cargo.current_dir(workspace::root());
            cargo
        };
        run::done(cargo("build"))?;
        println!("before: {}", machine::describe()?);
        let mut figures = Figures::default();
        let mut ingest = cargo("run");
        ingest.arg("--quiet").arg("--").args([self.rate, self.seconds, self.held].map(|n| n.to_string()));
        figures.take(ingest)?;
        println!("after: {}", machine::describe()?);
        conclude(("collector", self.output.as_deref().unwrap_or(&folder)), &WANTED, &figures)
    }
}
