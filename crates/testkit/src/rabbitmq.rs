//! A RabbitMQ of a test's own, that it may kill and starve.

use crate::group::{Group, named, said};
use crate::ports;
use bus::{Bus, RabbitConfig};
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use telemetry::Secret;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The path of a `rabbitmq-server` that tests may start.
const PROGRAM: &str = "MUSTER_TEST_RABBITMQ_SERVER";
/// What it says.
const SAID: &str = "broker.out";
/// On a machine that is building meanwhile, RabbitMQ has been seen to take 40 s.
const BOOTS_WITHIN: Duration = Duration::from_mins(3);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
const PROTOCOL_HEADER: &[u8] = b"AMQP\x00\x00\x09\x01";

/// A broker with a port mapper of its own. Fields are dropped in this order: processes end before their data goes.
#[derive(Debug)]
pub struct RabbitMq {
    broker: Option<Group>,
    _mapper: Group,
    program: String,
    ports: Ports,
    folder: TempDir,
}

#[derive(Debug)]
struct Ports {
    amqp: u16,
    distribution: u16,
    mapper: u16,
}

impl RabbitMq {
    /// One that answers; without a program to start, says what is left out.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start() -> Option<Self> {
        let program = named(PROGRAM, "a RabbitMQ that is killed")?;
        let folder = TempDir::new().expect("a folder");
        let [amqp, distribution, mapper] = ports::free();
        let ports = Ports { amqp, distribution, mapper };
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
        write("rabbitmq.conf", &ports.configuration());
        write("enabled_plugins", "[].\n");
        // Debian's own settings shall not come between.
        write("rabbitmq-env.conf", "");
        // Without one that listens the broker starts another, which outlives it.
        let port = ports.mapper;
        let mapper = port_mapper(&folder, port);
        let mut server = Self { broker: None, _mapper: mapper, program, ports, folder };
        server.becomes(async || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok()).await;
        server.start_again();
        server.answers().await;
        Some(server)
    }

    /// Host and port.
    pub fn server(&self) -> String {
        format!("127.0.0.1:{}", self.ports.amqp)
    }

    /// Its address, for somebody who may do everything.
    pub fn url(&self) -> String {
        format!("amqp://muster:muster@{}/%2f", self.server())
    }

    /// A bus on it.
    ///
    /// # Panics
    /// Outside of a runtime.
    pub fn bus(&self) -> Bus {
        Bus::rabbitmq(RabbitConfig::new(Secret::new(self.url()))).expect("it is an address")
    }

    /// Ends all its processes as a crash does, by SIGKILL.
    pub fn kill(&mut self) {
        self.broker = None;
    }

    /// Starts it where it was, with what it had; it does not answer yet.
    ///
    /// # Panics
    /// When the program can't be started.
    pub fn start_again(&mut self) {
        let at = |name: &str| self.folder.path().join(name);
        let mut broker = self.command(&self.program);
        broker
            .env("RABBITMQ_CONFIG_FILE", at("rabbitmq.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", at("enabled_plugins"))
            .env("RABBITMQ_MNESIA_BASE", at("mnesia"))
            .env("RABBITMQ_LOG_BASE", at("log"))
            .env("RABBITMQ_PID_FILE", at("pid"))
            .env("RABBITMQ_DIST_PORT", self.ports.distribution.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}");
        self.broker = Some(Group::lead_by(broker, &self.folder, SAID));
    }

    /// Has it run out of memory, as it sees it, or have enough again.
    ///
    /// # Panics
    /// When it refuses to.
    pub async fn starve(&self, is_starved: bool) {
        let share = if is_starved { "0.000001" } else { "0.4" };
        self.control(&["set_vm_memory_high_watermark", share]).await;
    }

    /// Takes a quorum queue's leader away with all that is in it; the queue stays, as after a crash within seconds of its
    /// declaration.
    ///
    /// # Panics
    /// When it refuses to.
    pub async fn orphan(&self, queue: &str) {
        let leader = format!("ra:force_delete_server(quorum_queues, {{'%2F_{queue}', node()}}).");
        self.control(&["eval", &leader]).await;
    }

    /// Tells it something by its own program for that.
    async fn control(&self, words: &[&str]) {
        let program = Path::new(&self.program).with_file_name("rabbitmqctl");
        let mut control = self.command(program);
        control.args(words).current_dir(self.folder.path());
        let ran = tokio::task::spawn_blocking(move || control.output()).await;
        let output = ran.expect("it runs").expect("it starts");
        assert!(output.status.success(), "{words:?}: {output:?}");
    }

    /// A program that finds this broker and no other.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env("HOME", self.folder.path())
            .env("RABBITMQ_NODENAME", self.ports.node())
            .env("RABBITMQ_CONF_ENV_FILE", self.folder.path().join("rabbitmq-env.conf"))
            .env("ERL_EPMD_PORT", self.ports.mapper.to_string());
        command
    }

    /// Waits until it speaks with its clients.
    ///
    /// # Panics
    /// When it does not.
    pub async fn answers(&mut self) {
        let port = self.ports.amqp;
        self.becomes(async || greet(port).await.is_ok_and(|bytes| bytes > 0)).await;
    }

    /// Waits until a quorum queue is in the broker's directory of them on the disk. That is written with some seconds'
    /// delay, and confirms don't wait for it; a queue that is not in it when the broker dies comes back without a leader.
    ///
    /// # Panics
    /// When it never is.
    pub async fn remembers(&mut self, queue: &str) {
        let name = format!("%2F_{queue}");
        let length = u8::try_from(name.len()).expect("a short name");
        let entry = [&[length], name.as_bytes()].concat();
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
                let runs = self.broker.as_mut().is_none_or(Group::runs);
                assert!(runs, "it has ended: {}", said(&self.folder, SAID));
            }
        };
        let became = tokio::time::timeout(BOOTS_WITHIN, becoming).await;
        assert!(became.is_ok(), "it does not answer: {}", said(&self.folder, SAID));
    }
}

impl Ports {
    fn node(&self) -> String {
        format!("muster-own-{}@localhost", self.amqp)
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
