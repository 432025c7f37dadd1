//! A muster under measurement.

use super::connection::{Answer, Connection};
use crate::failure::{Doing, Failure};
use crate::run;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const READY_WITHIN: Duration = Duration::from_mins(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// What the system counts CPU time in: 100 ticks a second on every Linux that Rust runs on.
const TICK: Duration = Duration::from_millis(10);

/// A running muster; dropping it kills it.
pub(crate) struct Server {
    process: Child,
    pub(crate) dashboard: SocketAddr,
    practice: SocketAddr,
}

impl Server {
    /// Starts it on free ports with these variables alone, and waits until it is ready.
    ///
    /// Its log goes to a file beside its data: a reader at a pipe would be woken by each line.
    ///
    /// # Errors
    /// When it ends before, or isn't ready after a minute.
    pub(crate) fn start(program: &Path, data: &Path, variables: &[(&str, String)]) -> Result<Self, Failure> {
        let log = data.with_extension("log");
        let output = File::create(&log).doing("making the log")?;
        let process = Command::new(program)
            .args(["up", "--listen", "127.0.0.1:0", "--practice", "127.0.0.1:0"])
            .args(["--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0", "--data"])
            .arg(data)
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(Stdio::inherit())
            .spawn()
            .doing(&format!("starting {}", program.display()))?;
        // Killed, should it not get ready.
        let nowhere = SocketAddr::from(([0; 4], 0));
        let mut server = Self { process, dashboard: nowhere, practice: nowhere };
        (server.dashboard, server.practice) = server.addresses(&log)?;
        Ok(server)
    }

    /// Reads them where it says that it runs.
    fn addresses(&mut self, log: &Path) -> Result<(SocketAddr, SocketAddr), Failure> {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            let text = std::fs::read_to_string(log).doing("reading the log")?;
            if let Some(found) = banner(&text) {
                return Ok(found);
            }
            let ended = self.process.try_wait().doing("looking at muster")?;
            if ended.is_some() || Instant::now() > deadline {
                return Err(Failure::new(format!("muster is not ready; see {}", log.display())));
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
    }

    /// One exchange with the dashboard.
    ///
    /// # Errors
    /// When it is not answered with success.
    pub(crate) fn ask(&self, request: &[u8]) -> Result<Answer, Failure> {
        exchange(self.dashboard, request)
    }

    /// One exchange with the practice Discord.
    ///
    /// # Errors
    /// When it is not answered with success.
    pub(crate) fn ask_practice(&self, request: &[u8]) -> Result<Answer, Failure> {
        exchange(self.practice, request)
    }

    /// The CPU time that it has used, in user and kernel mode, its ended threads included.
    ///
    /// # Errors
    /// When the system doesn't tell.
    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        let path = self.path("stat");
        let stat = std::fs::read_to_string(&path).doing("reading CPU time")?;
        let ticks = cpu_ticks(&stat).ok_or_else(|| Failure::new("the system tells no CPU time"))?;
        Ok(TICK * ticks)
    }

    /// How much of it is in memory, in bytes.
    ///
    /// # Errors
    /// When the system doesn't tell.
    pub(crate) fn resident_bytes(&self) -> Result<u64, Failure> {
        let status = std::fs::read_to_string(self.path("status")).doing("reading memory")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        kibibytes.map(|n| n * 1024).ok_or_else(|| Failure::new("the system tells no memory"))
    }

    fn path(&self, file: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{file}", self.process.id()))
    }

    /// Stops it as a service manager would.
    ///
    /// # Errors
    /// When its exit code is not zero.
    pub(crate) fn stop(mut self) -> Result<(), Failure> {
        run::done(run::command("kill", ["-TERM", &self.process.id().to_string()]))?;
        let status = self.process.wait().doing("waiting for muster")?;
        if status.success() { Ok(()) } else { Err(Failure::new(format!("muster ended with {status}"))) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn exchange(address: SocketAddr, request: &[u8]) -> Result<Answer, Failure> {
    Connection::open(address).and_then(|mut it| it.exchange(request)).doing("a request")?.success()
}

/// The dashboard's and the practice Discord's addresses, once the last line of the banner is there.
fn banner(log: &str) -> Option<(SocketAddr, SocketAddr)> {
    let lines: Vec<_> = log.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    let value = |name| {
        let line = lines.iter().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)
    };
    value("data")?;
    let address = |name| value(name)?.strip_prefix("http://")?.parse().ok();
    Some((address("dashboard")?, address("practice")?))
}

/// The fields `utime` and `stime` of `/proc/PID/stat`, which come 12th and 13th after the name.
fn cpu_ticks(stat: &str) -> Option<u32> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split(' ').skip(11);
    let (user, kernel): (u32, u32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + kernel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_user_and_kernel() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194560 100 0 0 0 31 11 0 0 20 0 21 0 99 1000 10";
        assert_eq!(cpu_ticks(stat), Some(42));
    }

    #[test]
    fn a_banner_counts_when_it_is_whole() {
        let log =
            "{}\nMuster is running.\n  dashboard    http://127.0.0.1:1\n  practice     http://127.0.0.1:2\n";
        assert_eq!(banner(log), None);
        let whole = format!("{log}  data         ./x\n");
        let [one, two] = [1, 2].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        assert_eq!(banner(&whole), Some((one, two)));
    }
}
