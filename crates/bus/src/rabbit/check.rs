//! Whether Muster can work with a broker, asked without changing anything there but a binding that is missing.

use std::io;
use std::time::Duration;

use lapin::options::{BasicGetOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, parsing};
use lapin::{Channel, ExchangeKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::config::Broker;
use super::connection::{self, Link, OPEN_WITHIN, within};
use super::wire::short;
use super::{RabbitConfig, topology};
use crate::{BrokerError, QueueSpec};

/// Whoever speaks AMQP 0-9-1 begins with this.
const GREETING: &[u8; 8] = b"AMQP\0\0\x09\x01";
/// Before the payload of a frame: its kind, its channel and its size.
const HEAD_BYTES: usize = 7;
/// Before the server's properties in `connection.start`: class, method and version.
const START_BYTES: usize = 6;
/// The server's properties are smaller.
const LARGEST_START_BYTES: u32 = 64 << 10;
/// Dead letters that are kept until they are stored elsewhere came with this version.
const OLDEST: (u32, u32) = (3, 10);
/// For each question.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// What a look at a broker has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerReport {
    /// Host and port.
    pub server: String,
    /// What it calls itself: `3.10.8`.
    pub version: String,
    /// What stands in the way; nothing when all is well.
    pub problems: Vec<BrokerError>,
    /// Queues and exchanges that are not there yet: a service makes them when it starts.
    pub missing: Vec<String>,
}

/// Asks a broker for its version, its permissions, and whether its exchanges and queues are as they should be. Bindings
/// that are missing between them are made.
///
/// # Errors
/// Nobody answers, or we are not let in.
pub async fn check(config: RabbitConfig, queues: &[QueueSpec]) -> Result<BrokerReport, BrokerError> {
    let broker = Broker::new(config)?;
    let version = match tokio::time::timeout(OPEN_WITHIN, greet(&broker)).await {
        Ok(greeted) => greeted,
        Err(elapsed) => Err(elapsed.into()),
    };
    let unreachable = |error: io::Error| BrokerError::Unreachable {
        server: broker.server.to_string(),
        reason: error.to_string(),
    };
    let version = version.map_err(unreachable)?;
    let mut report = BrokerReport {
        server: broker.server.to_string(),
        problems: too_old(&version).into_iter().collect(),
        missing: Vec::new(),
        version,
    };
    let mut looks = vec![Look::Exchange, Look::DeadExchange];
    looks.extend(
        queues.iter().flat_map(|spec| [Look::Queue(*spec), Look::Dead(*spec), Look::Bindings(*spec)]),
    );
    looks.push(Look::Probe);
    for look in looks {
        if matches!(look, Look::Bindings(_)) && !(report.missing.is_empty() && report.problems.is_empty()) {
            continue;
        }
        // Each on a connection of its own, since what is refused ends it.
        let link = connection::open(&broker).await?;
        let found = within(ANSWER_WITHIN, look.at(&link, &broker)).await;
        link.close().await;
        match found {
            Ok(()) => {}
            Err(error) if connection::is_missing(&error) => report.missing.extend(look.name(&broker)),
            Err(error) => report.problems.push(connection::explain(&broker, &error)),
        }
    }
    report.problems.dedup();
    Ok(report)
}

/// One thing to look at.
#[derive(Clone, Copy)]
enum Look {
    Exchange,
    DeadExchange,
    Queue(QueueSpec),
    Dead(QueueSpec),
    /// From the exchanges to a queue and to that of its dead letters.
    Bindings(QueueSpec),
    /// A queue of the connection's own, to try permissions on.
    Probe,
}

impl Look {
    /// What it is called, if it stays.
    fn name(self, broker: &Broker) -> Option<String> {
        match self {
            Self::Exchange => Some(broker.exchange()),
            Self::Queue(spec) => Some(broker.queue(spec.name)),
            Self::Dead(spec) => Some(broker.dead_queue(spec.name)),
            Self::DeadExchange => Some(broker.dead_exchange()),
            Self::Bindings(_) | Self::Probe => None,
        }
    }

    /// What is there is declared once more, which compares it and changes nothing; what is not stays away. A binding
    /// can't be asked for, so it is made once more, as by each service that starts.
    async fn at(self, link: &Link, broker: &Broker) -> Result<(), lapin::Error> {
        let channel = &link.channel;
        match self {
            Self::Exchange => compare_exchange(channel, &broker.exchange(), ExchangeKind::Topic).await,
            Self::DeadExchange => {
                compare_exchange(channel, &broker.dead_exchange(), ExchangeKind::Direct).await
            }
            Self::Queue(spec) => {
                let arguments = topology::table(topology::durable_arguments(broker, &spec));
                compare_queue(channel, &broker.queue(spec.name), arguments).await
            }
            Self::Dead(spec) => {
                let arguments = topology::table(topology::dead_arguments());
                compare_queue(channel, &broker.dead_queue(spec.name), arguments).await
            }
            Self::Bindings(spec) => topology::bind_durable(channel, broker, &spec).await,
            Self::Probe => try_permissions(channel, broker).await,
        }
    }
}

async fn compare_exchange(channel: &Channel, name: &str, kind: ExchangeKind) -> Result<(), lapin::Error> {
    for passive in [true, false] {
        let options = ExchangeDeclareOptions { durable: true, passive, ..Default::default() };
        channel.exchange_declare(short(name), kind.clone(), options, FieldTable::default()).await?;
    }
    Ok(())
}

async fn compare_queue(channel: &Channel, name: &str, arguments: FieldTable) -> Result<(), lapin::Error> {
    for passive in [true, false] {
        let options = QueueDeclareOptions { durable: true, passive, ..Default::default() };
        channel.queue_declare(short(name), options, arguments.clone()).await?;
    }
    Ok(())
}

/// Configures, writes and reads a queue that is gone with the connection.
async fn try_permissions(channel: &Channel, broker: &Broker) -> Result<(), lapin::Error> {
    let name = broker.queue(&format!("muster.check.{}", std::process::id()));
    let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
    channel.queue_declare(short(&name), options, FieldTable::default()).await?;
    channel.basic_get(short(&name), BasicGetOptions::default()).await?;
    // A key that no event has.
    let (exchange, key) = (short(&broker.exchange()), "muster.check".into());
    let bound =
        channel.queue_bind(short(&name), exchange, key, QueueBindOptions::default(), FieldTable::default());
    match bound.await {
        Err(error) if connection::is_missing(&error) => Ok(()),
        bound => bound,
    }
}

fn too_old(version: &str) -> Option<BrokerError> {
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    (found < OLDEST).then(|| BrokerError::TooOld { version: version.to_owned() })
}

/// What a server says of itself before it asks who we are.
async fn greet(broker: &Broker) -> io::Result<String> {
    let server = &broker.server;
    let mut stream = TcpStream::connect((server.host.as_str(), server.port)).await?;
    stream.write_all(GREETING).await?;
    let mut head = [0; HEAD_BYTES];
    stream.read_exact(&mut head).await?;
    let [kind, _, _, size @ ..] = head;
    let size = u32::from_be_bytes(size);
    // A method, on the channel of the connection itself, with room for the table.
    if kind != 1 || size > LARGEST_START_BYTES || size < u32::try_from(START_BYTES).unwrap_or(0) {
        return Err(io::Error::other("it does not speak AMQP 0-9-1"));
    }
    let mut payload = vec![0; size as usize];
    stream.read_exact(&mut payload).await?;
    version(&payload[START_BYTES..]).ok_or_else(|| io::Error::other("it says no version"))
}

fn version(properties: &[u8]) -> Option<String> {
    let (_, table) = parsing::parse_field_table(properties).ok()?;
    match table.inner().get("version")? {
        AMQPValue::LongString(version) => Some(version.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for (version, is_old) in [
            ("3.9.29", true),
            ("3.10.0", false),
            ("3.13.7", false),
            ("4.0.5", false),
            ("4.2.0-rc.1", false),
            ("", true),
        ] {
            assert_eq!(too_old(version).is_some(), is_old, "{version}");
        }
    }

    #[test]
    fn what_is_no_table_has_no_version() {
        for payload in [&b""[..], b"\xff\xff\xff\xff", b"\0\0\0\x02xx"] {
            assert_eq!(version(payload), None);
        }
    }
}
