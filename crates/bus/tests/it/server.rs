//! A RabbitMQ of a test's own, that it may kill.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bus::{Bus, RabbitConfig};
use telemetry::Secret;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The path of a `rabbitmq-server` that tests may start.
const PROGRAM: &str = "MUSTER_TEST_RABBITMQ_SERVER";

/// On a machine that is building meanwhile, RabbitMQ has been seen to take 40 s.
const BOOTS_WITHIN: Duration = Duration::from_mins(3);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
const PROTOCOL_HEADER: &[u8] = b"AMQP\x00\x00\x09\x01";

/// A broker with a port mapper of its own. Fields are dropped in this order: processes end before their data goes.
pub(crate) struct Server {
    broker: Option<Group>,
    _mapper: Group,
    program: String,
    ports: Ports,
    folder: TempDir,
}

struct Ports {
    amqp: u16,
    distribution: u16,
    mapper: u16,
}

impl Server {
    /// One that answers; without a program to start, says what is left out.
    pub(crate) async fn start() -> Option<Self> {
        let program = program()?;
        let folder = TempDir::new().unwrap();
        let ports = Ports::free();
        fs::write(folder.path().join("rabbitmq.conf"), ports.configuration()).unwrap();
        fs::write(folder.path().join("enabled_plugins"), "[].\n").unwrap();
        // Debian's own settings shall not come between.
        fs::write(folder.path().join("rabbitmq-env.conf"), "").unwrap();
        // Without one that listens the broker starts another, which outlives it.
        let port = ports.mapper;
        let mapper = port_mapper(&folder, port);
        let mut server = Self { broker: None, _mapper: mapper, program, ports, folder };
        server.becomes(async || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok()).await;
        server.start_again();
        server.answers().await;
        Some(server)
    }

    pub(crate) fn bus(&self) -> Bus {
        let url = format!("amqp://muster:muster@127.0.0.1:{}/%2f", self.ports.amqp);
        Bus::rabbitmq(RabbitConfig::new(Secret::new(url))).unwrap()
    }

    /// Ends all its processes as a crash does, by SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.broker = None;
    }

    /// Starts it where it was, with what it had; it does not answer yet.
    pub(crate) fn start_again(&mut self) {
        let at = |name: &str| self.folder.path().join(name);
        let Ports { distribution, mapper, .. } = self.ports;
        let mut broker = Command::new(&self.program);
        broker
            .env("HOME", self.folder.path())
            .env("RABBITMQ_NODENAME", self.ports.node())
            .env("RABBITMQ_CONF_ENV_FILE", at("rabbitmq-env.conf"))
            .env("RABBITMQ_CONFIG_FILE", at("rabbitmq.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", at("enabled_plugins"))
            .env("RABBITMQ_MNESIA_BASE", at("mnesia"))
            .env("RABBITMQ_LOG_BASE", at("log"))
            .env("RABBITMQ_PID_FILE", at("pid"))
            .env("RABBITMQ_DIST_PORT", distribution.to_string())
            .env("ERL_EPMD_PORT", mapper.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}");
        self.broker = Some(Group::lead_by(broker, &self.folder, "broker.out"));
    }

    /// Waits until it speaks with its clients.
    pub(crate) async fn answers(&mut self) {
        let port = self.ports.amqp;
        self.becomes(async || greet(port).await.is_ok_and(|bytes| bytes > 0)).await;
    }

    /// Waits until a quorum queue is in the broker's directory of them on the disk. That is written with some seconds'
    /// delay, and confirms don't wait for it; a queue that is not in it when the broker dies comes back without a leader.
    pub(crate) async fn remembers(&mut self, queue: &str) {
        let name = format!("%2F_{queue}");
        let entry = [&[u8::try_from(name.len()).unwrap()], name.as_bytes()].concat();
        let node = self.ports.node();
        let quorum = self.folder.path().join("mnesia").join(&node).join("quorum");
        let directory = quorum.join(node).join("names.dets");
        self.becomes(async || {
            let written = fs::read(&directory).unwrap_or_default();
            written.windows(entry.len()).any(|bytes| bytes == entry)
        })
        .await;
    }

    /// Looks again and again until it is so, or the broker has ended.
    async fn becomes(&mut self, so: impl AsyncFn() -> bool) {
        let mut looks = tokio::time::interval(BETWEEN_LOOKS);
        let becoming = async {
            while !so().await {
                looks.tick().await;
                assert!(self.broker.as_mut().is_none_or(Group::runs), "it has ended: {}", said(&self.folder));
            }
        };
        let became = tokio::time::timeout(BOOTS_WITHIN, becoming).await;
        assert!(became.is_ok(), "it does not answer: {}", said(&self.folder));
    }
}

/// The program to start; says what is left out without one.
fn program() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "how xtask hands over what it found")]
    let program = std::env::var(PROGRAM).ok().filter(|program| Path::new(program).is_file());
    if program.is_none() {
        eprintln!(
            "left out: a RabbitMQ that is killed, since {PROGRAM} names no program (cargo xtask test finds one)"
        );
    }
    program
}

impl Ports {
    /// On which nobody listens, below those that the system gives to connections that go out: a port stays free, and
    /// is never connected to itself, while its broker is away.
    fn free() -> Self {
        let elsewhere_in_each_process = usize::try_from(std::process::id() % 16_384).unwrap();
        let mut free = (16_384..32_768)
            .cycle()
            .skip(elsewhere_in_each_process)
            .filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
        let mut next = || free.next().unwrap();
        Self { amqp: next(), distribution: next(), mapper: next() }
    }

    fn node(&self) -> String {
        format!("muster-killed-{}@localhost", self.amqp)
    }

    fn configuration(&self) -> String {
        format!(
            "listeners.tcp.1 = 127.0.0.1:{}\nlog.console = false\n\
             default_user = muster\ndefault_pass = muster\n",
            self.amqp
        )
    }
}

fn port_mapper(folder: &TempDir, port: u16) -> Group {
    let mut mapper = Command::new("epmd");
    mapper.args(["-port", &port.to_string(), "-address", "127.0.0.1"]);
    Group::lead_by(mapper, folder, "mapper.out")
}

/// How many bytes it answers.
async fn greet(port: u16) -> std::io::Result<usize> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.write_all(PROTOCOL_HEADER).await?;
    stream.read(&mut [0; 64]).await
}

/// What a broker wrote that does not start.
fn said(folder: &TempDir) -> String {
    fs::read_to_string(folder.path().join("broker.out")).unwrap_or_default()
}

/// A process group that ends by SIGKILL when it is dropped, and when this process ends, however that comes.
struct Group {
    leader: Child,
    guardian: Child,
}

/// Reads to the end of a pipe that only we write to, then ends the group `$1`; what ends us does not end it.
const GUARD: &str = r#"trap '' HUP INT QUIT TERM; read -r word; kill -s KILL -- "-$1""#;

impl Group {
    /// Starts its leader, with what it says in a file.
    fn lead_by(mut leader: Command, folder: &TempDir, said: &str) -> Self {
        let said = File::create(folder.path().join(said)).unwrap();
        leader.stdin(Stdio::null()).stdout(said.try_clone().unwrap()).stderr(said);
        let leader = leader.current_dir(folder.path()).process_group(0).spawn().unwrap();
        let guardian = Command::new("sh")
            .args(["-c", GUARD, "guardian", &leader.id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        Self { leader, guardian }
    }

    fn runs(&mut self) -> bool {
        matches!(self.leader.try_wait(), Ok(None))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        drop(self.guardian.stdin.take());
        let _ = self.guardian.wait();
        let _ = self.leader.wait();
    }
}
