//! `cargo xtask bench engines`: what PostgreSQL and RabbitMQ manage with us on them.

use super::figures::Figures;
use super::machine;
use super::table::{Bar, Wanted, conclude};
use crate::failure::Failure;
use crate::servers::{self, Choice, Servers};
use crate::{packages, run, workspace};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Tests of the store that say figures; of each the one on a file and the one on a server.
const TESTS: [&str; 4] = [
    "crew::on_sqlite::two_claimers_share_a_hundred_thousand_due_moments",
    "crew::on_postgres::two_claimers_share_a_hundred_thousand_due_moments",
    "million::a_million_games_in_a_file",
    "million::a_million_games_on_a_server",
];
/// Asks the tests for those that take minutes.
const PATIENCE_VARIABLE: &str = "MUSTER_TEST_MILLION";

const fn growth(name: &'static str, what: &'static str) -> Wanted {
    Wanted { name, what, unit: "", digits: 2, bar: Bar::AtMost(1.5) }
}

const fn rate(name: &'static str, what: &'static str, least: f64) -> Wanted {
    Wanted { name, what, unit: "/s", digits: 0, bar: Bar::AtLeast(least) }
}

const fn latency(name: &'static str, what: &'static str) -> Wanted {
    Wanted { name, what, unit: "ms", digits: 1, bar: Bar::AtMost(100.0) }
}

const WANTED: [Wanted; 11] = [
    rate("postgresql claims per second", "claims, PostgreSQL: two processes, 100,000 due moments", 2_000.0),
    rate("sqlite claims per second", "claims, SQLite: the same", 2_000.0),
    rate(
        "outbox to consumer per second",
        "20,000 events from the outbox over RabbitMQ to their consumer",
        1_000.0,
    ),
    latency(
        "commit to consumer p99 in ms",
        "an event, 100/s: from commit over relay and RabbitMQ to the consumer, P99",
    ),
    latency(
        "commit to daemon to consumer p99 in ms",
        "a due moment, 100/s: from commit over NOTIFY, daemon, relay and RabbitMQ to the consumer, P99",
    ),
    growth("postgresql list growth", "a list at 1,000,000 games ÷ at 1,000, PostgreSQL"),
    growth("postgresql join growth", "a join, PostgreSQL"),
    growth("postgresql claim growth", "a claim, PostgreSQL"),
    growth("sqlite list growth", "a list, SQLite"),
    growth("sqlite join growth", "a join, SQLite"),
    growth("sqlite claim growth", "a claim, SQLite"),
];

/// What PostgreSQL and RabbitMQ manage with us on them: claims, events, latency, growth to a million games.
///
/// Starts servers of its own, which write to the disk whatever is committed. Exits with 1 when a bar is missed.
#[derive(clap::Args)]
pub(crate) struct Engines {
    #[command(flatten)]
    servers: Choice,
    /// Measure by these programs instead of building them: the store's tests, and our bench
    #[arg(long, num_args = 2, value_names = ["TESTS", "BENCH"])]
    programs: Vec<PathBuf>,
    /// Where the raw data goes [default: a folder below target/]
    #[arg(long)]
    output: Option<PathBuf>,
}

impl Engines {
    /// Builds, starts, measures, prints a table.
    ///
    /// # Errors
    /// When something can't be built or started, or what measures fails.
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let [tests, bench] = match <[PathBuf; 2]>::try_from(self.programs) {
            Ok(programs) => programs,
            Err(_) => build()?,
        };
        packages::install_missing(&packages::SERVERS)?;
        let folder = workspace::scratch("bench-engines")?;
        let site = self.servers.site(servers::adopt(&folder.join("servers"))?)?;
        let mut servers = Servers::start_durable(&site)?;
        servers.wait()?;
        println!("before: {}", machine::describe()?);
        let mut figures = Figures::default();
        let with_servers = |program: &PathBuf| {
            let mut command = run::command(program, [""; 0]);
            command.envs(servers.facts().flat_map(|facts| facts.variables.clone()));
            command
        };
        figures.take(with_servers(&bench))?;
        let mut tests = with_servers(&tests);
        tests.args(TESTS).args(["--exact", "--nocapture", "--test-threads=1"]).env(PATIENCE_VARIABLE, "1");
        figures.take(tests)?;
        drop(servers);
        println!("after: {}", machine::describe()?);
        conclude(("engines", self.output.as_deref().unwrap_or(&folder)), &WANTED, &figures)
    }
}

/// The release build of the store's tests and of our own bench.
fn build() -> Result<[PathBuf; 2], Failure> {
    let mut build = run::command("cargo", ["test", "--release", "--locked", "--no-run"]);
    build.args(["--package", "store", "--test", "it", "--package", "xtask", "--bench", "engines"]);
    build.arg("--message-format=json-render-diagnostics");
    let said = output_aloud(build)?;
    let find = |target: (&str, &str)| {
        executable(&said, target)
            .ok_or_else(|| Failure::new(format!("cargo names no executable of {}", target.0)))
    };
    Ok([find(("crates/store/Cargo.toml", "it"))?, find(("crates/xtask/Cargo.toml", "engines"))?])
}

/// What it prints; what it tells people goes where our own goes.
fn output_aloud(mut command: Command) -> Result<String, Failure> {
    command.current_dir(workspace::root()).stderr(std::process::Stdio::inherit());
    run::output(command)
}

/// The last executable that cargo names for a target, given with its package's manifest.
fn executable(messages: &str, target: (&str, &str)) -> Option<PathBuf> {
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let ours = artifacts.filter(|artifact| {
        artifact["target"]["name"] == target.1
            && artifact["manifest_path"].as_str().is_some_and(|path| path.ends_with(target.0))
    });
    ours.filter_map(|artifact| artifact["executable"].as_str().map(PathBuf::from)).next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_executable_is_found_by_its_package_and_target() {
        let artifact = |package: &str, target: &str, executable: &str| {
            format!(
                r#"{{"manifest_path":"/x/crates/{package}/Cargo.toml","target":{{"name":"{target}"}},"executable":{executable}}}"#
            )
        };
        let messages = [
            artifact("store", "store", "null"),
            artifact("store", "it", r#""/x/target/release/deps/it-1""#),
            artifact("xtask", "it", r#""/x/target/release/deps/it-2""#),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ];
        let found = |package| executable(&messages.join("\n"), package);
        assert_eq!(found(("crates/store/Cargo.toml", "it")), Some("/x/target/release/deps/it-1".into()));
        assert_eq!(found(("crates/store/Cargo.toml", "store")), None);
    }
}
