//! A Python environment with discord.py: a Discord library that knows nothing of us, for the practice Discord.

use crate::failure::Failure;
use crate::{run, workspace};
use std::path::PathBuf;

/// What the practice Discord's test wants: the path of a Python that can import discord.py.
pub(crate) const VARIABLE: &str = "MUSTER_DISCORD_PY";

const VERSION: &str = "2.7.1";

/// Whether there is a Python with what it takes to make environments.
pub(crate) fn python_can_make_environments() -> bool {
    run::succeeds(run::command("python3", ["-c", "import ensurepip, venv"]))
}

/// Makes the environment, or finds it made, and gives its interpreter.
///
/// # Errors
/// When pip can't get the library.
pub(crate) fn prepare() -> Result<PathBuf, Failure> {
    let folder = workspace::scratch("discord-py")?;
    let python = folder.join("bin/python");
    let check = format!("import discord; assert discord.__version__ == '{VERSION}'");
    if run::succeeds(run::command(&python, ["-c", &check])) {
        return Ok(python);
    }
    let library = format!("discord.py=={VERSION}");
    println!("xtask: installing {library} in {}", folder.display());
    let mut venv = run::command("python3", ["-m", "venv", "--clear"]);
    venv.arg(&folder);
    run::done(venv)?;
    run::done(run::command(&python, ["-m", "pip", "install", "--quiet", &library]))?;
    Ok(python)
}
