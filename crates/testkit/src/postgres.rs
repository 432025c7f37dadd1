//! A PostgreSQL of a test's own, that trusts nobody and may be killed.

use crate::group::{Group, named, said};
use crate::ports;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The folder of the programs `initdb`, `postgres` and `pg_isready`.
const PROGRAMS: &str = "MUSTER_TEST_POSTGRES_PROGRAMS";
/// Debian's package makes it; the server refuses to be root.
const ITS_USER: &str = "postgres";
/// What it says.
const SAID: &str = "server.out";
const PASSWORD: &str = "only for this test";
const BOOTS_WITHIN: Duration = Duration::from_mins(2);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// A server with passwords, and with `fsync`. Fields are dropped in this order: it ends before its data goes.
#[derive(Debug)]
pub struct Postgres {
    server: Option<Group>,
    programs: PathBuf,
    port: u16,
    /// Whether it has to become another user first.
    is_root: bool,
    folder: TempDir,
}

impl Postgres {
    /// One that answers; without its programs, says what is left out.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start() -> Option<Self> {
        let programs = named(PROGRAMS, "a PostgreSQL that asks for passwords or is killed")?.into();
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("password"), PASSWORD).expect("a file");
        let [port] = ports::free();
        let is_root = fs::metadata(folder.path()).is_ok_and(|folder| folder.uid() == 0);
        let mut postgres = Self { server: None, programs, port, is_root, folder };
        postgres.hand_over();
        let mut initdb = postgres.command("initdb");
        initdb.args(["-D", "data", "-U", ITS_USER, "--auth=scram-sha-256", "--pwfile=password"]);
        initdb.args(["-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]).current_dir(postgres.folder.path());
        let made = initdb.output().expect("initdb starts");
        assert!(made.status.success(), "{made:?}");
        postgres.start_again();
        postgres.answers().await;
        Some(postgres)
    }

    /// The address of one of its databases, for its superuser.
    pub fn url(&self, database: &str) -> String {
        self.url_for((ITS_USER, PASSWORD), database)
    }

    /// The same for somebody with a password.
    pub fn url_for(&self, (user, password): (&str, &str), database: &str) -> String {
        let password = password.replace(' ', "%20");
        format!("postgres://{user}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// Ends its first process as a crash does, by SIGKILL; the others end when they notice.
    pub fn kill(&mut self) {
        self.server = None;
    }

    /// Starts it where it was, with what it had; it does not answer yet.
    ///
    /// # Panics
    /// When the program can't be started.
    pub fn start_again(&mut self) {
        let port = self.port.to_string();
        let mut server = self.command("postgres");
        server.args(["-D", "data", "-p", &port, "-c", "listen_addresses=127.0.0.1"]);
        server.args(["-c", "unix_socket_directories=", "-c", "max_connections=200"]);
        self.server = Some(Group::lead_by(server, &self.folder, SAID));
    }

    /// Waits until it lets people in. A start is tried again while processes of a server that was killed are there.
    ///
    /// # Panics
    /// When it never does.
    pub async fn answers(&mut self) {
        let mut looks = tokio::time::interval(BETWEEN_LOOKS);
        let answering = async {
            while !self.is_ready() {
                looks.tick().await;
                if !self.server.as_mut().is_some_and(Group::runs) {
                    self.start_again();
                }
            }
        };
        let answered = tokio::time::timeout(BOOTS_WITHIN, answering).await;
        assert!(answered.is_ok(), "it does not answer: {}", said(&self.folder, SAID));
    }

    fn is_ready(&self) -> bool {
        let mut asking = Command::new(self.programs.join("pg_isready"));
        asking.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]).stdout(Stdio::null());
        asking.status().is_ok_and(|status| status.success())
    }

    /// A program of the server's, as whoever the server is.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        if !self.is_root {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid", ITS_USER, "--regid", ITS_USER, "--init-groups", "--"]).arg(program);
        command
    }

    /// Gives the folder to whoever the server is.
    fn hand_over(&self) {
        if self.is_root {
            let owner = format!("{ITS_USER}:");
            let given = Command::new("chown").args(["-R", &owner]).arg(self.folder.path()).status();
            assert!(given.is_ok_and(|status| status.success()), "PostgreSQL gets its folder");
        }
    }
}
