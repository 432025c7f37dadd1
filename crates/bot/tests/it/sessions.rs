//! When a session is begun.

use crate::stage::Stage;
use actions::shards::{self, ShardSession};
use jiff::SignedDuration;
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

#[tokio::test]
async fn what_was_begun_at_another_discord_holds_up_nobody() {
    let stage = Stage::dark().await;
    let (ctx, lease) = (&stage.ctx, SignedDuration::from_secs(15));
    let claim = async |is_ours: bool| shards::claim(ctx, 1, lease, |_| is_ours).await.unwrap().unwrap();
    let mut shard = claim(true).await;
    shards::may_identify(ctx, &shard, 1).await.unwrap().unwrap();
    let resume_url = "wss://another.example".to_owned();
    shard.session = Some(ShardSession { id: "s".to_owned(), sequence: 1, resume_url });
    shards::release(ctx, &shard).await.unwrap();

    let heir = claim(true).await;
    assert!(shards::may_identify(ctx, &heir, 1).await.unwrap().is_err(), "a session was begun just now");
    shards::release(ctx, &heir).await.unwrap();
    let stranger = claim(false).await;
    assert_eq!(stranger.session, None);
    shards::may_identify(ctx, &stranger, 1).await.unwrap().unwrap();
    stage.strike().await;
}
