//! `cargo xtask test`: every test, with what it needs.

use crate::failure::{Doing, Failure};
use crate::guardian::Guardian;
use crate::postgres::{self, Postgres};
use crate::run::{command, environment, succeeds};
use crate::{browser, discord_py, packages, workspace};
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
    /// What to hand on to `cargo nextest run`, such as `-p store`; without it, the whole workspace runs.
    #[arg(last = true)]
    nextest: Vec<OsString>,
}

/// Tests that need something from outside: each looks for its variable, and without it prints that it is left
/// out and passes.
const GROUPS: [(&str, &str); 3] = [
    (postgres::VARIABLE, "the statements of the store on PostgreSQL"),
    (browser::VARIABLE, "the pages in a browser"),
    (discord_py::VARIABLE, "another Discord library against the practice Discord"),
];

impl Test {
    /// Runs the tests and gives their exit code.
    ///
    /// # Errors
    /// When what they need is not to be had.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let outside = if self.embedded { Outside::default() } else { Outside::prepare()? };
        for (variable, what) in GROUPS {
            if !outside.has(variable) {
                println!("xtask: left out: {what} ({variable} is not set)");
            }
        }
        for mut step in self.steps() {
            step.current_dir(workspace::root()).envs(outside.variables.clone());
            let code = watched(step)?;
            if code != 0 {
                return Ok(ExitCode::from(code));
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The program's own tests are built apart: their browser library has `serde_json` keep keys in the order of
    /// insertion, and in one build with the others it would do so for every crate.
    fn steps(self) -> Vec<Command> {
        if !self.nextest.is_empty() {
            return vec![tests(self.nextest)];
        }
        let list = |words: &[&str]| words.iter().map(OsString::from).collect();
        vec![
            tests(list(&["--workspace", "--exclude", "muster"])),
            tests(list(&["--package", "muster"])),
            command("cargo", ["test", "--workspace", "--doc"]),
        ]
    }
}

fn tests(which: Vec<OsString>) -> Command {
    let nextest = succeeds(command("cargo", ["nextest", "--version"]));
    let mut tests =
        command("cargo", if nextest { &["nextest", "run"][..] } else { &["test", "--all-targets"] });
    tests.args(which);
    tests
}

/// Servers and programs that are not ours. Dropping it stops what it started.
#[derive(Default)]
struct Outside {
    variables: Vec<(&'static str, OsString)>,
    _postgres: Option<Postgres>,
}

impl Outside {
    /// Installs, prepares and starts what the caller's environment doesn't name already.
    fn prepare() -> Result<Self, Failure> {
        packages::install_missing()?;
        let mut variables = Vec::new();
        if environment(discord_py::VARIABLE).is_none() {
            variables.push((discord_py::VARIABLE, discord_py::prepare()?.into()));
        }
        if let (None, Some(driver)) = (environment(browser::VARIABLE), browser::driver()) {
            variables.push((browser::VARIABLE, driver.into()));
        }
        let postgres = match environment(postgres::VARIABLE) {
            None => Some(Postgres::start()?),
            Some(_) => None,
        };
        if let Some(postgres) = &postgres {
            println!("xtask: PostgreSQL runs on {}", postgres.url());
            variables.push((postgres::VARIABLE, postgres.url().into()));
        }
        Ok(Self { variables, _postgres: postgres })
    }

    fn has(&self, variable: &str) -> bool {
        self.variables.iter().any(|(name, _)| *name == variable) || environment(variable).is_some()
    }
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
    let group = OsString::from(format!("-{}", leader.id()));
    Guardian::set(r#"kill -s TERM -- "$1""#, &[&group])
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
