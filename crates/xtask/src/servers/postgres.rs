use super::{Facts, Greeting, Server, Site, Userland, make, ports};
use crate::failure::{Doing, Failure};
use crate::guardian::{Duty, Guardian};
use crate::run::{self, is_root, which};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the store's tests want: the address of a server on which they may make databases.
pub(crate) const VARIABLE: &str = "MUSTER_TEST_POSTGRES_URL";
/// What those start that want one of their own, to kill: the folder of its programs.
const PROGRAMS_VARIABLE: &str = "MUSTER_TEST_POSTGRES_PROGRAMS";

/// Ends the server and takes its data away: `$1` is the data's folder, the rest the command that stops it.
const STOP: &str = r#"folder=$1; shift
"$@"
rm -rf -- "$folder"
rmdir -- "${folder%/*}" || true"#;

/// Sockets in the file system have short names only.
const SETTINGS: &str = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 \
                        -c shared_preload_libraries=pg_stat_statements";
/// Nothing is kept over a crash of the machine, but whoever kills the server finds what was committed.
const HASTY: &str = "-c fsync=off -c full_page_writes=off";

/// Below /usr.
const VERSIONS: &str = "lib/postgresql";

/// Asks whether it speaks TLS, which it answers with a letter.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Starts a server that trusts whoever is on this machine and waits for no disk, and waits for it.
///
/// # Errors
/// When it doesn't start.
pub(crate) fn start(site: &Site) -> Result<Server, Failure> {
    start_with(site, HASTY)
}

/// The same, but what is committed is on the disk.
///
/// # Errors
/// When it doesn't start.
pub(crate) fn start_durable(site: &Site) -> Result<Server, Failure> {
    start_with(site, "")
}

fn start_with(site: &Site, more: &str) -> Result<Server, Failure> {
    let programs = Programs::of(&site.userland)?;
    let folder = site.folder.join("postgres");
    make(&folder)?;
    hand_over(&folder)?;
    let (data, log) = (folder.join("data"), folder.join("log"));
    let port = ports::free()?;

    let mut stop = programs.control(&data);
    stop.args(["-m", "immediate", "stop"]);
    let stop = duty(&folder, &stop);
    let guardian = Guardian::set(&stop)?;

    let mut initdb = programs.command("initdb");
    initdb.arg("-D").arg(&data);
    initdb.args(["-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
    run::output(initdb)?;
    let mut start = programs.control(&data);
    start.arg("-l").arg(&log).arg("-o").arg(format!("-p {port} {SETTINGS} {more}")).arg("start");
    run::output(start)?;
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    let facts = Facts {
        name: "PostgreSQL".to_owned(),
        variables: programs.variables(url),
        greetings: vec![Greeting::new(port, &SSL_REQUEST)],
        stop,
    };
    Ok(Server { facts, process: None, log, guardian })
}

/// Whether there is a server to start.
pub(crate) fn is_here() -> bool {
    Programs::of(&Userland::Installed).is_ok()
}

/// The server's programs, and where they run.
struct Programs<'a> {
    userland: &'a Userland,
    folder: PathBuf,
}

impl<'a> Programs<'a> {
    /// Debian keeps them off the path, one folder a version.
    fn of(userland: &'a Userland) -> Result<Self, Failure> {
        let versions = std::fs::read_dir(userland.seen(VERSIONS)).into_iter().flatten().flatten();
        let has_programs =
            |version: &u32| userland.seen(VERSIONS).join(version.to_string()).join("bin/initdb").is_file();
        let newest = versions
            .filter_map(|version| version.file_name().to_str()?.parse().ok())
            .filter(has_programs)
            .max();
        let debian =
            newest.map(|version| Userland::Installed.seen(VERSIONS).join(version.to_string()).join("bin"));
        let on_path = || which("initdb").and_then(|initdb| initdb.parent().map(Path::to_owned));
        let folder = debian.or_else(on_path).ok_or_else(|| Failure::new("PostgreSQL is not installed"))?;
        Ok(Self { userland, folder })
    }

    /// Those of another release can't be started without its userland around them.
    fn variables(&self, url: String) -> Vec<(String, String)> {
        let url = (VARIABLE.to_owned(), url);
        let folder = (PROGRAMS_VARIABLE.to_owned(), self.folder.to_string_lossy().into_owned());
        if *self.userland == Userland::Installed { vec![url, folder] } else { vec![url] }
    }

    fn command(&self, name: &str) -> Command {
        as_server(self.userland, &self.folder.join(name))
    }

    fn control(&self, data: &Path) -> Command {
        let mut control = self.command("pg_ctl");
        control.arg("-D").arg(data).arg("-w");
        control
    }
}

/// PostgreSQL refuses to be root: then it is whoever Debian's package made for it.
fn as_server(userland: &Userland, program: &Path) -> Command {
    let mut command = if is_root() {
        let become_them = [OsStr::new("-u"), "postgres".as_ref(), "--".as_ref(), program.as_ref()];
        userland.command("runuser", become_them)
    } else {
        userland.command(program, [""; 0])
    };
    // It may not be allowed to look at the folder that we are in.
    command.current_dir("/");
    command
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
    let mut test = as_server(&Userland::Installed, Path::new("/usr/bin/test"));
    test.arg("-w").arg(folder);
    Ok(run::succeeds(test))
}
