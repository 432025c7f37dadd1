//! The gateway's events on their way to the verbs.

use crate::bot::Bot;
use crate::guilds::{self, Guilds};
use crate::interactions;
use actions::Gate;
use discord::{Connection, Event, Gateway, GatewayConfig, GatewayError, Rest, ShardNumber, Verdict};
use std::sync::Arc;
use std::time::Duration;
use telemetry::{GatewayEvent, Secret, attr};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The longest pause between two attempts to find the gateway.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const UNAUTHORISED: &str = "Discord refuses the bot token.";
const CONNECTING: &str = "The connection to Discord is being made.";

/// Keeps the gateway open until the bot is stopped, then waits for what has begun.
pub(crate) async fn run(bot: Arc<Bot>, token: Secret<String>) {
    let gate = bot.ctx.readiness.gate("discord gateway");
    let tasks = TaskTracker::new();
    if let Some(url) = find(&bot.ctx.discord, &gate, &bot.stop).await {
        let listener = Listener { bot: Arc::clone(&bot), gate: &gate, tasks: &tasks };
        if let Err(error) =
            listener.listen(&GatewayConfig { url, token, shard: ShardNumber::ONLY, session: None }).await
        {
            gate.close(refusal(&error));
            tracing::error!(name: "bot.gateway_refused", target: "bot", { exception.message = %error }, "The gateway is closed for good; the bot needs another configuration and a restart.");
        }
    }
    bot.stop.cancelled().await;
    gate.close("The bot is stopping.");
    tasks.close();
    tasks.wait().await;
}

fn refusal(error: &GatewayError) -> String {
    match error {
        GatewayError::Refused { code: 4004 } => UNAUTHORISED.to_owned(),
        error => format!("{error}."),
    }
}

/// Asks Discord where the gateway is until it says so; none when the token is refused or the bot is stopped.
async fn find(rest: &Rest, gate: &Gate, stop: &CancellationToken) -> Option<String> {
    let mut attempt = 1;
    loop {
        let error = match stop.run_until_cancelled(rest.gateway()).await? {
            Ok(info) => return Some(info.url),
            Err(error) => error,
        };
        if error.verdict(attempt) == Verdict::StopAllTraffic {
            gate.close(UNAUTHORISED);
            return None;
        }
        gate.close("Discord can't be reached.");
        tracing::warn!(name: "bot.gateway_not_found", target: "bot", { error.r#type = %error.kind() }, "Discord could not be asked for its gateway; trying again.");
        let pause = discord::backoff(attempt).min(LONGEST_PAUSE);
        stop.run_until_cancelled(tokio::time::sleep(pause)).await?;
        attempt += 1;
    }
}

struct Listener<'a> {
    bot: Arc<Bot>,
    gate: &'a Gate,
    tasks: &'a TaskTracker,
}

impl Listener<'_> {
    async fn listen(&self, config: &GatewayConfig) -> Result<(), GatewayError> {
        let mut gateway = Gateway::open(config, self.bot.ctx.telemetry.clone())?;
        let mut connection = gateway.connection();
        let mut known = Guilds::default();
        self.tell(&mut connection);
        loop {
            tokio::select! {
                () = self.bot.stop.cancelled() => break,
                event = gateway.next() => match event {
                    Some(event) => self.take(&mut known, event).await,
                    None => break,
                },
                Ok(()) = connection.changed() => self.tell(&mut connection),
            }
        }
        gateway.close().await
    }

    fn tell(&self, connection: &mut watch::Receiver<Connection>) {
        match *connection.borrow_and_update() {
            Connection::Connected => self.gate.open(),
            Connection::Connecting | Connection::Closed => self.gate.close(CONNECTING),
        }
    }

    /// What is told of guilds is taken in its order; interactions run beside it, so that none waits for another.
    async fn take(&self, known: &mut Guilds, event: Event) {
        if let Event::Interaction(interaction) = event {
            let handled = interactions::handle(Arc::clone(&self.bot), *interaction, Instant::now());
            telemetry::spawn(self.tasks.track_future(handled));
            return;
        }
        let span = self
            .bot
            .ctx
            .telemetry
            .gateway_event(GatewayEvent { event: event.name(), shard: ShardNumber::ONLY.number });
        let about = event.guild();
        if let Some(guild) = about {
            span.set(attr::guild_id(guild.get()));
        }
        span.run(async {
            known.take(&self.bot, event).await;
            if let Some((guild, application)) =
                about.and_then(|guild| Some((guild, known.needs_commands(guild)?)))
            {
                let registered = guilds::register_commands(Arc::clone(&self.bot), application, guild);
                telemetry::spawn(self.tasks.track_future(registered));
            }
        })
        .await;
    }
}
