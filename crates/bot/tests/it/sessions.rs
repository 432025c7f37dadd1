//! When a session is begun.

use crate::stage::Stage;
use serde_json::json;
use std::time::{Duration, Instant};

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
    let bot = stage.another(2);
    let are_there = async |stage: &Stage| stage.connections().await == 2 && bot.readiness.is_ready();
    stage.until("both are there", async |_| are_there(&stage).await).await;

    stage.post("gateway", json!({ "action": "invalid_session", "resumable": false })).await;
    stage.until("both have lost theirs", async |stage| stage.connections().await == 0).await;
    stage.until("one has another", async |stage| stage.connections().await == 1).await;
    let first = Instant::now();
    stage.until("the other, too", async |stage| stage.connections().await == 2).await;
    assert!(first.elapsed() > Duration::from_secs(4), "after {:?}", first.elapsed());
    bot.stop().await;
    stage.strike().await;
}
