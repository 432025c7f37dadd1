use crate::stage::Stage;
use actions::Readiness;
use bot::BotConfig;
use clock::Chance;
use discord::{Rest, RestConfig};
use telemetry::Secret;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn it_is_ready_when_the_gateway_is_and_stops_when_told() {
    let mut stage = Stage::set().await;
    let report = stage.ctx.readiness.report();
    assert!(report.iter().any(|(name, _)| *name == "discord gateway"));
    stage.halt().await;
    assert!(!stage.ctx.readiness.is_ready());
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
    let bot = telemetry::spawn(bot::run(ctx, BotConfig { token, dashboard: None }, stop.clone()));
    let refused = Err("Discord refuses the bot token.".to_owned());
    stage
        .until("it says so", async |_| readiness.report().contains(&("discord gateway", refused.clone())))
        .await;
    stop.cancel();
    bot.await.unwrap().unwrap();
    stage.strike().await;
}
