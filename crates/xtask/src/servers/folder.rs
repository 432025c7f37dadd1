use crate::failure::{Doing, Failure};
use crate::servers::postgres;
use std::path::{Path, PathBuf};

/// Gives the wanted folder if all servers can use it, or else one in the system's place for passing things: below
/// target/ may be where only root may go.
///
/// # Errors
/// When neither can be made.
pub(crate) fn adopt(wanted: &Path) -> Result<PathBuf, Failure> {
    make(wanted)?;
    let probe = wanted.join("probe");
    make(&probe)?;
    let usable = postgres::hand_over(&probe)?;
    std::fs::remove_dir(&probe).doing("tidying up")?;
    if usable {
        return Ok(wanted.to_owned());
    }
    std::fs::remove_dir(wanted).doing("tidying up")?;
    let elsewhere = std::env::temp_dir().join(format!("muster-servers-{}", std::process::id()));
    make(&elsewhere)?;
    Ok(elsewhere)
}

/// Makes a folder, if there is none.
///
/// # Errors
/// When it can't be made.
pub(crate) fn make(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).doing(&format!("making {}", folder.display()))
}
