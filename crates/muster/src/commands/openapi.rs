use super::say;
use crate::failure::Failure;
use std::process::ExitCode;

/// Prints the document that `/api/v1/openapi.json` serves.
pub(crate) fn run() -> Result<ExitCode, Failure> {
    let document = web::openapi().to_pretty_json().map_err(std::io::Error::other)?;
    say(document)?;
    Ok(ExitCode::SUCCESS)
}
