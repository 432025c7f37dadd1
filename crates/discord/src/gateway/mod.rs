//! The gateway: one task that keeps a shard connected and hands on what it is told.

mod event;
mod keeper;
mod read;
mod session;
mod start;

pub use event::{Channel, Event, GuildSnapshot};
pub use read::{UnreadableEvent, read};
pub use session::{Session, ShardNumber};
pub use start::Start;

use keeper::{Keeper, Received};
use start::Starter;
use telemetry::{Secret, Telemetry};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twilight_gateway::queue::InMemoryQueue;
use twilight_gateway::{CloseFrame, ConfigBuilder, Intents, Shard};

/// Events that may wait for whoever works on them. Beyond that the connection is left unread: Discord cuts it
/// and sends everything again when the session is resumed.
const EVENTS_WAITING_MAX: usize = 1024;

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
    /// Which share of the guilds this connection is told of.
    pub shard: ShardNumber,
    /// The session to go on with; without one, or when Discord has forgotten it, a new one is begun. One that is not
    /// [`of`](Session::is_of) this gateway costs an attempt to reach another.
    pub session: Option<Session>,
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
    /// There is no such shard.
    #[error("there is no shard {0}")]
    Shard(ShardNumber),
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

/// What becomes of the session when we close the connection.
#[derive(Clone, Copy, Debug)]
enum Goodbye {
    Ends,
    Resumes,
}

impl Goodbye {
    /// A session outlives every code but 1000 and 1001 (Discord: "Initiating a Disconnect").
    const fn frame(self) -> CloseFrame<'static> {
        match self {
            Self::Ends => CloseFrame::NORMAL,
            Self::Resumes => CloseFrame::RESUME,
        }
    }
}

/// A connection that is kept up until it is closed.
#[derive(Debug)]
pub struct Gateway {
    events: mpsc::Receiver<Received>,
    /// Up to which event everything is handled.
    handled: Option<Session>,
    /// The same with the event that is being handled.
    begun: Option<Session>,
    /// When the event came that was handed on last.
    received: Instant,
    connection: watch::Receiver<Connection>,
    goodbye: watch::Sender<Goodbye>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), GatewayError>>,
}

impl Gateway {
    /// Starts to connect; events come from [`Self::next`].
    ///
    /// # Errors
    /// The address makes no sense.
    pub fn open(config: &GatewayConfig, telemetry: Telemetry) -> Result<Self, GatewayError> {
        Self::open_with(config, telemetry, Starter::Itself(InMemoryQueue::default()))
    }

    /// The same, and each time that a session has to be begun it waits for whoever hears of it: of all shards of a bot
    /// only so many may begin at once.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_asking(
        config: &GatewayConfig,
        telemetry: Telemetry,
        starts: mpsc::UnboundedSender<Start>,
    ) -> Result<Self, GatewayError> {
        Self::open_with(config, telemetry, Starter::asking(starts))
    }

    fn open_with(
        config: &GatewayConfig,
        telemetry: Telemetry,
        starter: Starter,
    ) -> Result<Self, GatewayError> {
        let url = config.url.trim_end_matches('/');
        let scheme = reqwest::Url::parse(url).ok().filter(reqwest::Url::has_host);
        if !scheme.is_some_and(|url| matches!(url.scheme(), "ws" | "wss")) {
            return Err(GatewayError::Address(config.url.clone()));
        }
        let mut settings = ConfigBuilder::new(config.token.expose().clone(), intents())
            .proxy_url(url.to_owned())
            .queue(starter);
        if let Some(session) = &config.session {
            settings = settings.session(session.to_twilight()).resume_url(session.resume_url.clone());
        }
        let (event_sender, events) = mpsc::channel(EVENTS_WAITING_MAX);
        let (connection_sender, connection) = watch::channel(Connection::Connecting);
        let (goodbye, said) = watch::channel(Goodbye::Ends);
        let stop = CancellationToken::new();
        let keeper = Keeper {
            shard: Shard::with_config(config.shard.to_twilight()?, settings.build()),
            events: event_sender,
            connection: connection_sender,
            goodbye: said,
            telemetry,
            last_code: 0,
            heartbeats: 0,
        };
        let task = telemetry::spawn(keeper.run(stop.clone()));
        let (handled, begun) = (config.session.clone(), config.session.clone());
        let received = Instant::now();
        Ok(Self { events, handled, begun, received, connection, goodbye, stop, task })
    }

    /// The next event; none when the gateway is closed, and [`Self::close`] tells why. Asking for it says that the
    /// one before has been handled.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            self.handled.clone_from(&self.begun);
            let received = self.events.recv().await?;
            self.begun = received.session.or(self.begun.take());
            self.received = received.at;
            if received.event.is_some() {
                return received.event;
            }
        }
    }

    /// When the newest event came over the wire, however long it has waited since to be asked for.
    pub const fn received(&self) -> Instant {
        self.received
    }

    /// The session up to the last event that has been handled: whoever goes on with it is told all that came after.
    pub const fn session(&self) -> Option<&Session> {
        self.handled.as_ref()
    }

    /// How the connection is, for whoever watches it.
    pub fn connection(&self) -> watch::Receiver<Connection> {
        self.connection.clone()
    }

    /// Ends the session, so that the bot is seen to go, and waits until the connection is closed.
    ///
    /// # Errors
    /// It was closed before, by Discord and for good.
    pub async fn close(self) -> Result<(), GatewayError> {
        self.leave(Goodbye::Ends).await
    }

    /// Closes the connection and leaves the session to whoever goes on with it.
    ///
    /// # Errors
    /// As [`Self::close`].
    pub async fn pause(self) -> Result<(), GatewayError> {
        self.leave(Goodbye::Resumes).await
    }

    async fn leave(mut self, goodbye: Goodbye) -> Result<(), GatewayError> {
        self.goodbye.send_replace(goodbye);
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
