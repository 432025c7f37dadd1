//! A Redis of a test's own, that it may stop and kill.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::environment;

/// The path of a `redis-server` that tests may start.
const PROGRAM: &str = "MUSTER_TEST_REDIS_SERVER";

/// A server that ends with the test.
pub(crate) struct Server {
    program: String,
    port: u16,
    arguments: Vec<String>,
    folder: TempDir,
    child: Child,
}

impl Server {
    /// A server on a free port; without a program to start, says what is left out.
    pub(crate) async fn start(arguments: &[&str]) -> Option<Self> {
        let Some(program) = environment(PROGRAM) else {
            eprintln!("left out: a Redis that dies, since {PROGRAM} is not set (cargo xtask test finds one)");
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let folder = TempDir::new().unwrap();
        let child = launch(&program, port, (&arguments, &folder));
        let server = Self { program, port, arguments, folder, child };
        server.listens().await;
        Some(server)
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}/0", self.address())
    }

    /// Ends it as a crash does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it anew where it was, empty.
    pub(crate) async fn restart(&mut self) {
        self.child = launch(&self.program, self.port, (&self.arguments, &self.folder));
        self.listens().await;
    }

    /// Has it do what it answers with `OK`.
    pub(crate) fn command(&self, words: &str) {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        write!(stream, "{words}\r\n").unwrap();
        let mut answer = [0; 3];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"+OK");
    }

    /// Freezes it, or lets it go on: its connections stay open.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    async fn listens(&self) {
        let listening = async {
            while TcpStream::connect(self.address()).is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), listening).await.unwrap();
    }
}

fn launch(program: &str, port: u16, (arguments, folder): (&[String], &TempDir)) -> Child {
    Command::new(program)
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""])
        .args(arguments)
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
