//! Bots that share the connections to Discord.

use crate::engines::Engines;
use actions::Ctx;
use bot::{BotConfig, BotError};
use clock::Clock;
use serde_json::json;
use std::collections::BTreeSet;
use std::num::NonZeroU32;
use telemetry::{Captured, ServiceName};
use testkit::{GUILD, House, actor};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const TWO: NonZeroU32 = NonZeroU32::new(2).unwrap();

/// A bot on a thread and with engines of its own.
struct Process {
    ctx: Ctx,
    captured: Captured,
    stop: CancellationToken,
    bot: JoinHandle<Result<(), BotError>>,
    runtime: Runtime,
}

impl Process {
    fn start(house: &House, (ctx, captured): (Ctx, Captured)) -> Self {
        let config = BotConfig { token: house.token(), dashboard: None, shards: TWO };
        let stop = CancellationToken::new();
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let _entered = runtime.enter();
        let bot = telemetry::spawn(bot::run(ctx.clone(), config, stop.clone()));
        Self { ctx, captured, stop, bot, runtime }
    }

    /// The shards that it is connected for.
    fn shards(&self) -> BTreeSet<String> {
        let connected = self.captured.metric("muster.discord.gateway.connected");
        let points = connected.into_iter().flat_map(|metric| metric.points);
        points.filter(|point| point.value > 0.5).map(|point| point.attributes["shard"].clone()).collect()
    }

    /// How often it was told of a change of a channel.
    fn told(&self) -> usize {
        let spans = self.captured.spans();
        spans.iter().filter(|span| span.name == "discord.gateway CHANNEL_UPDATE").count()
    }

    /// As a crash: nothing is given back.
    async fn kill(self) {
        self.runtime.shutdown_background();
        let _ = self.bot.await;
        close(&self.ctx).await;
    }

    async fn stop(self) {
        self.stop.cancel();
        self.bot.await.unwrap().unwrap();
        self.runtime.shutdown_background();
        close(&self.ctx).await;
    }
}

async fn close(ctx: &Ctx) {
    ctx.bus.close().await;
    ctx.store.close().await;
}

async fn is_called(ctx: &Ctx, name: &str) -> bool {
    let channels = actions::guilds::channels(ctx, &actor("ada"), GUILD).await;
    channels.is_ok_and(|channels| channels.iter().any(|channel| channel.name == name))
}

/// Renames a channel, from one name to another; a bot writes it down.
async fn rename(house: &House, names: &str) {
    let (before, name) = names.split_once(' ').unwrap();
    house.change_channel(before, json!({ "name": name })).await;
    house.until(name, async |house| is_called(&house.ctx, name).await).await;
}

#[tokio::test]
async fn two_bots_hold_one_each_and_who_is_left_holds_both() {
    let Some(engines) = Engines::of_our_own("shards").await else { return };
    let mut house = House::open(ServiceName::Api).await;
    let clock = Clock::Practice(house.clock.clone());
    house.ctx = engines.ctx(house.ctx.clone(), clock.clone()).await;
    let mut rooms = Vec::new();
    for (ctx, captured) in [house.beside(ServiceName::Bot), house.beside(ServiceName::Bot)] {
        rooms.push((engines.ctx(ctx, clock.clone()).await, captured));
    }
    let bots: Vec<_> = rooms.into_iter().map(|rooms| Process::start(&house, rooms)).collect();
    let one_each = async |_: &House| {
        let [one, other] = [bots[0].shards(), bots[1].shards()];
        one.len() == 1 && other.len() == 1 && one != other
    };
    house.until("each has one", one_each).await;

    for names in ["archive attic", "attic cellar", "cellar shed"] {
        rename(&house, names).await;
    }
    let told = || bots.iter().map(Process::told).collect::<BTreeSet<_>>();
    house.until("of each guild one is told, and once", async |_| told() == BTreeSet::from([0, 3])).await;

    let (dead, heir): (Vec<_>, Vec<_>) = bots.into_iter().partition(|bot| bot.told() > 0);
    let (dead, heir) = (dead.into_iter().next().unwrap(), heir.into_iter().next().unwrap());
    let shard: u32 = dead.shards().first().unwrap().parse().unwrap();
    dead.kill().await;
    house.until("it is gone", async |house| house.connections().await == 1).await;
    house.change_channel("shed", json!({ "name": "loft" })).await;
    // Its lease runs out.
    let sql =
        format!("UPDATE shards SET lease_until = now() WHERE number = {shard} AND lease_until IS NOT NULL");
    engines.execute(&sql).await;
    house.until("the other has both", async |_| heir.shards().len() == 2).await;
    house.until("nothing told meanwhile is lost", async |house| is_called(&house.ctx, "loft").await).await;
    rename(&house, "loft barn").await;
    // Told once more, as after a crash it has to be, was what came before.
    heir.captured.clear();
    for names in ["barn mill", "mill hall"] {
        rename(&house, names).await;
    }
    house.until("it is told of what comes", async |_| heir.told() >= 2).await;
    assert!(heir.told() <= 3, "{} times: each once, and the barn may have been late", heir.told());

    heir.stop().await;
    let ctx = house.ctx.clone();
    house.close().await;
    engines.clear(&ctx).await;
}
