//! `cargo xtask dashboards`: Grafana's files from their definitions.

use crate::failure::Failure;
use crate::{run, workspace};
use std::process::ExitCode;

/// Builds the crate that defines the dashboards and alert rules, and has it write them.
///
/// # Errors
/// When a query names a metric that nothing emits.
pub(crate) fn write() -> Result<ExitCode, Failure> {
    let mut write =
        run::command("cargo", ["run", "--quiet", "--package", "dashboards", "--", "deploy/grafana"]);
    write.current_dir(workspace::root());
    run::done(write)?;
    Ok(ExitCode::SUCCESS)
}
