//! `cargo xtask test`: every test, with what it needs.

use crate::failure::{Doing, Failure};
use crate::guardian::{Duty, Guardian};
use crate::run::{command, environment, succeeds};
use crate::servers::{self, Choice, Servers, postgres, rabbitmq, redis};
use crate::{browser, discord_py, packages, prometheus, workspace};
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode};

/// Run all tests, with the servers and programs that they need.
///
/// Missing Debian packages are installed, as root or with sudo, and named before. Throwaway servers run on free
/// private ports with their data below target/; they stop with the tests, also when interrupted.
#[derive(clap::Args)]
pub(crate) struct Test {
    /// Install and start nothing; say which tests that leaves out.
    #[arg(long)]
    embedded: bool,
    #[command(flatten)]
    servers: Choice,
    /// What to hand on to `cargo nextest run`, such as `-p store`; without it, the whole workspace runs.
    #[arg(last = true)]
    nextest: Vec<OsString>,
}

/// Tests that need something from outside: each looks for its variable, and without it prints that it is left
/// out and passes.
const GROUPS: [(&str, &str); 8] = [
    (postgres::VARIABLE, "the store on PostgreSQL"),
    (redis::VARIABLE, "the cache on Redis"),
    (rabbitmq::VARIABLE, "the bus on RabbitMQ"),
    (prometheus::TOOL_VARIABLE, "alert rules as promtool plays them"),
    (prometheus::SERVER_VARIABLE, "our metrics as Prometheus reads them"),
    (browser::VARIABLE, "the pages in a browser"),
    (discord_py::VARIABLE, "another Discord library against the practice Discord"),
    ("MUSTER_TEST_MILLION", "a million games, which cargo xtask bench engines plays"),
];

impl Test {
    /// Runs the tests and gives their exit code.
    ///
    /// # Errors
    /// When what they need is not to be had.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let mut outside = if self.embedded { Outside::default() } else { Outside::prepare(&self.servers)? };
        for (variable, what) in GROUPS {
            if !outside.has(variable) {
                println!("xtask: left out: {what} ({variable} is not set)");
            }
        }
        let steps = self.steps();
        for build in steps.iter().filter_map(Step::build) {
            if let Some(code) = failed(build)? {
                return Ok(code);
            }
        }
        outside.wait()?;
        for step in &steps {
            let mut tests = step.run();
            tests.envs(outside.variables.clone());
            if let Some(code) = failed(tests)? {
                return Ok(code);
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The program's own tests are built apart: their browser library has `serde_json` keep keys in the order of
    /// insertion, and in one build with the others it would do so for every crate.
    fn steps(self) -> Vec<Step> {
        let tests = tests();
        if !self.nextest.is_empty() {
            // Among what the caller says may be what can't be said to a mere build.
            return vec![Step { program: tests, which: self.nextest, can_be_built: false }];
        }
        let list = |words: &[&str]| words.iter().map(OsString::from).collect();
        let whole = |words| Step { program: tests, which: list(words), can_be_built: true };
        vec![
            whole(&["--workspace", "--exclude", "muster"]),
            whole(&["--package", "muster"]),
            Step { program: &["test", "--doc"], which: list(&["--workspace"]), can_be_built: false },
        ]
    }
}

/// How cargo is told to run tests.
fn tests() -> &'static [&'static str] {
    let nextest = succeeds(command("cargo", ["nextest", "--version"]));
    if nextest { &["nextest", "run"] } else { &["test", "--all-targets"] }
}

/// One call of cargo for tests. Where they can be built without being run, that comes before any of them runs: the
/// servers start meanwhile.
struct Step {
    program: &'static [&'static str],
    which: Vec<OsString>,
    can_be_built: bool,
}

impl Step {
    fn build(&self) -> Option<Command> {
        self.can_be_built.then(|| self.cargo(&[self.program, &["--no-run"]].concat()))
    }

    fn run(&self) -> Command {
        self.cargo(self.program)
    }

    fn cargo(&self, program: &[&str]) -> Command {
        let mut cargo = command("cargo", program);
        cargo.args(&self.which).current_dir(workspace::root());
        cargo
    }
}

/// Servers and programs that are not ours. Dropping it stops what it started.
#[derive(Default)]
struct Outside {
    variables: Vec<(String, OsString)>,
    servers: Option<Servers>,
}

impl Outside {
    /// Installs, prepares and starts what the caller's environment doesn't name already.
    fn prepare(choice: &Choice) -> Result<Self, Failure> {
        packages::install_missing(packages::SERVERS.iter().chain(&packages::PROGRAMS))?;
        let folder = workspace::scratch(&format!("servers-{}", std::process::id()))?;
        let servers = Servers::start_missing(&choice.site(servers::adopt(&folder)?)?)?;
        let mut variables = Vec::new();
        for server in servers.facts() {
            println!("xtask: {} runs on {}", server.name, server.variables[0].1);
            variables.extend(server.variables.iter().map(|(name, value)| (name.clone(), value.into())));
        }
        if environment(discord_py::VARIABLE).is_none() {
            variables.push((discord_py::VARIABLE.to_owned(), discord_py::prepare()?.into()));
        }
        let programs = [
            (browser::VARIABLE, browser::driver()),
            (prometheus::TOOL_VARIABLE, prometheus::tool()),
            (prometheus::SERVER_VARIABLE, prometheus::server()),
        ];
        for (variable, program) in programs {
            if let (None, Some(program)) = (environment(variable), program) {
                variables.push((variable.to_owned(), program.into()));
            }
        }
        Ok(Self { variables, servers: Some(servers) })
    }

    /// Waits until the servers answer.
    fn wait(&mut self) -> Result<(), Failure> {
        self.servers.as_mut().map_or(Ok(()), Servers::wait)
    }

    fn has(&self, variable: &str) -> bool {
        self.variables.iter().any(|(name, _)| name == variable) || environment(variable).is_some()
    }
}

/// Runs a program, and gives its exit code where it failed.
fn failed(program: Command) -> Result<Option<ExitCode>, Failure> {
    let code = watched(program)?;
    Ok((code != 0).then(|| ExitCode::from(code)))
}

/// Runs a program in a process group of its own, which a guardian ends if we are ended first.
fn watched(mut program: Command) -> Result<u8, Failure> {
    let mut child = program.process_group(0).spawn().doing("running the tests")?;
    let guardian = guard_group(&child)?;
    let status = child.wait().doing("waiting for the tests")?;
    guardian.dismiss();
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.unwrap_or(1))
}

fn guard_group(leader: &Child) -> Result<Guardian, Failure> {
    Guardian::set(&Duty::new(r#"kill -s TERM -- "$1""#, [format!("-{}", leader.id())]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn the_exit_code_of_the_tests_is_ours() {
        assert_eq!(watched(command("sh", ["-c", "exit 7"])).unwrap(), 7);
        assert_eq!(watched(command("sh", ["-c", "kill -s KILL $$"])).unwrap(), 1);
    }

    #[test]
    fn tests_end_when_we_do() {
        let mut sleeper = command("sleep", ["10"]).process_group(0).spawn().unwrap();
        drop(guard_group(&sleeper).unwrap());
        let terminated = 15;
        assert_eq!(sleeper.wait().unwrap().signal(), Some(terminated));
    }
}
