//! One connection with one channel, opened within a time and cut when it hangs.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd as _;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::tcp::{AMQPUriTcpExt as _, AsyncTcpStream, TLSConfig};
use lapin::{Channel, Connection, ConnectionProperties, ErrorKind, Event};
use tokio_util::sync::CancellationToken;

use super::config::Broker;
use crate::BrokerError;

/// How long a broker may take to let us in.
pub(crate) const OPEN_WITHIN: Duration = Duration::from_secs(3);
/// How long it may take for each thing that we declare.
pub(crate) const DECLARE_WITHIN: Duration = Duration::from_secs(10);
/// How long a broker may take to show that it is there when one of its queues says nothing.
const ALIVE_WITHIN: Duration = Duration::from_secs(2);
/// How long a broker may take to say good-bye.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);
/// How long a broker may go on with what it was asked once the bus is closed.
const CLOSED_FOR: Duration = Duration::from_millis(1_500);
/// AMQP's word for "all went well".
const SUCCESS: u16 = 200;

/// What lapin tells of a connection.
pub(crate) type Events = Pin<Box<dyn Stream<Item = Event> + Send + Sync>>;

/// An open connection.
pub(crate) struct Link {
    pub(crate) channel: Channel,
    pub(crate) events: Events,
    connection: Connection,
    socket: Socket,
}

/// The socket beneath a connection, to cut it. lapin's thread waits for its peer without a limit until the connection
/// is open, and would stay for ever.
#[derive(Clone, Default)]
struct Socket(Arc<OnceLock<TcpStream>>);

impl Socket {
    fn cut(&self) {
        if let Some(stream) = self.0.get() {
            // One that is gone already is cut enough.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Gives up after a while.
pub(crate) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, lapin::Error>>,
) -> Result<T, lapin::Error> {
    tokio::time::timeout(limit, work).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Works until it is done; none when it is not, a moment after the bus was closed: a broker that says nothing holds
/// nobody up.
pub(crate) async fn unless_closed<T>(stop: &CancellationToken, work: impl Future<Output = T>) -> Option<T> {
    let late = async {
        stop.cancelled().await;
        tokio::time::sleep(CLOSED_FOR).await;
    };
    tokio::select! {
        done = work => Some(done),
        () = late => None,
    }
}

/// Opens a connection and a channel.
pub(crate) async fn open(broker: &Broker) -> Result<Link, BrokerError> {
    let socket = Socket::default();
    let opened = tokio::time::timeout(OPEN_WITHIN, connect(broker, socket.clone())).await;
    match opened {
        Ok(Ok(link)) => Ok(link),
        Ok(Err(error)) => Err(unreachable_or(broker, &error)),
        Err(_) => {
            socket.cut();
            let reason = format!("no answer within {} s", OPEN_WITHIN.as_secs());
            Err(BrokerError::Unreachable { server: broker.server.to_string(), reason })
        }
    }
}

async fn connect(broker: &Broker, socket: Socket) -> Result<Link, lapin::Error> {
    let properties = ConnectionProperties::default()
        .with_connection_name(broker.connection_name.as_str().into())
        .with_client_property("product".into(), "muster".into());
    let beneath = socket.clone();
    let connection = Connection::connector(
        broker.address.uri.clone(),
        lapin::runtime::default_runtime()?,
        async move |uri, runtime| {
            let dialled = uri.connect_with_config_async(TLSConfig::default(), &runtime);
            let stream = tokio::time::timeout(OPEN_WITHIN, dialled).await.map_err(io::Error::from)??;
            if let AsyncTcpStream::Plain(plain) = &stream {
                // Set once, since lapin's own retries are off.
                let _ = beneath.0.set(plain.get_ref().as_fd().try_clone_to_owned()?.into());
            }
            Ok(stream)
        },
        properties,
    )
    .await?;
    let events = Box::pin(connection.events_listener());
    let channel = connection.create_channel().await?;
    Ok(Link { channel, events, connection, socket })
}

impl Link {
    /// Resolves with what the broker takes or no longer takes; an error when the connection ended.
    pub(crate) async fn change(&mut self) -> Result<Change, lapin::Error> {
        loop {
            match self.events.next().await {
                Some(Event::ConnectionBlocked(reason)) => return Ok(Change::Blocked(reason)),
                Some(Event::ConnectionUnblocked) => return Ok(Change::Unblocked),
                Some(Event::Error(error)) => return Err(error),
                Some(_) => {}
                None => return Err(io::Error::from(io::ErrorKind::ConnectionAborted).into()),
            }
        }
    }

    /// What an error means that has ended the use of this connection, which is cut. A broker that answers while a queue
    /// of its does not has lost that queue's leader.
    pub(crate) async fn fail(&self, broker: &Broker, error: &lapin::Error) -> BrokerError {
        let queue_is_silent = is_silence(error) && self.is_alive().await;
        self.socket.cut();
        if queue_is_silent {
            return BrokerError::NoLeader { server: broker.server.to_string() };
        }
        explain(broker, error)
    }

    async fn is_alive(&self) -> bool {
        let another = self.connection.create_channel();
        matches!(tokio::time::timeout(ALIVE_WITHIN, another).await, Ok(Ok(_)))
    }

    /// Says good-bye.
    pub(crate) async fn close(self) {
        let closing = self.connection.close(SUCCESS, "OK".into());
        if !matches!(tokio::time::timeout(CLOSE_WITHIN, closing).await, Ok(Ok(()))) {
            self.socket.cut();
        }
    }

    /// Ends a connection that can't be trusted any more.
    pub(crate) fn cut(&self) {
        self.socket.cut();
    }
}

/// What a broker says while connected.
pub(crate) enum Change {
    Blocked(String),
    Unblocked,
}

/// What an error means while a connection is being opened.
fn unreachable_or(broker: &Broker, error: &lapin::Error) -> BrokerError {
    match explain(broker, error) {
        BrokerError::Lost { server, reason } => BrokerError::Unreachable { server, reason },
        other => other,
    }
}

/// What an error means once a connection is open.
pub(crate) fn explain(broker: &Broker, error: &lapin::Error) -> BrokerError {
    let lost = || BrokerError::Lost { server: broker.server.to_string(), reason: reason(error) };
    let ErrorKind::ProtocolError(refusal) = error.kind() else { return lost() };
    let said = refusal.get_message().as_str().to_owned();
    let (server, user, vhost) = (broker.server.to_string(), broker.address.user(), broker.address.vhost());
    match refusal.kind() {
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) if said.contains("Login was refused") => {
            BrokerError::Login { server, user }
        }
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => {
            BrokerError::Forbidden { user, vhost, reason: said }
        }
        AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => BrokerError::Differs { reason: said },
        AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) if said.contains("not found") => {
            BrokerError::NoVhost { server, vhost }
        }
        AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) => BrokerError::VhostForbidden { user, vhost },
        _ => lost(),
    }
}

/// Whether the broker says that there is no such queue or exchange.
pub(crate) fn is_missing(error: &lapin::Error) -> bool {
    let missing = AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND);
    matches!(error.kind(), ErrorKind::ProtocolError(refusal) if *refusal.kind() == missing)
}

/// Whether nothing was heard for as long as we wait, but the network has not failed.
fn is_silence(error: &lapin::Error) -> bool {
    matches!(error.kind(), ErrorKind::IOError(io) if io.kind() == io::ErrorKind::TimedOut)
}

fn reason(error: &lapin::Error) -> String {
    match error.kind() {
        ErrorKind::IOError(io) => io.to_string(),
        ErrorKind::MissingHeartbeatError => "nothing was heard from it".to_owned(),
        ErrorKind::ProtocolError(refusal) => refusal.get_message().as_str().to_owned(),
        _ => error.to_string(),
    }
}
