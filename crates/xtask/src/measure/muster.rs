use crate::failure::{Doing, Failure};
use crate::run;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

const NOT_READY_AFTER: Duration = Duration::from_mins(1);
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(2);

/// A running Muster; dropping it kills it.
pub(crate) struct Muster {
    process: Child,
    /// From its start until `/readyz` said 200.
    pub(crate) ready_after: Duration,
}

impl Muster {
    /// Starts it on free ports and waits until it is ready.
    ///
    /// # Errors
    /// When it ends before, or isn't ready after a minute.
    pub(crate) fn start(program: &Path, data: &Path) -> Result<Self, Failure> {
        let started = Instant::now();
        let mut process = Command::new(program)
            .args(["up", "--listen", "127.0.0.1:0", "--practice", "127.0.0.1:0"])
            .args(["--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .doing(&format!("starting {}", program.display()))?;
        let output = process.stdout.take();
        let mut muster = Self { process, ready_after: Duration::ZERO };
        let output = output.ok_or_else(|| Failure::new("muster has no output"))?;
        let dashboard = dashboard(output)?;
        while !says_ready(&dashboard) {
            if started.elapsed() > NOT_READY_AFTER {
                return Err(Failure::new("muster was not ready after a minute"));
            }
            std::thread::sleep(BETWEEN_QUESTIONS);
        }
        muster.ready_after = started.elapsed();
        Ok(muster)
    }

    /// How much of it is in memory.
    ///
    /// # Errors
    /// When the system doesn't tell.
    pub(crate) fn resident_bytes(&self) -> Result<u64, Failure> {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(&path).doing(&path)?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        kibibytes.map(|n| n * 1024).ok_or_else(|| Failure::new(format!("{path} holds no VmRSS")))
    }

    /// Stops it as a service manager would, and says how long that took.
    ///
    /// # Errors
    /// When its exit code is not zero.
    pub(crate) fn stop(mut self) -> Result<Duration, Failure> {
        let asked = Instant::now();
        run::done(run::command("kill", ["-TERM", &self.process.id().to_string()]))?;
        let status = self.process.wait().doing("waiting for muster")?;
        if status.success() {
            Ok(asked.elapsed())
        } else {
            Err(Failure::new(format!("muster ended with {status}")))
        }
    }
}

impl Drop for Muster {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The address of its dashboard, as it prints it; what it prints later is read and forgotten, so that it never
/// waits for us.
fn dashboard(output: ChildStdout) -> Result<String, Failure> {
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let address = lines.find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("dashboard")).then(|| words.next_back().unwrap_or_default().to_owned())
    });
    std::thread::spawn(move || lines.for_each(drop));
    let address = address.ok_or_else(|| Failure::new("muster ended without naming its dashboard"))?;
    Ok(address.trim_start_matches("http://").trim_end_matches('/').to_owned())
}

fn says_ready(dashboard: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut connection = TcpStream::connect(dashboard)?;
        write!(connection, "GET /readyz HTTP/1.1\r\nHost: {dashboard}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        Ok(answer.starts_with("HTTP/1.1 200 "))
    };
    ask().unwrap_or(false)
}
