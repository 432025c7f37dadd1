//! When a session is begun.

use crate::stage::Stage;
use actions::Readiness;
use bot::BotConfig;
use serde_json::json;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn none_is_begun_when_the_days_are_spent() {
    let mut stage = Stage::dark().await;
    stage.faults(json!({ "no_session_starts": true })).await;
    stage.run();
    let said = |(name, result): (&str, Result<(), String>)| {
        name == "discord gateway" && result.is_err_and(|why| why.contains("too many sessions"))
    };
    stage.until("it says so", async |stage| stage.ctx.readiness.report().into_iter().any(said)).await;
    assert_eq!(stage.connections().await, 0);
    stage.faults(json!({})).await;
    stage.until("it goes on", async |stage| stage.ctx.readiness.is_ready()).await;
    assert_eq!(stage.connections().await, 1);
    stage.strike().await;
}

#[tokio::test]
async fn two_shards_that_lose_their_sessions_do_not_begin_together() {
    let stage = Stage::dark().await;
    let mut ctx = stage.ctx_elsewhere();
    ctx.readiness = Readiness::default();
    let (readiness, stop) = (ctx.readiness.clone(), CancellationToken::new());
    let config = BotConfig { token: stage.token(), dashboard: None, shards: NonZeroU32::new(2).unwrap() };
    let bot = telemetry::spawn(bot::run(ctx, config, stop.clone()));
    stage.until("both are there", async |stage| stage.connections().await == 2 && readiness.is_ready()).await;

    stage.post("gateway", json!({ "action": "invalid_session", "resumable": false })).await;
    stage.until("both have lost theirs", async |stage| stage.connections().await == 0).await;
    stage.until("one has another", async |stage| stage.connections().await == 1).await;
    let first = Instant::now();
    stage.until("the other, too", async |stage| stage.connections().await == 2).await;
    assert!(first.elapsed() > Duration::from_secs(4), "after {:?}", first.elapsed());
    stop.cancel();
    bot.await.unwrap().unwrap();
    stage.strike().await;
}
