//! Chromium behind its driver.

use crate::program;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use tempfile::TempDir;
use thirtyfour::{
    ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver, WindowHandle,
};

/// Names the driver.
const VARIABLE: &str = "MUSTER_TEST_CHROMEDRIVER";
/// Nothing of a person's, nothing from elsewhere, the same everywhere.
const SWITCHES: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--lang=en-US",
    "--window-size=1280,900",
];

/// A browser with a profile of its own. Dropped, it is closed.
#[derive(Debug)]
pub(crate) struct Browser {
    pub(crate) driver: WebDriver,
    _server: Server,
    _profile: TempDir,
}

impl Browser {
    /// Starts one; nothing, and a line that says so, where there is no driver.
    pub(crate) async fn start() -> Option<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "whoever runs the tests says whether there is a browser"
        )]
        let Some(program) = std::env::var_os(VARIABLE) else {
            println!("left out: the pages in a browser ({VARIABLE} is not set)");
            return None;
        };
        let server = tokio::task::spawn_blocking(move || Server::start(Command::new(program))).await.unwrap();
        let profile = tempfile::tempdir().unwrap();
        let mut wanted = DesiredCapabilities::chrome();
        for switch in SWITCHES {
            wanted.add_arg(switch).unwrap();
        }
        wanted.add_arg(&format!("--user-data-dir={}", profile.path().display())).unwrap();
        wanted.set_logging_prefs("browser", LoggingPrefsLogLevel::All).unwrap();
        let driver = WebDriver::builder(&server.address, wanted).client(program::browser()).await;
        Some(Self { driver: driver.unwrap(), _server: server, _profile: profile })
    }

    /// Closes it.
    pub(crate) async fn close(self) {
        self.driver.clone().quit().await.unwrap();
    }

    /// The tab in front.
    pub(crate) async fn tab(&self) -> WindowHandle {
        self.driver.window().await.unwrap()
    }

    /// Opens another tab in front of the present one.
    pub(crate) async fn open_tab(&self) -> WindowHandle {
        let tab = self.driver.new_tab().await.unwrap();
        self.switch_to(&tab).await;
        tab
    }

    /// Brings a tab to the front.
    pub(crate) async fn switch_to(&self, tab: &WindowHandle) {
        self.driver.switch_to_window(tab.clone()).await.unwrap();
        self.tool("Page.bringToFront", serde_json::json!({})).await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver would be asked over connections of a runtime that doesn't run any more.
        let _ = self.driver.clone().leak();
    }
}

/// The process that drives browsers, and the browsers, which are of its group.
#[derive(Debug)]
struct Server {
    process: Child,
    address: String,
    /// It goes on talking, and ends when nobody listens.
    _said: BufReader<ChildStdout>,
}

impl Server {
    fn start(mut command: Command) -> Self {
        command.arg("--port=0").process_group(0).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        let port = loop {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "the driver ended by itself");
            if let Some((_, port)) = line.trim().split_once("successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        Self { process, address: format!("http://127.0.0.1:{port}"), _said: said }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let end = format!("kill -s KILL -- -{}", self.process.id());
        let _ = Command::new("sh").args(["-c", &end]).status();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
