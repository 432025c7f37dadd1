//! Running other programs.

use crate::failure::{Doing, Failure};
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A program with its arguments, as typed.
pub(crate) fn command<A: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = A>,
) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs a program to its end, with its output where ours goes.
///
/// # Errors
/// When it can't be started or says that it failed.
pub(crate) fn done(mut command: Command) -> Result<(), Failure> {
    let said = said(&command);
    let status = command.status().doing(&said)?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("{said}: {status}"))) }
}

/// Runs a program to its end and gives what it printed; what it complains of is part of the error.
///
/// # Errors
/// When it can't be started or says that it failed.
pub(crate) fn output(mut command: Command) -> Result<String, Failure> {
    let said = said(&command);
    let output = command.output().doing(&said)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("{said}: {}\n{}", output.status, complaint.trim())))
}

/// Whether a program runs and is content; it is not heard.
pub(crate) fn succeeds(mut command: Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Where a program is, if it is on the path.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    let path = environment("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// A variable of the environment, if it holds something.
pub(crate) fn environment(name: &str) -> Option<std::ffi::OsString> {
    #[expect(clippy::disallowed_methods, reason = "a chore is configured by its caller's environment")]
    let value = std::env::var_os(name);
    value.filter(|value| !value.is_empty())
}

/// Whether we are root.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn said(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
