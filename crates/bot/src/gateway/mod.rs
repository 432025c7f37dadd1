//! The gateway's events on their way to the verbs.
//!
//! Each connection is told of a share of the guilds, and one process holds it at a time, by a lease in the store.
//! Who holds fewer connections is quicker to take one that is free, so that they spread over the processes.

mod connections;
mod lease;
mod listener;

use crate::bot::Bot;
use connections::{Connections, UNAUTHORISED};
use discord::{GatewayError, Rest, Verdict};
use jiff::SignedDuration;
use listener::{Left, Listener};
use std::sync::Arc;
use std::time::Duration;
use telemetry::Secret;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The longest pause between two attempts to find the gateway.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long a connection stays its holder's who says nothing.
const LEASE: SignedDuration = SignedDuration::from_secs(15);
/// How often free connections are looked for, for each one that is held already: whoever presses a button while a
/// connection changes hands is answered within Discord's three seconds.
const CLAIM_EVERY: Duration = Duration::from_secs(1);

/// Keeps its share of the connections open until the bot is stopped, or one of its tasks breaks down; then waits for
/// what has begun.
pub(crate) async fn run(bot: Arc<Bot>, token: Secret<String>, total: u32) {
    let connections = Connections::new(&bot.ctx.readiness);
    let tasks = TaskTracker::new();
    let mut broken = false;
    if let Some(url) = find(&bot.ctx.discord, &connections, &bot.stop).await {
        let listener = Listener {
            bot: Arc::clone(&bot),
            connections: connections.clone(),
            tasks: tasks.clone(),
            url,
            token,
            stop: bot.stop.child_token(),
        };
        match hold(&bot, &Arc::new(listener), (total, JoinSet::new())).await {
            Ok(()) => {}
            Err(GatewayError::Broken) => broken = true,
            Err(error) => {
                connections.refused(&error);
                tracing::error!(name: "bot.gateway_refused", target: "bot", { exception.message = %error }, "The gateway is closed for good; the bot needs another configuration and a restart.");
            }
        }
    }
    if !broken {
        bot.stop.cancelled().await;
    }
    connections.stopping();
    tasks.close();
    tasks.wait().await;
}

/// Asks Discord where the gateway is until it says so; none when the token is refused or the bot is stopped.
async fn find(rest: &Rest, connections: &Connections, stop: &CancellationToken) -> Option<String> {
    let mut attempt = 1;
    loop {
        let error = match stop.run_until_cancelled(rest.gateway()).await? {
            Ok(info) => return Some(info.url),
            Err(error) => error,
        };
        if error.verdict(attempt) == Verdict::StopAllTraffic {
            connections.failed(UNAUTHORISED);
            return None;
        }
        connections.failed("Discord can't be reached.");
        tracing::warn!(name: "bot.gateway_not_found", target: "bot", { error.r#type = %error.kind() }, "Discord could not be asked for its gateway; trying again.");
        let pause = discord::backoff(attempt).min(LONGEST_PAUSE);
        stop.run_until_cancelled(tokio::time::sleep(pause)).await?;
        attempt += 1;
    }
}

/// Claims connections and holds them, beside those that are `held`, until the bot is stopped, one is refused for good or
/// its task breaks down; all that are left are given back.
async fn hold(
    bot: &Bot,
    listener: &Arc<Listener>,
    (total, mut held): (u32, JoinSet<Result<Left, GatewayError>>),
) -> Result<(), GatewayError> {
    let mut look_again = Instant::now();
    let ended = loop {
        tokio::select! {
            () = bot.stop.cancelled() => break Ok(()),
            Some(left) = held.join_next(), if !held.is_empty() => match left.unwrap_or(Err(GatewayError::Broken)) {
                Ok(Left::Stopped | Left::Lost | Left::Unsure) => {}
                Err(error) => break Err(error),
            },
            () = tokio::time::sleep_until(look_again) => {
                let asked = Instant::now();
                let Some(claimed) = bot.stop.run_until_cancelled(listener.claim(total)).await else { break Ok(()) };
                if let Some(shard) = claimed {
                    held.spawn(Arc::clone(listener).keep(shard, asked));
                } else if held.is_empty() {
                    listener.connections.standing_by();
                }
                let many = u32::try_from(held.len()).unwrap_or(u32::MAX).max(1);
                look_again = Instant::now() + CLAIM_EVERY.saturating_mul(many);
            }
        }
    };
    listener.stop.cancel();
    while held.join_next().await.is_some() {}
    ended
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Pages;
    use telemetry::ServiceName;
    use testkit::House;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn one_connection_that_breaks_down_has_the_others_given_back() {
        let house = House::open(ServiceName::Bot).await;
        let bot = Arc::new(Bot::new(house.ctx.clone(), Pages { base: None }, house.stop.clone()));
        let listener = Arc::new(Listener {
            bot: Arc::clone(&bot),
            connections: Connections::new(&bot.ctx.readiness),
            tasks: TaskTracker::new(),
            url: bot.ctx.discord.gateway().await.unwrap().url,
            token: house.token(),
            stop: bot.stop.child_token(),
        });
        let (break_down, broken) = oneshot::channel::<()>();
        let mut held = JoinSet::new();
        held.spawn(async move {
            broken.await.unwrap();
            panic!("as it should");
        });
        let holding = telemetry::spawn(async move { hold(&bot, &listener, (1, held)).await });
        house.until("it is ready", async |house| house.ctx.readiness.is_ready()).await;

        break_down.send(()).unwrap();
        assert!(matches!(holding.await.unwrap(), Err(GatewayError::Broken)));
        // The clock stands still: no lease has run out.
        let free = actions::shards::claim(&house.ctx, 1, LEASE, |_| true).await.unwrap();
        assert!(free.expect("it was given back").session.is_some());
        house.close().await;
    }
}
