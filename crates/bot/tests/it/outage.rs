//! A bot whose database fails, with a real broker.

use crate::engines::Engines;
use actions::{Ctx, games, relay};
use bot::{BotConfig, BotError};
use bus::Message;
use clock::Clock;
use domain::Event;
use jiff::SignedDuration;
use serde_json::json;
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::Duration;
use telemetry::{ServiceName, TraceContext};
use testkit::{GUILD, House, Network, actor, sketch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Every event fails at once, as on a server that has no room left.
const FILL_THE_DISK: &str = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ \
     BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$; \
     CREATE TRIGGER full_disk BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION full_disk()";
const EMPTY_THE_DISK: &str = "DROP TRIGGER full_disk ON inbox";

/// One game's notices are refused, as by a row's policy.
const FORBID: &str = "CREATE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql AS $$ \
     BEGIN RAISE EXCEPTION 'new row violates row-level security policy' USING ERRCODE = '42501'; END $$; \
     CREATE TRIGGER forbid BEFORE INSERT ON deliveries FOR EACH ROW WHEN";

/// Longer than a test.
const A_WHILE: SignedDuration = SignedDuration::from_mins(5);

/// A bot and the relay of its process.
pub(crate) struct Running {
    bot: JoinHandle<Result<(), BotError>>,
    relay: JoinHandle<()>,
    stop: CancellationToken,
}

impl Running {
    pub(crate) fn start(house: &House, ctx: &Ctx) -> Self {
        let stop = house.stop.child_token();
        let config = BotConfig { token: house.token(), dashboard: None, shards: NonZeroU32::MIN };
        let bot = telemetry::spawn(bot::run(ctx.clone(), config, stop.clone()));
        Self { bot, relay: telemetry::spawn(relay::run(ctx.clone(), stop.clone())), stop }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.bot.await.unwrap().unwrap();
        self.relay.await.unwrap();
    }
}

/// How often the bot has tried to take an event, in vain.
fn failures(house: &House) -> usize {
    let spans = house.captured.spans();
    spans
        .iter()
        .filter(|span| span.name == "events.take" && span.attributes.contains_key("error.type"))
        .count()
}

#[tokio::test]
async fn no_event_dies_of_a_full_disk() {
    let Some(engines) = Engines::of_our_own("full").await else { return };
    let mut house = House::open(ServiceName::Bot).await;
    let _logged = tracing::dispatcher::set_default(&house.ctx.telemetry.log_dispatch());
    house.ctx = engines.ctx(house.ctx.clone(), Clock::Practice(house.clock.clone())).await;
    house.know_the_guild().await;
    engines.execute(FILL_THE_DISK).await;
    let running = Running::start(&house, &house.ctx);
    house.game(|_| ()).await;

    let limit = relay::BOT_QUEUE.delivery_limit as usize;
    house.until("more attempts than deliveries", async |house| failures(house) > limit + 1).await;
    let dead = house.ctx.bus.dead_letters(&relay::BOT_QUEUE).await.unwrap();
    assert_eq!(dead, [], "what can be done later does not die");
    assert!(house.captured.logs().iter().any(|log| log.name.as_deref() == Some("bot.event_held")));

    engines.execute(EMPTY_THE_DISK).await;
    house.card().await;
    assert_eq!(house.ctx.bus.dead_letters(&relay::BOT_QUEUE).await.unwrap(), []);
    running.stop().await;
    let ctx = house.ctx.clone();
    house.close().await;
    engines.clear(&ctx).await;
}

#[tokio::test]
async fn what_cannot_be_read_joins_the_dead_letters() {
    let Some(engines) = Engines::of_our_own("poison").await else { return };
    let mut house = House::open(ServiceName::Bot).await;
    house.ctx = engines.ctx(house.ctx.clone(), Clock::Practice(house.clock.clone())).await;
    house.know_the_guild().await;
    let running = Running::start(&house, &house.ctx);
    let message = Message {
        id: Uuid::from_u128(7),
        routing_key: "game.created".to_owned(),
        body: b"no event".to_vec(),
        game: None,
        trace: TraceContext::default(),
    };
    house.ctx.bus.publish(&house.ctx.telemetry, &[message]).await.remove(0).unwrap();
    let dies = async |house: &House| {
        let dead = house.ctx.bus.dead_letters(&relay::BOT_QUEUE).await;
        dead.is_ok_and(|dead| dead.iter().any(|letter| letter.message.id == Uuid::from_u128(7)))
    };
    house.until("it is dead", dies).await;
    // It has held up nobody for longer.
    house.game(|_| ()).await;
    house.card().await;
    running.stop().await;
    let ctx = house.ctx.clone();
    house.close().await;
    engines.clear(&ctx).await;
}

#[tokio::test]
async fn what_the_database_forbids_of_one_event_holds_up_no_other() {
    let Some(engines) = Engines::of_our_own("forbidden").await else { return };
    let mut house = House::open(ServiceName::Bot).await;
    house.ctx = engines.ctx(house.ctx.clone(), Clock::Practice(house.clock.clone())).await;
    house.know_the_guild().await;
    let forbidden = house.game(|draft| draft.title = "Forbidden".to_owned()).await;
    engines.execute(&format!("{FORBID} (NEW.game = '{}') EXECUTE FUNCTION forbid()", forbidden.id)).await;
    let allowed = house.game(|_| ()).await;
    let running = Running::start(&house, &house.ctx);

    // While the first one still comes again and again, or later: it stands before nobody.
    assert!(sketch(&house.card().await).starts_with(&allowed.title));
    let dies = async |house: &House| {
        let dead = house.ctx.bus.dead_letters(&relay::BOT_QUEUE).await.unwrap_or_default();
        let event = |body: &[u8]| serde_json::from_slice::<Event>(body).unwrap();
        dead.iter().any(|letter| event(&letter.message.body).game == Some(forbidden.id))
    };
    house.until("it is dead", dies).await;
    assert_eq!(house.ctx.bus.dead_letters(&relay::BOT_QUEUE).await.unwrap().len(), 1);
    assert_eq!(house.cards().await.len(), 1);
    running.stop().await;
    let ctx = house.ctx.clone();
    house.close().await;
    engines.clear(&ctx).await;
}

#[tokio::test]
async fn no_event_dies_of_a_table_that_is_not_there() {
    let Some(engines) = Engines::of_our_own("missing").await else { return };
    let mut house = House::open(ServiceName::Bot).await;
    house.ctx = engines.ctx(house.ctx.clone(), Clock::Practice(house.clock.clone())).await;
    house.know_the_guild().await;
    engines.execute("ALTER TABLE cards RENAME TO misplaced").await;
    let running = Running::start(&house, &house.ctx);
    let game = house.game(|_| ()).await;
    games::join(&house.ctx, &actor("dana"), game.id).await.unwrap();

    let limit = relay::BOT_QUEUE.delivery_limit as usize;
    house.until("more attempts than deliveries", async |house| failures(house) > limit + 1).await;
    assert_eq!(house.ctx.bus.dead_letters(&relay::BOT_QUEUE).await.unwrap(), []);
    engines.execute("ALTER TABLE misplaced RENAME TO cards").await;
    house.until("Dana is on the card", async |house| sketch(&house.card().await).contains("1/2")).await;
    running.stop().await;
    let ctx = house.ctx.clone();
    house.close().await;
    engines.clear(&ctx).await;
}

/// What the bot's own measure says of how long an interaction waited for its acknowledgement.
fn acknowledged_after(house: &House) -> Option<Duration> {
    let spans = house.captured.spans();
    let interaction = spans.iter().find(|span| span.name == "discord.interaction join")?;
    let millis = interaction.attributes.get("muster.interaction.ack_ms")?;
    Some(Duration::from_millis(millis.parse().unwrap()))
}

async fn channel_is_called(ctx: &Ctx, name: &str) -> bool {
    let channels = actions::guilds::channels(ctx, &actor("ada"), GUILD).await.unwrap();
    channels.iter().any(|channel| channel.name == name)
}

#[tokio::test]
async fn whoever_presses_a_button_is_answered_while_the_database_is_silent() {
    let Some(engines) = Engines::of_our_own("silent").await else { return };
    let mut house = House::open(ServiceName::Bot).await;
    house.ctx = engines.ctx(house.ctx.clone(), Clock::Practice(house.clock.clone())).await;
    house.know_the_guild().await;
    let running = Running::start(&house, &house.ctx);
    house.game(|_| ()).await;
    let card = house.card().await;
    house.until("the card is settled", async |house| house.ctx.readiness.is_ready()).await;
    house.captured.clear();

    engines.network.becomes(Network::Stalled);
    // What the store has to know keeps the bot waiting for it.
    house.change_channel("archive", json!({ "name": "attic" })).await;
    let press = json!({ "as": "Dana", "message": card["id"], "button": "Join", "wait_ms": 2500 });
    let pressed = house.post("press", press).await;
    let waited = pressed["acknowledged_ms"].as_f64().expect("Discord has heard of it");
    assert!(waited < 2000.0, "{pressed:#}");

    engines.network.becomes(Network::Up);
    house.until("the interaction has ended", async |house| acknowledged_after(house).is_some()).await;
    assert!(acknowledged_after(&house).unwrap() < Duration::from_secs(2));
    house.until("nothing told was lost", async |house| channel_is_called(&house.ctx, "attic").await).await;
    running.stop().await;
    let ctx = house.ctx.clone();
    house.close().await;
    engines.clear(&ctx).await;
}

#[tokio::test]
async fn a_connection_that_another_process_may_have_is_not_made_again() {
    let Some(engines) = Engines::of_our_own("lease").await else { return };
    let mut house = House::open(ServiceName::Bot).await;
    let _logged = tracing::dispatcher::set_default(&house.ctx.telemetry.log_dispatch());
    house.ctx = engines.ctx(house.ctx.clone(), Clock::Practice(house.clock.clone())).await;
    house.know_the_guild().await;
    let running = Running::start(&house, &house.ctx);
    house.until("the bot is there", async |house| house.connections().await == 1).await;
    house.until("it is ready", async |house| house.ctx.readiness.is_ready()).await;
    let elsewhere = engines.elsewhere(&house.ctx).await;

    engines.network.becomes(Network::Stalled);
    let claim = async || actions::shards::claim(&elsewhere, 1, A_WHILE, |_| true).await.unwrap();
    let taken = Mutex::new(None);
    let is_taken = async |_: &House| {
        let claimed = claim().await;
        let mut taken = taken.lock().unwrap();
        *taken = claimed.or(taken.take());
        taken.is_some()
    };
    house.until("another process has it", is_taken).await;
    assert_eq!(house.connections().await, 1, "what Discord still tells is heard");
    house.post("gateway", json!({ "action": "close", "code": 4000 })).await;
    let is_told = async |house: &House| {
        house.captured.logs().iter().any(|log| log.name.as_deref() == Some("bot.shard_not_released"))
    };
    house.until("it is given up", is_told).await;
    assert_eq!(house.connections().await, 0, "it is the other one's");

    engines.network.becomes(Network::Up);
    house.game(|_| ()).await;
    house.card().await;
    assert_eq!(house.connections().await, 0, "also when the store is back");
    let taken = taken.into_inner().unwrap().unwrap();
    actions::shards::release(&elsewhere, &taken).await.unwrap();
    house.until("it is free again", async |house| house.connections().await == 1).await;
    running.stop().await;
    elsewhere.store.close().await;
    let ctx = house.ctx.clone();
    house.close().await;
    engines.clear(&ctx).await;
}
