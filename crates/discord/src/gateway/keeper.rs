//! The task that keeps a shard connected.

use super::event::Event;
use super::read::read;
use super::session::Session;
use super::start::Starter;
use super::{Connection, GatewayError, Goodbye};
use futures_util::StreamExt as _;
use std::task::Poll;
use std::time::Duration;
use telemetry::Telemetry;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twilight_gateway::{Message, Shard, ShardState};

/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// One message of the gateway: the session up to it, and the event, if it is one that we care about.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) at: Instant,
    pub(super) session: Option<Session>,
    pub(super) event: Option<Event>,
}

pub(super) struct Keeper {
    pub(super) shard: Shard<Starter>,
    pub(super) events: mpsc::Sender<Received>,
    pub(super) connection: watch::Sender<Connection>,
    pub(super) goodbye: watch::Receiver<Goodbye>,
    pub(super) telemetry: Telemetry,
    pub(super) last_code: u16,
    pub(super) heartbeats: u32,
}

impl Keeper {
    pub(super) async fn run(mut self, stop: CancellationToken) -> Result<(), GatewayError> {
        let ended = stop.run_until_cancelled(self.keep()).await;
        if ended.is_none() {
            let goodbye = *self.goodbye.borrow();
            self.shard.close(goodbye.frame());
            let _ = tokio::time::timeout(GOODBYE, self.until_closed()).await;
        }
        self.connection.send_replace(Connection::Closed);
        self.telemetry.metrics().gateway_connected(self.number(), false);
        match ended {
            Some(()) if !stop.is_cancelled() => Err(GatewayError::Refused { code: self.last_code }),
            _ => Ok(()),
        }
    }

    /// Ends only when the connection is closed for good or nobody listens any more.
    async fn keep(&mut self) {
        while let Some(received) = self.shard.next().await {
            let at = Instant::now();
            let event = match received {
                Ok(Message::Text(text)) => Some(understood(&text)),
                Ok(Message::Close(frame)) => {
                    self.closed(frame.map_or(0, |frame| frame.code));
                    None
                }
                Err(error) => {
                    tracing::warn!(name: "discord.gateway.disconnected", target: "discord", { error.r#type = %kind(&error) }, "The gateway could not be reached; trying again.");
                    None
                }
            };
            self.note_connection();
            self.note_heartbeat();
            // What we don't care about is told too: whoever goes on needn't be told of it again.
            if let Some(event) = event
                && self.events.send(Received { at, session: self.session(), event }).await.is_err()
            {
                return;
            }
        }
    }

    fn session(&self) -> Option<Session> {
        Some(Session::of(self.shard.session()?, self.shard.resume_url()?))
    }

    fn number(&self) -> u32 {
        self.shard.id().number()
    }

    fn closed(&mut self, code: u16) {
        self.last_code = code;
        self.telemetry.metrics().gateway_reconnected(self.number());
        tracing::info!(name: "discord.gateway.closed", target: "discord", { discord.gateway.close_code = code }, "The gateway's connection was closed.");
    }

    fn note_connection(&self) {
        let now = match self.shard.state() {
            ShardState::Active => Connection::Connected,
            _ => Connection::Connecting,
        };
        let changed =
            self.connection.send_if_modified(|connection| std::mem::replace(connection, now) != now);
        if changed {
            self.telemetry.metrics().gateway_connected(self.number(), now == Connection::Connected);
        }
    }

    /// Records the latency of each heartbeat once.
    fn note_heartbeat(&mut self) {
        let latency = self.shard.latency();
        if self.heartbeats != latency.periods()
            && let Some(newest) = latency.recent().first()
        {
            self.heartbeats = latency.periods();
            self.telemetry.metrics().gateway_heartbeat(self.number(), *newest);
        }
    }

    /// Ends once the goodbye is on its way. An answer to it isn't waited for: left to itself, the shard would connect
    /// again when the other side only hangs up.
    async fn until_closed(&mut self) {
        std::future::poll_fn(|cx| {
            loop {
                match self.shard.poll_next_unpin(cx) {
                    Poll::Ready(Some(Ok(received))) if !received.is_close() => {}
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => break,
                }
            }
            let is_gone = matches!(self.shard.state(), ShardState::Disconnected { .. });
            if is_gone { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

fn understood(text: &str) -> Option<Event> {
    read(text).unwrap_or_else(|error| {
        tracing::warn!(name: "discord.gateway.unreadable", target: "discord", { discord.gateway.event = %error.event, exception.message = %error.source }, "An event of the gateway could not be read.");
        None
    })
}

fn kind(error: &twilight_gateway::error::ReceiveMessageError) -> &'static str {
    use twilight_gateway::error::ReceiveMessageErrorType as Kind;
    match error.kind() {
        Kind::Reconnect => "connect",
        Kind::Deserializing { .. } => "unreadable",
        _ => "compression",
    }
}
