use super::{END, Facts, Greeting, Server, Site, Userland, make, ports};
use crate::failure::{Doing, Failure};
use crate::guardian::{Duty, Guardian};
use crate::run::which;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What the bus's tests want: the address of a broker on which they may make virtual hosts.
pub(crate) const VARIABLE: &str = "MUSTER_TEST_AMQP_URL";
/// What those that make virtual hosts and look at queues want: the management API, with user and password.
const MANAGEMENT_VARIABLE: &str = "MUSTER_TEST_RABBITMQ_MANAGEMENT_URL";
/// What those that look at its metrics want: where its own exporter stands.
const METRICS_VARIABLE: &str = "MUSTER_TEST_RABBITMQ_METRICS_URL";
/// What those start that want one of their own, to kill: the path of the program.
const PROGRAM_VARIABLE: &str = "MUSTER_TEST_RABBITMQ_SERVER";

/// Debian's programs on the path become the user `rabbitmq`; these stay who they are.
const PROGRAM: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const PLUGINS: &str = "[rabbitmq_management,rabbitmq_prometheus].\n";
const PROTOCOL_HEADER: &[u8] = b"AMQP\x00\x00\x09\x01";

/// Whether there is a broker to start.
pub(crate) fn is_here() -> bool {
    Path::new(PROGRAM).is_file() && which("epmd").is_some()
}

struct Ports {
    amqp: u16,
    management: u16,
    metrics: u16,
    distribution: u16,
    epmd: u16,
}

impl Ports {
    fn free() -> Result<Self, Failure> {
        Ok(Self {
            amqp: ports::free()?,
            management: ports::free()?,
            metrics: ports::free()?,
            distribution: ports::free()?,
            epmd: ports::free()?,
        })
    }

    /// The broker's configuration. Its statistics are as old as a test is patient.
    fn configuration(&self) -> String {
        let Self { amqp, management, metrics, .. } = self;
        format!(
            "listeners.tcp.1 = 127.0.0.1:{amqp}\n\
             management.tcp.port = {management}\nmanagement.tcp.ip = 127.0.0.1\n\
             prometheus.tcp.port = {metrics}\nprometheus.tcp.ip = 127.0.0.1\n\
             collect_statistics_interval = 1000\nlog.console = false\n\
             default_user = muster\ndefault_pass = muster\n"
        )
    }

    fn variables(&self) -> Vec<(String, String)> {
        let Self { amqp, management, metrics, .. } = self;
        [
            (VARIABLE, format!("amqp://muster:muster@127.0.0.1:{amqp}/%2f")),
            (MANAGEMENT_VARIABLE, format!("http://muster:muster@127.0.0.1:{management}")),
            (METRICS_VARIABLE, format!("http://127.0.0.1:{metrics}/metrics")),
            (PROGRAM_VARIABLE, PROGRAM.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}

/// Starts a broker with a port mapper of its own, not yet ready.
///
/// # Errors
/// When it can't be started.
pub(crate) fn start(site: &Site) -> Result<Server, Failure> {
    let folder = site.folder.join("rabbitmq");
    make(&folder)?;
    let ports = Ports::free()?;
    write(&folder.join("enabled_plugins"), PLUGINS)?;
    write(&folder.join("rabbitmq.conf"), &ports.configuration())?;
    // Debian's own settings shall not come between.
    write(&folder.join("rabbitmq-env.conf"), "")?;

    let here = folder.to_string_lossy().into_owned();
    let mapper = spawn(port_mapper(&site.userland, ports.epmd), &folder, "epmd.out")?;
    let early = Guardian::set(&Duty::new(END, [here.clone(), mapper.id().to_string()]))?;
    let process = spawn(broker(site, &folder, &ports), &folder, "broker.out")?;
    let stop = Duty::new(END, [here, process.id().to_string(), mapper.id().to_string()]);
    let guardian = Guardian::set(&stop)?;
    early.dismiss();
    let facts = Facts {
        name: "RabbitMQ".to_owned(),
        variables: ports.variables(),
        greetings: vec![
            Greeting::new(ports.amqp, PROTOCOL_HEADER),
            Greeting::http(ports.management),
            Greeting::http(ports.metrics),
        ],
        stop,
    };
    Ok(Server { facts, process: Some(process), log: folder.join("broker.out"), guardian })
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text).doing(&format!("writing {}", file.display()))
}

/// The broker would start one that outlives it, and can't be told from others.
fn port_mapper(userland: &Userland, port: u16) -> Command {
    userland.command("epmd", ["-port", &port.to_string(), "-address", "127.0.0.1"])
}

fn broker(site: &Site, folder: &Path, ports: &Ports) -> Command {
    let at = |name: &str| -> PathBuf { folder.join(name) };
    let mut broker = site.userland.command(PROGRAM, [""; 0]);
    broker
        .env("HOME", folder)
        .env("RABBITMQ_NODENAME", format!("muster-test-{}@localhost", ports.amqp))
        .env("RABBITMQ_CONF_ENV_FILE", at("rabbitmq-env.conf"))
        .env("RABBITMQ_CONFIG_FILE", at("rabbitmq.conf"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", at("enabled_plugins"))
        .env("RABBITMQ_MNESIA_BASE", at("mnesia"))
        .env("RABBITMQ_LOG_BASE", at("log"))
        .env("RABBITMQ_PID_FILE", at("pid"))
        .env("RABBITMQ_DIST_PORT", ports.distribution.to_string())
        .env("ERL_EPMD_PORT", ports.epmd.to_string())
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}");
    broker
}

/// In a group of its own, with what it says in a file.
fn spawn(mut program: Command, folder: &Path, said: &str) -> Result<Child, Failure> {
    let said = File::create(folder.join(said)).doing("writing a log")?;
    let too = said.try_clone().doing("writing a log")?;
    program.current_dir(folder).stdout(said).stderr(Stdio::from(too)).process_group(0);
    program.spawn().doing("starting RabbitMQ")
}
