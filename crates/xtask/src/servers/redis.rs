use super::{END, Facts, Greeting, Server, Site, make, ports};
use crate::failure::{Doing, Failure};
use crate::guardian::{Duty, Guardian};
use crate::run::{self, which};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Stdio};

/// What the cache's tests want: the address of a server that is theirs.
pub(crate) const VARIABLE: &str = "MUSTER_TEST_REDIS_URL";
/// What they start when they want one of their own, to stop or kill: the path of the program.
pub(super) const PROGRAM_VARIABLE: &str = "MUSTER_TEST_REDIS_SERVER";

/// Debian's package scripts stop every process that runs the program they brought, so ours is a copy by another
/// name.
const PROGRAM: &str = "muster-test-redis";

/// As many keyspaces as there are tests that want one of their own, and some more.
const KEYSPACES: &str = "64";

/// Starts a server that keeps its data on disk, not yet ready.
///
/// # Errors
/// When it can't be started.
pub(crate) fn start(site: &Site) -> Result<Server, Failure> {
    let folder = site.folder.join("redis");
    make(&folder)?;
    let program = folder.join(PROGRAM);
    if let Some(script) = site.userland.script(site.redis) {
        std::fs::write(&program, script).doing("writing a script")?;
        std::fs::set_permissions(&program, Permissions::from_mode(0o755)).doing("writing a script")?;
    } else {
        let installed = which(site.redis).ok_or_else(|| Failure::new("Redis is not installed"))?;
        std::fs::copy(installed, &program).doing("copying redis-server")?;
    }
    let port = ports::free()?;
    let log = folder.join("log");
    let process = spawn(&program, &folder, port, &log)?;
    let stop = Duty::new(END, [folder.to_string_lossy().into_owned(), process.id().to_string()]);
    let guardian = Guardian::set(&stop)?;
    let facts = Facts {
        name: "Redis".to_owned(),
        variables: vec![
            (VARIABLE.to_owned(), format!("redis://127.0.0.1:{port}")),
            (PROGRAM_VARIABLE.to_owned(), program.to_string_lossy().into_owned()),
        ],
        greetings: vec![Greeting::new(port, b"PING\r\n")],
        stop,
    };
    Ok(Server { facts, process: Some(process), log, guardian })
}

fn spawn(program: &Path, folder: &Path, port: u16, log: &Path) -> Result<Child, Failure> {
    let mut redis = run::command(program, ["--port", &port.to_string(), "--bind", "127.0.0.1"]);
    redis.args(["--databases", KEYSPACES]);
    redis.args(["--appendonly", "yes", "--daemonize", "no"]).arg("--dir").arg(folder);
    redis.arg("--logfile").arg(log).current_dir(folder).process_group(0);
    // It may outlive us, and shall not hold open what our output goes into.
    redis.stdout(Stdio::null()).stderr(Stdio::null());
    redis.spawn().doing("starting Redis")
}
