use crate::stage::Stage;
use actions::Readiness;
use bot::BotConfig;
use clock::Chance;
use discord::{Rest, RestConfig};
use jiff::SignedDuration;
use serde_json::json;
use std::net::TcpListener;
use std::num::NonZeroU32;
use telemetry::Secret;
use testkit::{GUILD, actor};
use tokio_util::sync::CancellationToken;

const LEASE: SignedDuration = SignedDuration::from_secs(15);

#[tokio::test]
async fn it_is_ready_when_the_gateway_is_and_stops_when_told() {
    let mut stage = Stage::set().await;
    let report = stage.ctx.readiness.report();
    assert!(report.iter().any(|(name, _)| *name == "discord gateway"));
    stage.halt().await;
    assert!(!stage.ctx.readiness.is_ready());
    stage.strike().await;
}

/// The session that was left behind, once nobody holds the connection.
async fn left_behind(stage: &Stage) -> String {
    let shard = actions::shards::claim(&stage.ctx, 1, LEASE, |_| true).await.unwrap();
    let shard = shard.unwrap();
    actions::shards::release(&stage.ctx, &shard).await.unwrap();
    shard.session.unwrap().id
}

async fn knows_a_channel_called(stage: &Stage, name: &str) -> bool {
    let channels = actions::guilds::channels(&stage.ctx, &actor("ada"), GUILD).await.unwrap();
    channels.iter().any(|channel| channel.name == name)
}

#[tokio::test]
async fn a_bot_that_comes_back_goes_on_with_its_session() {
    let mut stage = Stage::set().await;
    stage.halt().await;
    let session = left_behind(&stage).await;
    stage.change_channel("games", json!({ "name": "tables" })).await;
    stage.run();
    stage.until("what it had missed is told", async |_| knows_a_channel_called(&stage, "tables").await).await;
    // Not told of the guild in this session, it still knows what else is in it.
    stage.change_channel("archive", json!({ "name": "attic" })).await;
    stage.until("what came after, too", async |_| knows_a_channel_called(&stage, "attic").await).await;
    assert!(knows_a_channel_called(&stage, "tables").await);
    stage.halt().await;
    assert_eq!(left_behind(&stage).await, session, "no session was begun");
    stage.strike().await;
}

#[tokio::test]
async fn a_session_of_another_discord_is_not_gone_on_with() {
    let mut stage = Stage::set().await;
    stage.halt().await;
    let session = left_behind(&stage).await;
    let ctx = &stage.ctx;
    let mut shard = actions::shards::claim(ctx, 1, LEASE, |_| true).await.unwrap().unwrap();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let address = other.local_addr().unwrap();
    shard.session.as_mut().expect("it was left behind").resume_url = format!("ws://{address}/gateway");
    actions::shards::release(ctx, &shard).await.unwrap();
    stage.change_channel("games", json!({ "name": "tables" })).await;

    stage.run();
    stage.until("it is told of the guild", async |_| knows_a_channel_called(&stage, "tables").await).await;
    stage.halt().await;
    assert_ne!(left_behind(&stage).await, session, "one of its own was begun");
    assert!(other.accept().is_err(), "nobody has gone to the other one");
    stage.strike().await;
}

#[tokio::test]
async fn a_rate_limit_holds_up_no_stop_and_nothing_is_lost_or_doubled() {
    let mut stage = Stage::set().await;
    for _ in 0..9 {
        stage.game(|_| ()).await;
    }
    stage.until("Discord has enough for now", async |stage| stage.cards().await.len() >= 4).await;
    let asked = std::time::Instant::now();
    stage.halt().await;
    assert!(asked.elapsed().as_secs() < 7, "it took {:?}", asked.elapsed());
    // What was cut off is claimed again when its lease has run out.
    stage.clock.advance(SignedDuration::from_secs(25));
    stage.run();
    stage.until("every game has its card", async |stage| stage.cards().await.len() == 9).await;
    stage.strike().await;
}

#[tokio::test]
async fn a_second_bot_stands_by_until_the_first_is_gone() {
    let mut stage = Stage::set().await;
    let second = stage.another(1);
    stage.until("the second is ready, too", async |_| second.readiness.is_ready()).await;

    stage.halt().await;
    stage.change_channel("games", json!({ "name": "tables" })).await;
    stage.until("the second has taken over", async |_| knows_a_channel_called(&stage, "tables").await).await;
    second.stop().await;
    stage.strike().await;
}

#[tokio::test]
async fn two_shards_are_two_connections() {
    let stage = Stage::dark().await;
    let bot = stage.another(2);
    let connected = async |stage: &Stage| {
        let shards =
            stage.captured.metrics().into_iter().find(|it| it.name == "muster.discord.gateway.connected");
        shards.is_some_and(|metric| metric.points.len() == 2)
    };
    stage.until("both are connected", async |_| connected(&stage).await && bot.readiness.is_ready()).await;
    bot.stop().await;
    stage.strike().await;
}

#[tokio::test]
async fn a_refused_token_is_one_error_and_no_readiness() {
    let stage = Stage::dark().await;
    let token = Secret::new("bogus".to_owned());
    let api = stage.discord_api();
    let rest =
        Rest::new(&RestConfig { api, token: token.clone() }, stage.ctx.telemetry.clone(), Chance::seeded(3));
    let mut ctx = stage.ctx.clone();
    ctx.discord = rest.unwrap();
    ctx.readiness = Readiness::default();
    let (readiness, stop) = (ctx.readiness.clone(), CancellationToken::new());
    let bot = telemetry::spawn(bot::run(
        ctx,
        BotConfig { token, dashboard: None, shards: NonZeroU32::MIN },
        stop.clone(),
    ));
    let refused = Err("Discord refuses the bot token.".to_owned());
    stage
        .until("it says so", async |_| readiness.report().contains(&("discord gateway", refused.clone())))
        .await;
    stop.cancel();
    bot.await.unwrap().unwrap();
    stage.strike().await;
}
