//! The gateway: one task that keeps a shard connected and hands on what it is told.

mod event;
mod read;

pub use event::{Channel, Event, GuildSnapshot};
pub use read::{UnreadableEvent, read};

use futures_util::StreamExt as _;
use std::task::Poll;
use std::time::Duration;
use telemetry::{Secret, Telemetry};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use twilight_gateway::{CloseFrame, ConfigBuilder, Intents, Message, Shard, ShardId, ShardState};

/// Events that may wait for whoever works on them. Beyond that the connection is left unread: Discord cuts it
/// and sends everything again when the session is resumed.
const EVENTS_WAITING_MAX: usize = 1024;
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);
/// The number of the only shard.
pub const SHARD: u32 = 0;

/// What we ask to be told; none of it is privileged.
fn intents() -> Intents {
    Intents::GUILDS | Intents::GUILD_MESSAGES
}

/// Where the gateway is and who connects.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// The WebSocket address; [`GatewayInfo::url`](crate::GatewayInfo::url) gives it.
    pub url: String,
    /// The bot's token.
    pub token: Secret<String>,
}

/// How the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Not there yet, or cut and being made again.
    Connecting,
    /// A session is open.
    Connected,
    /// Closed for good.
    Closed,
}

/// Why the gateway can't be used at all.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The address isn't one of a WebSocket.
    #[error("{0:?} is not the address of a gateway")]
    Address(String),
    /// Discord closed the connection and won't have it again.
    #[error("Discord closed the gateway for good with code {code}{}", if *.code == 4004 { ": it refuses the bot token" } else { "" })]
    Refused {
        /// Discord's close code ("Gateway Close Event Codes").
        code: u16,
    },
    /// The task ended in a panic.
    #[error("the gateway's task broke down")]
    Broken,
}

/// A connection that is kept up until it is closed.
#[derive(Debug)]
pub struct Gateway {
    events: mpsc::Receiver<Event>,
    connection: watch::Receiver<Connection>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), GatewayError>>,
}

impl Gateway {
    /// Starts to connect; events come from [`Self::next`].
    ///
    /// # Errors
    /// The address makes no sense.
    pub fn open(config: &GatewayConfig, telemetry: Telemetry) -> Result<Self, GatewayError> {
        let url = config.url.trim_end_matches('/');
        let scheme = reqwest::Url::parse(url).ok().filter(reqwest::Url::has_host);
        if !scheme.is_some_and(|url| matches!(url.scheme(), "ws" | "wss")) {
            return Err(GatewayError::Address(config.url.clone()));
        }
        let shard_config =
            ConfigBuilder::new(config.token.expose().clone(), intents()).proxy_url(url.to_owned()).build();
        let (event_sender, events) = mpsc::channel(EVENTS_WAITING_MAX);
        let (connection_sender, connection) = watch::channel(Connection::Connecting);
        let stop = CancellationToken::new();
        let keeper = Keeper {
            shard: Shard::with_config(ShardId::ONE, shard_config),
            events: event_sender,
            connection: connection_sender,
            telemetry,
            last_code: 0,
            heartbeats: 0,
        };
        let task = telemetry::spawn(keeper.run(stop.clone()));
        Ok(Self { events, connection, stop, task })
    }

    /// The next event; none when the gateway is closed. [`Self::close`] tells why.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// How the connection is, for whoever watches it.
    pub fn connection(&self) -> watch::Receiver<Connection> {
        self.connection.clone()
    }

    /// Says goodbye and waits until the connection is closed.
    ///
    /// # Errors
    /// It was closed before, by Discord and for good.
    pub async fn close(mut self) -> Result<(), GatewayError> {
        self.stop.cancel();
        self.events.close();
        (&mut self.task).await.unwrap_or(Err(GatewayError::Broken))
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

struct Keeper {
    shard: Shard,
    events: mpsc::Sender<Event>,
    connection: watch::Sender<Connection>,
    telemetry: Telemetry,
    last_code: u16,
    heartbeats: u32,
}

impl Keeper {
    async fn run(mut self, stop: CancellationToken) -> Result<(), GatewayError> {
        let ended = stop.run_until_cancelled(self.keep()).await;
        if ended.is_none() {
            self.shard.close(CloseFrame::NORMAL);
            let _ = tokio::time::timeout(GOODBYE, self.until_closed()).await;
        }
        self.connection.send_replace(Connection::Closed);
        self.telemetry.metrics().gateway_connected(SHARD, false);
        match ended {
            Some(()) if !stop.is_cancelled() => Err(GatewayError::Refused { code: self.last_code }),
            _ => Ok(()),
        }
    }

    /// Ends only when the connection is closed for good or nobody listens any more.
    async fn keep(&mut self) {
        while let Some(received) = self.shard.next().await {
            let event = match received {
                Ok(Message::Text(text)) => understood(&text),
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
            if let Some(event) = event
                && self.events.send(event).await.is_err()
            {
                return;
            }
        }
    }

    fn closed(&mut self, code: u16) {
        self.last_code = code;
        self.telemetry.metrics().gateway_reconnected(SHARD);
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
            self.telemetry.metrics().gateway_connected(SHARD, now == Connection::Connected);
        }
    }

    /// Records the latency of each heartbeat once.
    fn note_heartbeat(&mut self) {
        let latency = self.shard.latency();
        if self.heartbeats != latency.periods()
            && let Some(newest) = latency.recent().first()
        {
            self.heartbeats = latency.periods();
            self.telemetry.metrics().gateway_heartbeat(SHARD, *newest);
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
