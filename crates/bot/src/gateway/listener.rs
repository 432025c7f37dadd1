//! One connection, while this process holds it.

use super::LEASE;
use super::connections::Connections;
use super::lease::{Lease, News};
use crate::bot::Bot;
use crate::guilds::{self, Guilds, Note};
use crate::interactions;
use actions::shards::{ShardRow, ShardSession};
use discord::{
    Connection, Event, Gateway, GatewayConfig, GatewayError, Session, SessionStarts, ShardNumber, Start,
};
use std::sync::Arc;
use std::time::Duration;
use telemetry::{GatewayEvent, Secret, Span, attr};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long the store may take for what is left to be said when a connection is given back.
const GIVE_BACK_WITHIN: Duration = Duration::from_secs(2);

/// How soon Discord is asked again whether sessions may be begun.
const ASK_AGAIN_AFTER: Duration = Duration::from_mins(1);
const SPENT: &str = "The bot has begun too many sessions of late; Discord allows no more for now.";

/// Why a connection was left.
#[derive(Clone, Copy, Debug)]
pub(super) enum Left {
    /// All connections were to be left.
    Stopped,
    /// Another process has it.
    Lost,
    /// Another process may have it: the store says nothing, and Discord has cut it.
    Unsure,
}

/// What each connection needs.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) bot: Arc<Bot>,
    pub(super) connections: Connections,
    pub(super) tasks: TaskTracker,
    pub(super) url: String,
    pub(super) token: Secret<String>,
    /// All connections are left: the bot is stopped, or one of them can't be held.
    pub(super) stop: CancellationToken,
}

impl Listener {
    /// A connection that nobody holds, if there is one and the store answers.
    pub(super) async fn claim(&self, total: u32) -> Option<ShardRow> {
        let is_ours = |session: &ShardSession| resumed(session).is_of(&self.url);
        actions::shards::claim(&self.bot.ctx, total, LEASE, is_ours).await.unwrap_or_else(|error| {
            tracing::warn!(name: "bot.shard_not_claimed", target: "bot", { error.r#type = %error.error_type() }, "The store could not be asked for a connection; trying again.");
            None
        })
    }

    /// Holds a connection, asked for at `claimed`, until all are left or another process has it; whoever is next
    /// goes on with its session.
    pub(super) async fn keep(
        self: Arc<Self>,
        mut shard: ShardRow,
        claimed: Instant,
    ) -> Result<Left, GatewayError> {
        let left = self.listen(&mut shard, claimed).await;
        self.connections.gone(shard.number);
        if !matches!(left, Ok(Left::Lost)) {
            self.give_back(&shard).await;
        }
        left
    }

    async fn give_back(&self, shard: &ShardRow) {
        let error_type = match timeout(GIVE_BACK_WITHIN, actions::shards::release(&self.bot.ctx, shard)).await
        {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.error_type(),
            Err(_) => "timeout".into(),
        };
        tracing::warn!(name: "bot.shard_not_released", target: "bot", { error.r#type = %error_type }, "A connection could not be given back; it is free when its lease ends.");
    }

    async fn listen(self: &Arc<Self>, shard: &mut ShardRow, claimed: Instant) -> Result<Left, GatewayError> {
        let mut known = Guilds::of(ShardNumber { number: shard.number, total: shard.total });
        if shard.session.is_some() {
            known.recall(&self.bot).await;
        }
        let (asking, starts) = mpsc::unbounded_channel();
        let gateway = Gateway::open_asking(&self.config(shard), self.bot.ctx.telemetry.clone(), asking)?;
        let mut held = Held {
            listener: self,
            connection: gateway.connection(),
            gateway,
            starts,
            starting: JoinSet::new(),
            known,
            lease: Lease::since(claimed),
            writing: JoinSet::new(),
            behind: shard.session.clone(),
        };
        let left = held.until_left(shard).await;
        let _ = timeout(GIVE_BACK_WITHIN, held.write_all()).await;
        shard.session = held.session();
        held.gateway.pause().await.map(|()| left)
    }

    fn config(&self, shard: &ShardRow) -> GatewayConfig {
        GatewayConfig {
            url: self.url.clone(),
            token: self.token.clone(),
            shard: ShardNumber { number: shard.number, total: shard.total },
            session: shard.session.as_ref().map(resumed),
        }
    }

    /// Waits for the right to begin a session; false when it is left meanwhile. A store or a Discord that can't
    /// be asked holds up nobody: Discord itself refuses who comes too soon.
    async fn may_identify(&self, shard: &ShardRow) -> bool {
        let (ctx, stop) = (&self.bot.ctx, &self.stop);
        loop {
            let Some(asked) = stop.run_until_cancelled(ctx.discord.gateway()).await else { return false };
            let limit = asked.map(|info| info.session_start_limit).ok();
            let pause = if let Some(spent) = limit.as_ref().and_then(SessionStarts::spent_for) {
                self.connections.failed(SPENT);
                spent.min(ASK_AGAIN_AFTER)
            } else {
                let concurrency = limit.map_or(1, |limit| limit.max_concurrency);
                match actions::shards::may_identify(ctx, shard, concurrency).await {
                    Ok(Err(pause)) => pause,
                    Ok(Ok(())) | Err(_) => return true,
                }
            };
            if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return false;
            }
        }
    }

    /// Lets a shard begin a session when Discord and the other shards allow it.
    async fn start(self: Arc<Self>, shard: ShardRow, start: Start) {
        if self.may_identify(&shard).await {
            start.begin();
        }
    }

    /// Interactions run beside everything else, so that none waits for another.
    fn handle(&self, interaction: discord::Interaction, received: Instant) {
        let handled = interactions::handle(Arc::clone(&self.bot), interaction, received);
        telemetry::spawn(self.tasks.track_future(handled));
    }
}

/// A connection that is held. Nothing that is done for it waits for the store: whoever presses a button meanwhile has
/// three seconds.
struct Held<'a> {
    listener: &'a Arc<Listener>,
    gateway: Gateway,
    /// What wants to begin a session, and waits for its turn.
    starts: mpsc::UnboundedReceiver<Start>,
    starting: JoinSet<()>,
    connection: watch::Receiver<Connection>,
    known: Guilds,
    lease: Lease,
    /// What is being written down of a guild; one at a time, so that the newest comes last.
    writing: JoinSet<Result<Arc<Span>, Note>>,
    /// The session up to the first event that is not written down.
    behind: Option<ShardSession>,
}

impl Held<'_> {
    async fn until_left(&mut self, shard: &mut ShardRow) -> Left {
        self.show(shard);
        loop {
            tokio::select! {
                () = self.listener.stop.cancelled() => return Left::Stopped,
                event = self.gateway.next() => match event {
                    Some(event) => self.take(event),
                    None => return Left::Stopped,
                },
                Some(written) = self.writing.join_next(), if !self.writing.is_empty() => self.wrote(written),
                Some(start) = self.starts.recv() => {
                    self.starting.spawn(Arc::clone(self.listener).start(shard.clone(), start));
                }
                Some(_) = self.starting.join_next(), if !self.starting.is_empty() => {}
                Ok(()) = self.connection.changed() => self.show(shard),
                news = self.lease.news() => match news {
                    News::Due => {
                        shard.session = self.session();
                        self.lease.keep(&self.listener.bot, shard.clone());
                    }
                    News::Lost => return Left::Lost,
                    News::Kept | News::Over => {}
                },
            }
            // While it lasts nobody else has its session; made again it might be taken from whoever has it now.
            if self.lease.is_over() && *self.connection.borrow() != Connection::Connected {
                return Left::Unsure;
            }
        }
    }

    fn show(&mut self, shard: &ShardRow) {
        self.listener.connections.tell(shard.number, *self.connection.borrow_and_update());
    }

    /// The session up to which everything is handled and written down.
    fn session(&self) -> Option<ShardSession> {
        if self.is_written() { self.gateway.session().map(kept) } else { self.behind.clone() }
    }

    fn is_written(&self) -> bool {
        self.writing.is_empty() && !self.known.has_notes()
    }

    fn take(&mut self, event: Event) {
        if let Event::Interaction(interaction) = event {
            return self.listener.handle(*interaction, self.gateway.received());
        }
        if self.is_written() {
            self.behind = self.gateway.session().map(kept);
        }
        let bot = &self.listener.bot;
        let shard = self.known.shard.number;
        let span = bot.ctx.telemetry.gateway_event(GatewayEvent { event: event.name(), shard });
        if let Some(guild) = event.guild() {
            span.set(attr::guild_id(guild.get()));
        }
        let span = Arc::new(span);
        self.known.learn(event, Arc::clone(&span));
        self.write_next();
        if self.is_written() {
            self.register_commands(&span);
        }
    }

    /// In guilds that are known, as part of the event that told of them.
    fn register_commands(&mut self, span: &Span) {
        let application = self.known.application;
        for guild in self.known.newcomers() {
            let bot = Arc::clone(&self.listener.bot);
            let registered = guilds::register_commands(bot, application, guild);
            span.in_scope(|| telemetry::spawn(self.listener.tasks.track_future(registered)));
        }
    }

    fn wrote(&mut self, written: Result<Result<Arc<Span>, Note>, tokio::task::JoinError>) {
        match written {
            Ok(Ok(span)) => self.register_commands(&span),
            Ok(Err(note)) => self.known.keep(note),
            Err(_) => {}
        }
        self.write_next();
    }

    fn write_next(&mut self) {
        if self.writing.is_empty()
            && let Some(note) = self.known.next_note()
        {
            self.writing.spawn(note.write(Arc::clone(&self.listener.bot)));
        }
    }

    /// Writes down what is left.
    async fn write_all(&mut self) {
        while let Some(written) = self.writing.join_next().await {
            self.wrote(written);
        }
    }
}

fn resumed(session: &ShardSession) -> Session {
    Session { id: session.id.clone(), sequence: session.sequence, resume_url: session.resume_url.clone() }
}

fn kept(session: &Session) -> ShardSession {
    ShardSession {
        id: session.id.clone(),
        sequence: session.sequence,
        resume_url: session.resume_url.clone(),
    }
}
