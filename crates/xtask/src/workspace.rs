use crate::failure::{Doing, Failure};
use crate::run;
use std::path::{Path, PathBuf};

/// The folder that the workspace's Cargo.toml is in.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// Where cargo builds: `target`, unless somebody configured another folder.
///
/// # Errors
/// When cargo can't tell.
pub(crate) fn target() -> Result<PathBuf, Failure> {
    let mut cargo = run::command("cargo", ["metadata", "--no-deps", "--format-version=1"]);
    cargo.current_dir(root());
    let metadata: serde_json::Value = serde_json::from_str(&run::output(cargo)?).doing("cargo metadata")?;
    let folder = metadata["target_directory"].as_str();
    folder.map(PathBuf::from).ok_or_else(|| Failure::new("cargo metadata names no target folder"))
}

/// A folder of our own below cargo's.
///
/// # Errors
/// When it can't be made.
pub(crate) fn scratch(name: &str) -> Result<PathBuf, Failure> {
    let folder = target()?.join("xtask").join(name);
    std::fs::create_dir_all(&folder).doing(&format!("making {}", folder.display()))?;
    Ok(folder)
}
