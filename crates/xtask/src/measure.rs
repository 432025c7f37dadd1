//! `cargo xtask measure`: what a person notices of the release build.

use crate::failure::{Doing, Failure};
use crate::{run, workspace};
use muster::Muster;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

mod muster;

/// Starts on an existing data folder of which the median is given.
const STARTS: usize = 10;
/// Discord lets a bot begin one session in five seconds; who starts sooner after a stop waits for that, which is not
/// what is measured (<https://discord.com/developers/docs/events/gateway#rate-limiting>).
const BETWEEN_SESSIONS: Duration = Duration::from_secs(5);
/// How long it is left alone before its memory is looked at.
const IDLE: Duration = Duration::from_secs(10);

/// Measure the release build: start-up until it is ready, memory when idle, size of the binary.
#[derive(clap::Args)]
pub(crate) struct Measure {
    /// Measure this binary instead of building one.
    #[arg(long)]
    binary: Option<PathBuf>,
}

impl Measure {
    /// Builds, measures and prints a table.
    ///
    /// # Errors
    /// When it can't be built, or doesn't become ready.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let program = self.binary.map_or_else(build, Ok)?;
        let data = workspace::scratch("measure")?;
        std::fs::remove_dir_all(&data).doing("emptying the data folder")?;
        print_table(&rows(&program, &data)?);
        Ok(ExitCode::SUCCESS)
    }
}

fn build() -> Result<PathBuf, Failure> {
    let mut build = run::command("cargo", ["build", "--release", "--locked", "--package", "muster"]);
    build.current_dir(workspace::root());
    run::done(build)?;
    Ok(workspace::target()?.join("release/muster"))
}

/// What was measured, and what it may be at most.
struct Row {
    what: &'static str,
    value: String,
    bar: &'static str,
}

fn rows(program: &Path, data: &Path) -> Result<Vec<Row>, Failure> {
    let row = |what, value, bar| Row { what, value, bar };
    let first = start_and_stop(program, data)?;
    let mut again = (0..STARTS).map(|_| start_and_stop(program, data)).collect::<Result<Vec<_>, _>>()?;
    again.sort_unstable_by_key(|times| times.ready);
    let times: Vec<_> = again.iter().map(|times| milliseconds(times.ready)).collect();
    let spread = format!("{} ({} to {})", times[STARTS / 2], times[0], times[STARTS - 1]);
    let slowest_stop = again.iter().map(|times| times.stopped).max().unwrap_or_default();
    let bytes = std::fs::metadata(program).doing("looking at the binary")?.len();
    Ok(vec![
        row("first start until ready", milliseconds(first.ready), ""),
        row("start on existing data until ready, median of 10", spread, "1 s"),
        row("stop by SIGTERM, slowest of 10", milliseconds(slowest_stop), "15 s"),
        row("resident memory after 10 s idle", idle_memory(program, data)?, "60 MB"),
        row("binary", megabytes(bytes), "40 MB"),
    ])
}

struct Times {
    ready: Duration,
    stopped: Duration,
}

fn start_and_stop(program: &Path, data: &Path) -> Result<Times, Failure> {
    let muster = Muster::start(program, data)?;
    let ready = muster.ready_after;
    let stopped = muster.stop()?;
    std::thread::sleep(BETWEEN_SESSIONS);
    Ok(Times { ready, stopped })
}

fn idle_memory(program: &Path, data: &Path) -> Result<String, Failure> {
    let muster = Muster::start(program, data)?;
    std::thread::sleep(IDLE);
    let bytes = muster.resident_bytes()?;
    muster.stop()?;
    Ok(megabytes(bytes))
}

fn milliseconds(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}

/// In millions of bytes, with one digit after the point.
fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}

fn print_table(rows: &[Row]) {
    println!("| what | measured | at most |\n|---|---|---|");
    for Row { what, value, bar } in rows {
        println!("| {what} | {value} | {bar} |");
    }
}
