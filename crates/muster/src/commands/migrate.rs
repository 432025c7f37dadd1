use super::{block_on, say, silent};
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::settings::Settings;
use crate::wiring;
use std::process::ExitCode;

/// Brings the schema up to date.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    let folder = DataFolder::take(&settings.data)?;
    let state = block_on(async {
        let store = wiring::open_store(&folder, &silent()).await?;
        let state = store.migration_state().await?;
        store.close().await;
        Ok(state)
    })?;
    say(format_args!(
        "{}: {} of {} migrations applied",
        folder.database().display(),
        state.applied,
        state.known
    ))?;
    Ok(ExitCode::SUCCESS)
}
