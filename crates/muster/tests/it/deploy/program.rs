//! What the program itself knows.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use tempfile::TempDir;

fn muster(folder: &TempDir) -> Command {
    let mut muster = Command::new(env!("CARGO_BIN_EXE_muster"));
    muster.env_clear().current_dir(folder).stdin(Stdio::null());
    muster
}

/// Whether it has such a command.
pub(super) fn has(command: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    muster(&folder).args([command, "--help"]).output().unwrap().status.success()
}

/// Whether it reads a variable: its flags or `muster config` list it, or it complains of nonsense in it by name.
pub(super) fn reads(variable: &str) -> bool {
    static LISTED: LazyLock<BTreeSet<String>> = LazyLock::new(listed);
    let nonsense = [(variable.to_owned(), "nonsense://".to_owned())];
    LISTED.contains(variable) || complaint(&nonsense).contains(variable)
}

fn listed() -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut said = String::new();
    for arguments in [["config", "--help"], ["config", "--log-format=json"]] {
        said += &String::from_utf8(muster(&folder).args(arguments).output().unwrap().stdout).unwrap();
    }
    let words = said.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.contains('_') && word.to_uppercase() == **word).map(str::to_owned).collect()
}

/// What `muster config` complains of when it is given these variables.
pub(super) fn complaint(variables: &[(String, String)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = muster(&folder).arg("config").envs(variables.iter().cloned()).output().unwrap();
    if output.status.success() { String::new() } else { String::from_utf8(output.stderr).unwrap() }
}

/// A service in a process of its own, whose engines don't answer.
pub(super) struct Lonely {
    process: Child,
    health: String,
    _folder: TempDir,
}

impl Lonely {
    pub(super) fn start(command: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = muster(&folder)
            .arg(command)
            .env("DATABASE_URL", "postgres://muster@127.0.0.1:1/muster")
            .env("REDIS_URL", "redis://127.0.0.1:1")
            .env("AMQP_URL", "amqp://127.0.0.1:1")
            .env("MUSTER_INTERNAL_KEY", "0123456789abcdef0123456789abcdef")
            .env("DISCORD_BOT_TOKEN", "nobody's")
            .env("MUSTER_LISTEN", "127.0.0.1:0")
            .env("OTEL_SDK_DISABLED", "true")
            .args(["--health-listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.find(|line| line.trim_start().starts_with("health ")).unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        let health = line.split("http://").nth(1).unwrap().trim().to_owned();
        Self { process, health, _folder: folder }
    }

    /// Where its health listener is.
    pub(super) fn health(&self) -> &str {
        &self.health
    }

    /// The status with which its health listener answers.
    pub(super) fn status(&self, path: &str) -> String {
        let mut connection = TcpStream::connect(&self.health).unwrap();
        write!(connection, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.health)
            .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer.split_whitespace().nth(1).unwrap().to_owned()
    }
}

impl Drop for Lonely {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The paths that deploy/ asks: alive while it waits for its engines, and not ready.
#[test]
fn a_service_without_its_engines_is_alive_and_not_ready() {
    for command in super::SERVICES {
        let service = Lonely::start(command);
        assert_eq!(service.status("/livez"), "200", "{command}");
        assert_eq!(service.status("/readyz"), "503", "{command}");
        assert_eq!(service.status("/healthz"), "404", "{command}");
    }
}

#[test]
fn what_it_does_not_read_is_known() {
    assert!(reads("DATABASE_URL") && reads("MUSTER_LISTEN") && reads("OTEL_EXPORTER_OTLP_ENDPOINT"));
    assert!(!reads("DATABASE_ADDRESS") && !reads("MUSTER_LISTENS") && !has("notifications"));
}
