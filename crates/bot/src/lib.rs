//! The bot: interactions, event consumers, deliveries and card edits.
//!
//! ```text
//!  gateway ──► gateway: guilds ─────────► actions::guilds
//!         └──► interactions: ack, work ─► actions::games      (answered when done)
//!  bus ──────► consumer ────────────────► actions::events     (ledger rows, dirty cards)
//!  ledger ───► worker ─► deliveries ────► Discord             (nonce, fence, verdicts)
//!                    └─► cards ─────────► Discord             (coalesced per channel)
//! ```
//!
//! Nothing that matters is in memory: whatever is cut off goes on where the ledger says.

mod bot;
mod cards;
mod consumer;
mod deliveries;
mod gateway;
mod guilds;
mod interactions;
mod render;
mod worker;

use crate::bot::Bot;
use crate::render::Pages;
use crate::worker::Ledger;
use actions::{Ctx, ENDS_WITHIN};
use std::num::NonZeroU32;
use std::sync::Arc;
use telemetry::Secret;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What the bot needs beside its rooms.
#[derive(Clone, Debug)]
pub struct BotConfig {
    /// The bot's token, for the gateway.
    pub token: Secret<String>,
    /// The dashboard's address without a slash at its end; none when people can't reach it from Discord.
    pub dashboard: Option<String>,
    /// Over how many connections the bot's guilds are spread; this process holds some of them.
    pub shards: NonZeroU32,
}

/// Why the bot ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum BotError {
    /// One of its tasks broke down.
    #[error("the bot's task {0} broke down")]
    Broken(&'static str),
}

/// Runs the bot until it is stopped, then finishes what it has begun.
///
/// A refused token doesn't end it: nothing is sent any more, and readiness says why.
///
/// # Errors
/// A task broke down; the others were stopped.
pub async fn run(ctx: Ctx, config: BotConfig, stop: CancellationToken) -> Result<(), BotError> {
    let stop = stop.child_token();
    let bot = Arc::new(Bot::new(ctx, Pages { base: config.dashboard }, stop.clone()));
    let mut tasks = JoinSet::new();
    let mut start = |name: &'static str, task: tokio::task::JoinHandle<()>| {
        tasks.spawn(async move { (name, task.await) });
    };
    start("gateway", telemetry::spawn(gateway::run(Arc::clone(&bot), config.token, config.shards.get())));
    start("consumer", telemetry::spawn(consumer::run(Arc::clone(&bot))));
    start("deliveries", telemetry::spawn(worker::run(Arc::clone(&bot), Ledger::Deliveries)));
    start("cards", telemetry::spawn(worker::run(Arc::clone(&bot), Ledger::Cards)));

    let mut broken = None;
    let supervised = async {
        while let Some(ended) = tasks.join_next().await {
            match ended {
                Ok((_, Ok(()))) if stop.is_cancelled() => {}
                Ok((name, _)) => drop(broken.get_or_insert(name)),
                Err(_) => drop(broken.get_or_insert("supervisor")),
            }
            stop.cancel();
        }
    };
    let _ = actions::unless_stopped_for((&stop, ENDS_WITHIN), supervised).await;
    broken.map_or(Ok(()), |name| Err(BotError::Broken(name)))
}
