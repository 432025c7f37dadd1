//! One connection, while this process holds it.

use super::LEASE;
use super::connections::Connections;
use crate::bot::Bot;
use crate::guilds::{self, Guilds};
use crate::interactions;
use actions::shards::{ShardRow, ShardSession};
use discord::{Event, Gateway, GatewayConfig, GatewayError, Session, ShardNumber};
use std::sync::Arc;
use std::time::Duration;
use telemetry::{GatewayEvent, Secret, attr};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::task::TaskTracker;

/// How often a holder says that it holds, and how far it is.
const KEEP_EVERY: Duration = Duration::from_secs(5);

/// Why a connection was left.
#[derive(Clone, Copy, Debug)]
pub(super) enum Left {
    /// The bot was stopped.
    Stopped,
    /// Another process has it.
    Lost,
}

/// What each connection needs.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) bot: Arc<Bot>,
    pub(super) connections: Connections,
    pub(super) tasks: TaskTracker,
    pub(super) url: String,
    pub(super) token: Secret<String>,
}

impl Listener {
    /// Holds a connection until the bot is stopped or another process has it; whoever is next goes on with its session.
    pub(super) async fn keep(self: Arc<Self>, mut shard: ShardRow) -> Result<Left, GatewayError> {
        let left = self.listen(&mut shard).await;
        self.connections.gone(shard.number);
        if !matches!(left, Ok(Left::Lost)) {
            let given_back = actions::shards::release(&self.bot.ctx, &shard).await;
            if let Err(error) = given_back {
                tracing::warn!(name: "bot.shard_not_released", target: "bot", { error.r#type = %error.error_type() }, "A connection could not be given back; it is free when its lease ends.");
            }
        }
        left
    }

    async fn listen(&self, shard: &mut ShardRow) -> Result<Left, GatewayError> {
        // Where another Discord's session would be gone on with, nobody may be.
        shard.session.take_if(|session| !resumed(session).is_of(&self.url));
        if shard.session.is_none() && !self.may_identify(shard).await {
            return Ok(Left::Stopped);
        }
        let mut known = Guilds::of(ShardNumber { number: shard.number, total: shard.total });
        if shard.session.is_some() {
            known.recall(&self.bot).await;
        }
        let mut gateway = Gateway::open(&self.config(shard), self.bot.ctx.telemetry.clone())?;
        let mut connection = gateway.connection();
        let mut keeping = tokio::time::interval(KEEP_EVERY);
        keeping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.connections.tell(shard.number, *connection.borrow_and_update());
        let left = loop {
            tokio::select! {
                () = self.bot.stop.cancelled() => break Left::Stopped,
                event = gateway.next() => match event {
                    Some(event) => self.take(&mut known, event).await,
                    None => break Left::Stopped,
                },
                Ok(()) = connection.changed() => {
                    self.connections.tell(shard.number, *connection.borrow_and_update());
                }
                _ = keeping.tick() => {
                    shard.session = gateway.session().map(kept);
                    if !self.is_still_ours(shard).await {
                        break Left::Lost;
                    }
                }
            }
        };
        shard.session = gateway.session().map(kept);
        gateway.pause().await.map(|()| left)
    }

    fn config(&self, shard: &ShardRow) -> GatewayConfig {
        GatewayConfig {
            url: self.url.clone(),
            token: self.token.clone(),
            shard: ShardNumber { number: shard.number, total: shard.total },
            session: shard.session.as_ref().map(resumed),
        }
    }

    /// Waits for the right to begin a session; false when the bot is stopped meanwhile. A store that can't be asked
    /// holds up nobody: Discord itself refuses who comes too soon.
    async fn may_identify(&self, shard: &ShardRow) -> bool {
        while let Ok(Err(pause)) = actions::shards::may_identify(&self.bot.ctx, shard).await {
            if self.bot.stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return false;
            }
        }
        true
    }

    /// Without an answer of the store's nobody else can have claimed it either.
    async fn is_still_ours(&self, shard: &ShardRow) -> bool {
        actions::shards::keep(&self.bot.ctx, shard, LEASE).await.unwrap_or(true)
    }

    /// What is told of guilds is taken in its order; interactions run beside it, so that none waits for another.
    async fn take(&self, known: &mut Guilds, event: Event) {
        if let Event::Interaction(interaction) = event {
            let handled = interactions::handle(Arc::clone(&self.bot), *interaction, Instant::now());
            telemetry::spawn(self.tasks.track_future(handled));
            return;
        }
        let shard = known.shard.number;
        let span = self.bot.ctx.telemetry.gateway_event(GatewayEvent { event: event.name(), shard });
        if let Some(guild) = event.guild() {
            span.set(attr::guild_id(guild.get()));
        }
        span.run(async {
            known.take(&self.bot, event).await;
            let application = known.application;
            for guild in known.newcomers() {
                let registered = guilds::register_commands(Arc::clone(&self.bot), application, guild);
                telemetry::spawn(self.tasks.track_future(registered));
            }
        })
        .await;
    }
}

fn resumed(session: &ShardSession) -> Session {
    Session {
        id: session.id.clone(),
        sequence: session.sequence,
        resume_url: session.resume_url.clone(),
    }
}

fn kept(session: &Session) -> ShardSession {
    ShardSession {
        id: session.id.clone(),
        sequence: session.sequence,
        resume_url: session.resume_url.clone(),
    }
}
