//! A Redis of a test's own.

use std::{process::Stdio, time::Duration};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
};

use super::address;

const STARTS_WITHIN: Duration = Duration::from_secs(20);

/// A server; it ends when it is dropped.
pub(crate) struct RedisServer {
    pub(crate) port: u16,
    program: String,
    arguments: Vec<String>,
    folder: TempDir,
    child: Child,
}

impl RedisServer {
    /// `None`, and a line that says so, where there is no program to start.
    pub(crate) async fn start(arguments: &[&str]) -> Option<Self> {
        let program = address("MUSTER_TEST_REDIS_SERVER")?;
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let child = launch(&program, port, (&arguments, &folder));
        let server = Self { port, program, arguments, folder, child };
        server.listens().await;
        Some(server)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends it as a crash does.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Starts it anew where it was, empty.
    pub(crate) async fn restart(&mut self) {
        self.child = launch(&self.program, self.port, (&self.arguments, &self.folder));
        self.listens().await;
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.unwrap()
    }

    /// Has it run commands, one a line, and gives what it answered.
    pub(crate) async fn run(&self, commands: &str) -> String {
        run(&format!("127.0.0.1:{}", self.port), commands).await
    }

    async fn listens(&self) {
        let listens = async {
            while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(STARTS_WITHIN, listens).await.unwrap();
    }
}

fn launch(program: &str, port: u16, (arguments, folder): (&[String], &TempDir)) -> Child {
    Command::new(program)
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""])
        .args(arguments)
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Has a server run commands, one a line, and gives what it answered. None of them may fail.
pub(crate) async fn run(at: &str, commands: &str) -> String {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let commands: String = commands
        .lines()
        .map(|command| format!("{}\r\n", command.trim()))
        .chain(["QUIT\r\n".to_owned()])
        .collect();
    let (mut answers, mut asks) = stream.split();
    let mut answer = Vec::new();
    let (asked, read) = tokio::join!(asks.write_all(commands.as_bytes()), answers.read_to_end(&mut answer));
    asked.and(read.map(drop)).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let failed = answer.lines().find(|line| line.starts_with('-'));
    assert_eq!(failed, None, "{}", &commands[..commands.len().min(200)]);
    answer
}
