use super::{block_on, say};
use crate::engines;
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::settings::Settings;
use std::process::ExitCode;

/// Brings the schema up to date.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    // A server takes care of two who migrate at once; a file is for one process alone.
    let folder = match settings.engines.database {
        None => Some(DataFolder::take(&settings.data)?),
        Some(_) => None,
    };
    let state = block_on(engines::migrate(settings, folder.as_ref()))?;
    let database = folder.map_or("DATABASE_URL".to_owned(), |folder| folder.database().display().to_string());
    say(format_args!("{database}: {} of {} migrations applied", state.applied, state.known))?;
    Ok(ExitCode::SUCCESS)
}
