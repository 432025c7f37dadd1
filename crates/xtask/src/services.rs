//! `cargo xtask services`: servers to test against by hand.

use crate::failure::{Doing, Failure};
use crate::servers::{self, Choice, Facts, Servers};
use crate::{packages, workspace};
use std::path::PathBuf;
use std::process::ExitCode;

/// Start, stop or look at throwaway PostgreSQL, Redis and RabbitMQ.
///
/// They listen on free ports of this machine only, keep their data below target/services, and stand beside any
/// others. The variables by which tests find them are printed and written to target/services/env:
/// `set -a; . target/services/env; set +a`.
#[derive(clap::Subcommand)]
pub(crate) enum Services {
    /// Install what is missing, start them, and say where they are
    Up(Choice),
    /// Stop them and take their data away
    Down,
    /// Say which of them answer, and where
    Status,
}

impl Services {
    /// Does it.
    ///
    /// # Errors
    /// When a server can't be installed, started or stopped.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let files = Files::below_target()?;
        match self {
            Self::Up(choice) => up(&files, &choice)?,
            Self::Down => down(&files)?,
            Self::Status => return status(&files),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What is left behind for the next call, and for tests.
struct Files {
    folder: PathBuf,
}

impl Files {
    fn below_target() -> Result<Self, Failure> {
        Ok(Self { folder: workspace::target()?.join("services") })
    }

    /// The servers that the last `up` started and no `down` stopped.
    fn read(&self) -> Result<Vec<Facts>, Failure> {
        match std::fs::read(self.facts()) {
            Ok(text) => serde_json::from_slice(&text).doing("reading target/services/running.json"),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error).doing("reading target/services/running.json"),
        }
    }

    fn write(&self, running: &[Facts]) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(running).doing("describing the servers")?;
        std::fs::write(self.facts(), text).doing("writing target/services/running.json")?;
        std::fs::write(self.env(), env_lines(running)).doing("writing target/services/env")
    }

    fn remove(&self) -> Result<(), Failure> {
        let _ = std::fs::remove_file(self.env());
        std::fs::remove_file(self.facts()).doing("tidying up target/services")
    }

    fn facts(&self) -> PathBuf {
        self.folder.join("running.json")
    }

    fn env(&self) -> PathBuf {
        self.folder.join("env")
    }
}

/// As a shell reads them; no value has a quote in it.
fn env_lines(running: &[Facts]) -> String {
    let variables = running.iter().flat_map(|server| &server.variables);
    let lines: Vec<_> = variables.map(|(name, value)| format!("{name}='{value}'\n")).collect();
    lines.concat()
}

fn up(files: &Files, choice: &Choice) -> Result<(), Failure> {
    let running = files.read()?;
    if !running.is_empty() && running.iter().all(Facts::answers) {
        println!("xtask: they run already");
        print!("{}", env_lines(&running));
        return Ok(());
    }
    if !running.is_empty() {
        println!("xtask: tidying up after servers that don't answer any more");
        down(files)?;
    }
    packages::install_missing(&packages::SERVERS)?;
    let folder = servers::adopt(&files.folder.join("data"))?;
    let mut servers = Servers::start_all(&choice.site(folder)?)?;
    println!("xtask: starting; RabbitMQ takes ten seconds on an idle machine, forty on a busy one");
    servers.wait()?;
    let facts: Vec<_> = servers.facts().cloned().collect();
    servers::make(&files.folder)?;
    files.write(&facts)?;
    servers.leave();
    print!("{}", env_lines(&facts));
    println!("xtask: also in {}; stop them by: cargo xtask services down", files.env().display());
    Ok(())
}

fn down(files: &Files) -> Result<(), Failure> {
    let running = files.read()?;
    if running.is_empty() {
        println!("xtask: nothing runs");
        return Ok(());
    }
    for server in &running {
        server.stop.fulfil()?;
        println!("xtask: {} is stopped", server.name);
    }
    files.remove()
}

/// Fails where one of them doesn't answer.
fn status(files: &Files) -> Result<ExitCode, Failure> {
    let running = files.read()?;
    if running.is_empty() {
        println!("xtask: nothing runs; start by: cargo xtask services up");
    }
    let mut all = !running.is_empty();
    for server in &running {
        let answers = server.answers();
        println!("{}: {}", server.name, if answers { "answers" } else { "doesn't answer" });
        for (name, value) in &server.variables {
            println!("  {name}='{value}'");
        }
        all &= answers;
    }
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
