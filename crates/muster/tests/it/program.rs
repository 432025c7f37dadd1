//! The program, started as an operator starts it, and everything that it says.

use crate::api::Person;
use std::fmt::Display;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What should come in a moment is waited for this long; on a busy machine a moment is long.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is looked for meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long a connection is kept for the next request.
const IDLE: Duration = Duration::from_secs(2);
/// Whoever asks the program to end may count on this.
const ENDS_WITHIN: Duration = Duration::from_secs(15);

/// Looks until there is something, or fails.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    until(what, async || look().await.ok_or("nothing")).await
}

/// Looks until all is well, or fails and tells what is in the way.
pub(crate) async fn until<T, E: Display>(what: &str, mut look: impl AsyncFnMut() -> Result<T, E>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(instead) => assert!(Instant::now() < deadline, "it never came: {what}; instead: {instead}"),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// An HTTP client that goes straight to this machine and says who it is.
pub(crate) fn browser() -> reqwest::Client {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Servers hang up on whoever says nothing for five seconds: a connection is not used again as late as that.
    let client = reqwest::Client::builder().no_proxy().user_agent("story").timeout(PATIENCE);
    let client = client.pool_idle_timeout(IDLE);
    client.redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// The program that was built with these tests, or another build of it, for those who measure.
fn program() -> String {
    #[expect(clippy::disallowed_methods, reason = "whoever measures says which build")]
    let another = std::env::var("MUSTER_TEST_PROGRAM");
    another.unwrap_or_else(|_| env!("CARGO_BIN_EXE_muster").to_owned())
}

/// A folder with nothing in it, and the environment of an operator who has set nothing.
pub(crate) struct Home {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// Telemetry that is sent at once, for those who want to read it.
    pub(crate) fn watched() -> Self {
        Self::new().set("OTEL_BSP_SCHEDULE_DELAY", "100").set("OTEL_METRIC_EXPORT_INTERVAL", "500")
    }

    pub(crate) fn set(mut self, variable: &str, value: &str) -> Self {
        self.variables.push((variable.to_owned(), value.to_owned()));
        self
    }

    /// Puts a file where the program is started.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("muster-data")
    }

    /// The bytes of a file of the data folder.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.data().join(name)).unwrap()
    }

    /// Puts a file into the data folder.
    pub(crate) fn keep(&self, name: &str, bytes: &[u8]) {
        fs::write(self.data().join(name), bytes).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        let line = arguments.join(" ");
        let Output { status, stdout, stderr } =
            tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { line, status, stdout: text(stdout), stderr: text(stderr) }
    }

    /// A bearer token for one of the people.
    pub(crate) async fn token(&self, name: &str) -> String {
        let token = self.run(&["token", "create", "--practice", name]).await.done();
        token.strip_suffix('\n').unwrap().to_owned()
    }

    /// `muster up` on free ports; comes back when it says that it runs.
    pub(crate) async fn up(&self) -> Program {
        self.start(&UP).await
    }

    pub(crate) async fn start(&self, arguments: &[&str]) -> Program {
        let mut command = self.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Heard::listen(child.stdout.take().unwrap());
        let complained = Heard::listen(child.stderr.take().unwrap());
        let mut program = Program { child, said, complained, http: browser(), addresses: Vec::new() };
        program.addresses = eventually("the lines that say what to open", async || {
            let banner = program.said.banner();
            assert!(banner.is_some() || program.child.try_wait().unwrap().is_none(), "it ended by itself");
            banner
        })
        .await;
        program
    }
}

/// Port 0 picks a free one.
pub(crate) const UP: [&str; 9] = [
    "up",
    "--listen",
    "127.0.0.1:0",
    "--practice",
    "127.0.0.1:0",
    "--otlp-grpc",
    "127.0.0.1:0",
    "--otlp-http",
    "127.0.0.1:0",
];

/// A command that has run to its end.
#[derive(Debug)]
pub(crate) struct Ran {
    line: String,
    status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// What it printed, given that it was content.
    pub(crate) fn done(self) -> String {
        assert!(self.status.success() && self.stderr.is_empty(), "{self:#?}");
        self.stdout
    }

    /// The exit code and the one line with which it gave up.
    pub(crate) fn refusal(&self) -> String {
        let code = self.status.code().unwrap_or_else(|| panic!("muster {} was killed", self.line));
        assert_eq!(self.stderr.lines().count(), 1, "one clear line: {self:#?}");
        assert!(self.stdout.lines().all(|line| line.starts_with('{')), "nothing but log lines: {self:#?}");
        format!("{code} {}", self.stderr.trim_end())
    }

    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }
}

/// The running program. Dropped, it is killed; when the test has failed, what it said is shown.
pub(crate) struct Program {
    child: Child,
    said: Heard,
    complained: Heard,
    pub(crate) http: reqwest::Client,
    addresses: Vec<(String, String)>,
}

impl Program {
    /// Where something is, by the first word of its line.
    pub(crate) fn address(&self, what: &str) -> &str {
        let found = self.addresses.iter().find(|(word, _)| word == what);
        found.map_or_else(|| panic!("no {what} was told of"), |(_, address)| address.as_str())
    }

    /// Host and port of something, by the first word of its line.
    pub(crate) fn authority(&self, what: &str) -> &str {
        let address = self.address(what);
        let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }

    /// Lets it open so many files from now on.
    pub(crate) fn limit_files(&self, count: &str) {
        let (pid, limit) = (self.child.id().to_string(), format!("--nofile={count}:"));
        let limited = Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap();
        assert!(limited.success(), "its limit can be set");
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> String {
        self.said.text()
    }

    /// What there is to open, by the first words.
    pub(crate) fn doors(&self) -> Vec<&str> {
        self.addresses.iter().map(|(word, _)| word.as_str()).collect()
    }

    /// Somebody with a bearer token.
    pub(crate) fn person(&self, token: &str) -> Person {
        Person::with_token(self.http.clone(), self.address("dashboard"), token)
    }

    /// Waits until the bot has told of its guild: the first start learns it from the gateway.
    pub(crate) async fn knows_guild(&self, person: &Person) {
        let path = format!("/api/v1/guilds/{}", practice::cast::GUILD_ID);
        eventually("the guild", async || (person.get(&path).await.status == 200).then_some(())).await;
    }

    /// Waits until it has written that.
    pub(crate) async fn says(&self, words: &str) {
        let said = async || self.said.text().contains(words).then_some(());
        eventually(&format!("a line with {words}"), said).await;
    }

    /// Cuts it off where it is, and gives what it had said by then.
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.said.heard_out()
    }

    /// Asks it to end by SIGTERM, and gives what it had said by then.
    pub(crate) async fn stop(self) -> String {
        self.stop_within(ENDS_WITHIN).await
    }

    /// The same, with less patience.
    pub(crate) async fn stop_within(mut self, limit: Duration) -> String {
        let asked = Instant::now();
        let pid = self.child.id();
        let kill = Command::new("sh").args(["-c", &format!("kill -TERM {pid}")]).status().unwrap();
        assert!(kill.success());
        let status = eventually("the end", async || self.child.try_wait().unwrap()).await;
        assert_eq!(status.code(), Some(0), "it ends well when it is asked to");
        assert!(asked.elapsed() < limit, "it took {:?}", asked.elapsed());
        assert_eq!(self.complained.heard_out(), "", "there was nothing to complain of");
        self.said.heard_out()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            println!("--- it said\n{}\n--- and complained\n{}", self.said.text(), self.complained.text());
        }
    }
}

/// A stream of the program, line by line, as far as it has come.
struct Heard {
    lines: Arc<Mutex<Vec<String>>>,
    listener: Option<JoinHandle<()>>,
}

impl Heard {
    fn listen(stream: impl Read + Send + 'static) -> Self {
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let heard = Arc::clone(&lines);
        let listener = std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                heard.lock().unwrap().push(line);
            }
        });
        Self { lines, listener: Some(listener) }
    }

    fn text(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }

    /// Everything, once the program has ended.
    fn heard_out(&mut self) -> String {
        if let Some(listener) = self.listener.take() {
            listener.join().unwrap();
        }
        self.text()
    }

    /// The first and the last word of each line of the banner, once the last line is there.
    fn banner(&self) -> Option<Vec<(String, String)>> {
        let lines = self.lines.lock().unwrap();
        let indented = lines.iter().filter(|line| line.starts_with("  "));
        let words = indented.filter_map(|line| line.trim().split_once(char::is_whitespace));
        let pairs: Vec<_> =
            words.map(|(word, rest)| (word.to_owned(), rest.trim_start().to_owned())).collect();
        let ends = ["data", "version"];
        pairs.iter().any(|(word, _)| ends.contains(&word.as_str())).then_some(pairs)
    }
}
