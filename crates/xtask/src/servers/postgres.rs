use super::{Facts, Greeting, Server, make, ports};
use crate::failure::{Doing, Failure};
use crate::guardian::{Duty, Guardian};
use crate::run::{self, is_root, which};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the store's tests want: the address of a server on which they may make databases.
pub(crate) const VARIABLE: &str = "MUSTER_TEST_POSTGRES_URL";

/// Ends the server and takes its data away: `$1` is the data's folder, the rest the command that stops it.
const STOP: &str = r#"folder=$1; shift
"$@"
rm -rf -- "$folder"
rmdir -- "${folder%/*}" || true"#;

/// Nothing is kept over a crash of the machine, but whoever kills the server finds what was committed. Sockets in
/// the file system have short names only.
const SETTINGS: &str = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 \
                        -c fsync=off -c full_page_writes=off -c shared_preload_libraries=pg_stat_statements";

/// Asks whether it speaks TLS, which it answers with a letter.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Starts a server that trusts whoever is on this machine, and waits for it.
///
/// # Errors
/// When it doesn't start.
pub(crate) fn start(servers: &Path) -> Result<Server, Failure> {
    let programs = programs()?;
    let folder = servers.join("postgres");
    make(&folder)?;
    hand_over(&folder)?;
    let (data, log) = (folder.join("data"), folder.join("log"));
    let port = ports::free()?;

    let mut stop = control(&programs, &data);
    stop.args(["-m", "immediate", "stop"]);
    let stop = duty(&folder, &stop);
    let guardian = Guardian::set(&stop)?;

    let mut initdb = as_server(&programs.join("initdb"));
    initdb.arg("-D").arg(&data);
    initdb.args(["-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
    run::output(initdb)?;
    let mut start = control(&programs, &data);
    start.arg("-l").arg(&log).arg("-o").arg(format!("-p {port} {SETTINGS}")).arg("start");
    run::output(start)?;
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    let facts = Facts {
        name: "PostgreSQL".to_owned(),
        variables: vec![(VARIABLE.to_owned(), url)],
        greetings: vec![Greeting::new(port, &SSL_REQUEST)],
        stop,
    };
    Ok(Server { facts, process: None, log, guardian })
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

fn duty(folder: &Path, stop: &Command) -> Duty {
    let words = [folder.as_os_str(), stop.get_program()].into_iter().chain(stop.get_args());
    Duty::new(STOP, words.map(OsStr::to_string_lossy))
}

/// Gives a folder to whoever the server will be, and says whether they can use it.
///
/// # Errors
/// When it can't be given.
pub(super) fn hand_over(folder: &Path) -> Result<bool, Failure> {
    if is_root() {
        let chown = run::command("chown", [OsStr::new("postgres:"), folder.as_ref()]);
        run::output(chown).doing("giving PostgreSQL its folder")?;
    }
    let mut test = as_server(Path::new("/usr/bin/test"));
    test.arg("-w").arg(folder);
    Ok(run::succeeds(test))
}
