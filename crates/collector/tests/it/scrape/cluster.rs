//! PostgreSQL servers of a test's own: one with little memory, that archives, and one that follows it.

use std::{
    ops::Bound,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use collector::Target;
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    process::{Child, Command},
};

use super::{address, ground::run, watch::Watch};

/// What a server moves, or says, only when it is short of something.
pub(crate) const ON_A_CRAMPED_SERVER: [&str; 4] = [
    "postgresql.bgwriter.duration",
    "postgresql.bgwriter.maxwritten",
    "postgresql.connection.max",
    "postgresql.database.count",
];
/// What is told only where there is a standby or an archive.
const OF_FOLLOWERS: [&str; 3] =
    ["postgresql.replication.data_delay", "postgresql.wal.age", "postgresql.wal.delay"];

const PASSWORD: &str = "only-with-this";
/// A background writer that has always more to do than it may, and an archive that takes everything.
const CRAMPED: [&str; 6] = [
    "max_connections=23",
    "shared_buffers=1MB",
    "bgwriter_delay=10ms",
    "bgwriter_lru_maxpages=1",
    "archive_mode=on",
    "archive_command=true",
];
const STARTS_WITHIN: Duration = Duration::from_mins(1);
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// Where the programs are that the tests' server was started from, and as whom they run.
pub(crate) struct Programs {
    folder: PathBuf,
    /// One of that server's processes: what it sees below /usr may be another release.
    beside: i32,
    is_root: bool,
    /// As long as it is there, so is that process.
    _connection: PgConnection,
}

impl Programs {
    /// `None`, and a line that says so, where they cannot be started from here.
    async fn of(url: &str) -> Option<Self> {
        let mut connection = PgConnection::connect(url).await.unwrap();
        let (folder, beside): (String, i32) =
            sqlx::query_as("SELECT setting, pg_backend_pid() FROM pg_config() WHERE name = 'BINDIR'")
                .fetch_one(&mut connection)
                .await
                .unwrap();
        let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
        let programs = Self { folder: folder.into(), beside, is_root, _connection: connection };
        let found = programs.command("initdb").arg("--version").output().await;
        if found.is_ok_and(|output| output.status.success()) {
            return Some(programs);
        }
        println!("left out: {}/initdb cannot be run here", programs.folder.display());
        None
    }

    /// `PostgreSQL` refuses to be root.
    fn command(&self, name: &str) -> Command {
        let program = self.folder.join(name);
        let mut command = if self.is_root {
            let mut enter = Command::new("nsenter");
            enter.args(["--mount", "--target", &self.beside.to_string(), "--", "setpriv"]);
            enter.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(program);
            enter
        } else {
            Command::new(program)
        };
        command.current_dir("/").env("PGPASSWORD", PASSWORD).kill_on_drop(true).stdin(Stdio::null());
        command
    }

    async fn done(&self, name: &str, arguments: &[&str]) {
        let output = self.command(name).args(arguments).output().await.unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn hand_over(&self, path: &Path) {
        if self.is_root {
            let given = std::process::Command::new("chown").arg("postgres:").arg(path).status().unwrap();
            assert!(given.success());
        }
    }
}

/// A server; it ends when it is dropped, and its data goes.
pub(crate) struct Cluster {
    port: u16,
    server: Child,
    folder: Option<TempDir>,
    programs: Arc<Programs>,
}

impl Cluster {
    /// One that is new and trusts whoever is here; `None`, and a line that says so, where there is none to be had.
    pub(crate) async fn new(settings: &[&str]) -> Option<Self> {
        Self::with("--auth=trust", settings).await
    }

    /// One that asks for a password, which takes a client some time each time.
    pub(crate) async fn locked() -> Option<Self> {
        Self::with("--auth=scram-sha-256", &[]).await
    }

    async fn with(auth: &str, settings: &[&str]) -> Option<Self> {
        let programs = Arc::new(Programs::of(&address("MUSTER_TEST_POSTGRES_URL")?).await?);
        let folder = tempfile::tempdir().unwrap();
        programs.hand_over(folder.path());
        let (data, secret) = (folder.path().join("data"), folder.path().join("secret"));
        std::fs::write(&secret, PASSWORD).unwrap();
        programs.hand_over(&secret);
        let [data_text, secret] = [&data, &secret].map(|path| path.display().to_string());
        let options = ["-U", "postgres", auth, "--no-sync", "--locale=C.UTF-8", "-D"];
        programs.done("initdb", &[&options[..], &[&data_text, "--pwfile", &secret]].concat()).await;
        let mut cluster = Self::start(programs, &data, settings).await;
        cluster.folder = Some(folder);
        Some(cluster)
    }

    /// One that follows this one.
    async fn standby(&self, settings: &[&str]) -> Self {
        let data = self.folder.as_ref().unwrap().path().join("standby");
        let (data_text, port) = (data.display().to_string(), self.port.to_string());
        let options = ["-h", "127.0.0.1", "-U", "postgres", "--checkpoint=fast", "--write-recovery-conf"];
        let options = [&options[..], &["--no-sync", "-p", &port, "-D", &data_text]].concat();
        self.programs.done("pg_basebackup", &options).await;
        Self::start(Arc::clone(&self.programs), &data, settings).await
    }

    async fn start(programs: Arc<Programs>, data: &Path, settings: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let mut server = programs.command("postgres");
        server.arg("-D").arg(data).args(["-p", &port.to_string()]);
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories="].iter().chain(settings) {
            server.args(["-c", *setting]);
        }
        let server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let cluster = Self { port, server, folder: None, programs };
        let starts = async {
            while PgConnection::connect(&cluster.url(PASSWORD)).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(STARTS_WITHIN, starts).await.unwrap();
        cluster
    }

    /// Its address, for whoever may do everything.
    pub(crate) fn owner(&self) -> String {
        self.url(PASSWORD)
    }

    /// Its address, with this password.
    pub(crate) fn url(&self, password: &str) -> String {
        format!("postgres://postgres:{password}@127.0.0.1:{}/postgres", self.port)
    }

    async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url(PASSWORD)).await.unwrap()
    }
}

impl Drop for Cluster {
    /// Ends it at once, but by itself: then it takes its place in the system's shared memory with it.
    fn drop(&mut self) {
        let Some(id) = self.server.id() else { return };
        let told = std::process::Command::new("kill").args(["-s", "QUIT", &id.to_string()]).status();
        let began = Instant::now();
        while told.is_ok() && began.elapsed() < ENDS_WITHIN && matches!(self.server.try_wait(), Ok(None)) {
            std::thread::yield_now();
        }
    }
}

#[tokio::test]
async fn a_cramped_server_tells_of_its_memory_its_archive_and_its_standby() {
    let Some(cluster) = Cluster::new(&CRAMPED).await else { return };
    let watch = Watch::over(Target::postgres, &cluster.url(PASSWORD)).await;
    watch.is("up", &[], 1.0).await;
    watch.is("postgresql.connection.max", &[], 23.0).await;
    let mut db = cluster.connect().await;

    watch.is("postgresql.database.count", &[], 1.0).await;
    run(&mut db, "CREATE DATABASE another".to_owned()).await;
    watch.is("postgresql.database.count", &[], 2.0).await;
    of_memory(&watch, &mut db).await;
    of_archive(&watch, &mut db).await;
    of_standby(&watch, &mut db, &cluster).await;

    let of_others = "it is looked at on a server with room";
    let shapes = watch.shapes();
    let mut others: Vec<_> = shapes.lines().filter_map(|line| line.split(' ').next()).collect();
    others.dedup();
    let here = ON_A_CRAMPED_SERVER.iter().chain(&OF_FOLLOWERS).chain(&["up"]);
    let here: Vec<_> = here.chain(&["postgresql.bgwriter.buffers.writes"]).collect();
    others.retain(|name| !here.contains(&name));
    watch.has_looked_at_all_but(&others.into_iter().map(|name| (name, of_others)).collect::<Vec<_>>());
    let is_here = |line: &&str| OF_FOLLOWERS.iter().any(|name| line.starts_with(name));
    let of_followers: Vec<_> = shapes.lines().filter(is_here).collect();
    insta::assert_snapshot!(of_followers.join("\n"), @r"
    postgresql.replication.data_delay By gauge int replication_client
    postgresql.wal.age s gauge int
    postgresql.wal.delay s gauge double operation replication_client
    ");
    watch.stop().await;
}

/// Writes more than there is memory for until the background writer has had to stop, and has it all brought to the disk.
async fn of_memory(watch: &Watch, db: &mut PgConnection) {
    let before = watch.now().await;
    run(db, "CREATE TABLE fat (id int, body text)".to_owned()).await;
    let write = async {
        loop {
            let rows = "INSERT INTO fat SELECT n, repeat('x', 1000) FROM generate_series(1, 5000) n";
            run(db, rows.to_owned()).await;
            run(db, "CHECKPOINT".to_owned()).await;
        }
    };
    let more = || (Bound::Excluded(0.0), Bound::Unbounded);
    let is_told = async {
        for (name, labels) in [
            ("postgresql.bgwriter.maxwritten", &[][..]),
            ("postgresql.bgwriter.buffers.writes", &[("source", "bgwriter")]),
            ("postgresql.bgwriter.duration", &[("type", "write")]),
            ("postgresql.bgwriter.duration", &[("type", "sync")]),
        ] {
            watch.rises(&before, (name, labels), more()).await;
        }
    };
    tokio::select! {
        () = write => (),
        () = is_told => (),
    }
}

/// A file of the log goes into the archive, and is there for longer and longer.
async fn of_archive(watch: &Watch, db: &mut PgConnection) {
    run(db, "INSERT INTO fat VALUES (1, 'x')".to_owned()).await;
    run(db, "SELECT pg_switch_wal()".to_owned()).await;
    let age = watch.until("postgresql.wal.age", &[], |seconds| seconds < 60.0).await;
    watch.until("postgresql.wal.age", &[], |seconds| seconds >= age + 2.0).await;
}

/// A standby that is told to wait is behind by what is written meanwhile, and late when it goes on.
async fn of_standby(watch: &Watch, db: &mut PgConnection, cluster: &Cluster) {
    let second = cluster.standby(&CRAMPED).await;
    let client = ("replication_client", "127.0.0.1");
    let (delay, lag) = ("postgresql.replication.data_delay", "postgresql.wal.delay");
    watch.is(delay, &[client], 0.0).await;

    let mut standby = second.connect().await;
    run(&mut standby, "SELECT pg_wal_replay_pause()".to_owned()).await;
    run(db, "INSERT INTO fat SELECT n, repeat('x', 1000) FROM generate_series(1, 2000) n".to_owned()).await;
    watch.until(delay, &[client], |bytes| bytes >= 2e6).await;
    for operation in ["write", "flush"] {
        watch.until(lag, &[client, ("operation", operation)], |seconds| (0.0..60.0).contains(&seconds)).await;
    }
    let paused = watch.now().await.value("postgresql.wal.age", &[]).unwrap();
    watch.until("postgresql.wal.age", &[], |seconds| seconds >= paused + 2.0).await;
    run(&mut standby, "SELECT pg_wal_replay_resume()".to_owned()).await;
    watch.until(lag, &[client, ("operation", "replay")], |seconds| seconds >= 1.0).await;
    watch.is(delay, &[client], 0.0).await;

    // It can be asked itself, too.
    let other = Watch::over(Target::postgres, &second.url(PASSWORD)).await;
    other.is("up", &[], 1.0).await;
    assert_eq!(other.now().await.value(delay, &[]), None);
    other.stop().await;
}
