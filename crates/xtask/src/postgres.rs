//! A throwaway PostgreSQL on a private port, with its data below target/.

use crate::failure::{Doing, Failure};
use crate::guardian::Guardian;
use crate::run::{self, is_root, which};
use crate::workspace;
use std::ffi::OsStr;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the store's tests want: the address of a server on which they may make databases.
pub(crate) const VARIABLE: &str = "MUSTER_TEST_POSTGRES_URL";

/// Ends the server and takes its data away: `$1` is the data's folder, the rest the command that stops it.
const STOP: &str = r#"folder=$1; shift; "$@"; rm -rf -- "$folder""#;

/// Durability is for data that somebody wants to keep; sockets in the file system have short names only.
const SETTINGS: &str = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 \
                        -c fsync=off -c full_page_writes=off -c synchronous_commit=off";

/// A running server; dropping it stops it, and so does the end of this process.
pub(crate) struct Postgres {
    port: u16,
    _guardian: Guardian,
}

impl Postgres {
    /// Starts a server that trusts whoever is on this machine.
    ///
    /// # Errors
    /// When it doesn't start.
    pub(crate) fn start() -> Result<Self, Failure> {
        let programs = programs()?;
        let folder = data_folder()?;
        let data = folder.join("data");
        let port = free_port()?;

        let mut stop = control(&programs, &data);
        stop.args(["-m", "immediate", "stop"]);
        let guardian = guard(&folder, &stop)?;

        let mut initdb = as_server(&programs.join("initdb"));
        initdb.arg("-D").arg(&data).args([
            "-U",
            "postgres",
            "--auth=trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]);
        run::output(initdb)?;
        let mut start = control(&programs, &data);
        start.arg("-l").arg(folder.join("log")).arg("-o").arg(format!("-p {port} {SETTINGS}")).arg("start");
        run::output(start)?;
        Ok(Self { port, _guardian: guardian })
    }

    /// Where it listens, for its superuser.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

/// The folder with the server's programs: Debian keeps them off the path, one folder a version.
///
/// # Errors
/// When there is none.
pub(crate) fn programs() -> Result<PathBuf, Failure> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut debian: Vec<_> = versions
        .map(|version| version.path().join("bin"))
        .filter(|bin| bin.join("initdb").is_file())
        .collect();
    debian.sort_by_key(|bin| version_of(bin));
    let on_path = || which("initdb").and_then(|initdb| initdb.parent().map(Path::to_owned));
    debian.pop().or_else(on_path).ok_or_else(|| Failure::new("PostgreSQL is not installed"))
}

fn version_of(programs: &Path) -> Option<u32> {
    programs.parent()?.file_name()?.to_str()?.parse().ok()
}

/// PostgreSQL refuses to be root: then it is whoever Debian's package made for it.
fn as_server(program: &Path) -> Command {
    let mut command = if is_root() {
        run::command("runuser", [OsStr::new("-u"), "postgres".as_ref(), "--".as_ref(), program.as_ref()])
    } else {
        run::command(program, [""; 0])
    };
    // It may not be allowed to look at the folder that we are in.
    command.current_dir("/");
    command
}

fn control(programs: &Path, data: &Path) -> Command {
    let mut control = as_server(&programs.join("pg_ctl"));
    control.arg("-D").arg(data).arg("-w");
    control
}

fn guard(folder: &Path, stop: &Command) -> Result<Guardian, Failure> {
    let mut words = vec![folder.as_os_str(), stop.get_program()];
    words.extend(stop.get_args());
    Guardian::set(STOP, &words)
}

/// A new folder that the server can write to: below target/, unless that is where only root may go.
fn data_folder() -> Result<PathBuf, Failure> {
    let name = format!("muster-postgres-{}", std::process::id());
    let below_target = workspace::scratch(&name)?;
    if hand_over(&below_target)? {
        return Ok(below_target);
    }
    std::fs::remove_dir(&below_target).doing("tidying up")?;
    let elsewhere = std::env::temp_dir().join(name);
    std::fs::create_dir(&elsewhere).doing(&format!("making {}", elsewhere.display()))?;
    hand_over(&elsewhere)?;
    Ok(elsewhere)
}

/// Gives a folder to whoever the server will be, and says whether they can use it.
fn hand_over(folder: &Path) -> Result<bool, Failure> {
    if is_root() {
        run::done(run::command("chown", [OsStr::new("postgres:"), folder.as_ref()]))?;
    }
    let mut test = as_server(Path::new("/usr/bin/test"));
    test.arg("-w").arg(folder);
    Ok(run::succeeds(test))
}

fn free_port() -> Result<u16, Failure> {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).doing("looking for a free port")?;
    Ok(socket.local_addr().doing("looking for a free port")?.port())
}
