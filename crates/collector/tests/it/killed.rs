//! A collector that is killed has what it said it had.

use std::{path::Path, process::Stdio, time::Duration};

use prost::Message as _;
use serde_json::Value;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    forward::{self, Mood, Other},
    harness::{self, PROTOBUF, World},
    scrape,
    story::{self, API, CREATED},
};

const AT: u64 = 1_777_660_200_000_000_000;
/// The name of the variable that makes this test binary a collector, and holds its folder.
const CHILD: &str = "COLLECTOR_OF_A_TEST";
const SENDERS: u64 = 4;
const RECORDS_PER_EXPORT: u64 = 200;

/// Not a test by itself: the process that is killed below.
#[tokio::test]
async fn a_collector_that_will_be_killed() {
    #[expect(clippy::disallowed_methods, reason = "a parent tells its child by it")]
    let Ok(folder) = std::env::var(CHILD) else { return };
    let folder = std::path::PathBuf::from(folder);
    let mut config = harness::config_in(&folder).await;
    config.options.forward = Some(forward::to("http://127.0.0.1:1", &folder));
    let collector = collector::Collector::start(config, CancellationToken::new()).await.unwrap();
    println!("\nlistens at {}", collector.http_address());
    std::future::pending::<()>().await;
}

/// A collector in a process of its own.
struct Process {
    child: Child,
    voice: Voice,
}

/// Somebody who speaks with it.
#[derive(Clone)]
struct Voice {
    address: String,
    http: reqwest::Client,
}

impl Process {
    async fn start(folder: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::a_collector_that_will_be_killed", "--nocapture"])
            .env(CHILD, folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = lines.next_line().await.unwrap().unwrap();
            if let Some(address) = line.strip_prefix("listens at ") {
                break address.to_owned();
            }
        };
        Self { child, voice: Voice { address, http: scrape::http() } }
    }
}

impl Voice {
    fn say(&self, from: u64, records: u64) -> reqwest::RequestBuilder {
        let records =
            (from..from + records).map(|nth| story::record(AT + nth, 9, "said before the end", (CREATED, 1)));
        let body = story::log_export(API, records.collect()).encode_to_vec();
        let to = format!("http://{}/v1/logs", self.address);
        self.http.post(to).header("content-type", PROTOBUF).body(body)
    }

    /// How many records it says that it has stored, and kept to be passed on.
    async fn has(&self) -> (u64, u64) {
        let health = self.http.get(format!("http://{}/health", self.address)).send().await.unwrap();
        let health: Value = health.json().await.unwrap();
        let number = |value: &Value| value.as_u64().unwrap();
        (number(&health["signals"][2]["stored"]), number(&health["forward"]["signals"][2]["kept"]))
    }
}

/// Sends records until the process is gone, and says how many.
async fn say_until_nobody_listens(voice: Voice, sender: u64) -> u64 {
    let mut exports = 0;
    loop {
        let from = (exports * SENDERS + sender) * RECORDS_PER_EXPORT;
        let answer = voice.say(from, RECORDS_PER_EXPORT).send().await;
        exports += 1;
        if answer.is_err() {
            return exports * RECORDS_PER_EXPORT;
        }
    }
}

/// What is left, in a collector that goes on with it, and whom it passes it on to.
async fn go_on(folder: TempDir) -> (World, Other) {
    let other = Other::listen(Mood::Takes).await;
    let stop = CancellationToken::new();
    let mut config = harness::config_in(folder.path()).await;
    config.options.forward = Some(forward::to(&other.address, folder.path()));
    let collector = collector::Collector::start(config, stop.clone()).await.unwrap();
    (World { collector, stop, folder }, other)
}

async fn connect(folder: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", folder.join("telemetry.db").display())).await.unwrap()
}

#[tokio::test]
async fn a_killed_collector_has_what_it_had_stored() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(folder.path()).await;
    for nth in 0..200 {
        assert_eq!(process.voice.say(nth, 1).send().await.unwrap().status(), 200);
    }
    // Moments later everything is where a kill does not reach it; a machine that is busy has some more of them.
    let is_held = async { while process.voice.has().await != (200, 200) {} };
    tokio::time::timeout(Duration::from_secs(5), is_held).await.unwrap();
    process.child.kill().await.unwrap();

    let (world, other) = go_on(folder).await;
    let held = world.read("logs?limit=500").await.as_array().unwrap().len() as u64;
    assert_eq!(held, 200);
    assert_eq!(other.gets(|got| got.logs >= 200).await.logs, 200);
    world.stop().await;
}

#[tokio::test]
async fn killed_in_the_midst_of_writing_it_goes_on_with_a_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let (mut stored, mut kept, mut sent) = (0, 0, 0);
    for round in 1..=3 {
        let mut process = Process::start(folder.path()).await;
        let mut senders = JoinSet::new();
        for sender in 0..SENDERS {
            senders.spawn(say_until_nobody_listens(process.voice.clone(), sender));
        }
        let said = loop {
            let said = process.voice.has().await;
            if said.0 > round * 3_000 && said.1 > 0 {
                break said;
            }
        };
        process.child.kill().await.unwrap();
        stored += said.0;
        kept += said.1;
        while let Some(more) = senders.join_next().await {
            sent += more.unwrap();
        }
        let mut file = connect(folder.path()).await;
        let is_whole: String =
            sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut file).await.unwrap();
        assert_eq!(is_whole, "ok");
    }
    let mut file = connect(folder.path()).await;
    let held: i64 = sqlx::query_scalar("SELECT count(*) FROM logs").fetch_one(&mut file).await.unwrap();
    file.close().await.unwrap();
    assert!((stored..=sent).contains(&held.unsigned_abs()), "{stored} stored, {held} held, {sent} sent");
    let (world, other) = go_on(folder).await;
    let got = other.gets(|got| got.logs as u64 >= kept).await.logs as u64;
    assert!(got <= sent, "{kept} kept, {got} got, {sent} sent");
    world.stop().await;
}
