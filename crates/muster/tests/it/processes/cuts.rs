//! Fifty times every connection to the broker is cut while events are on their way, by the relay from the outbox and by
//! the consumer into the inbox: each takes effect once.

use super::network::behind;
use super::servers::Servers;
use actions::events::{self, Consumer, Taken};
use actions::games::{self, CreateGame};
use actions::{Actor, Ctx, Door, relay};
use bus::{Bus, RabbitConfig};
use clock::Clock;
use domain::{Event, GameDraft};
use jiff::SignedDuration;
use sqlx::PgPool;
use store::{Store, StoreConfig};
use telemetry::{Secret, ServiceName, Telemetry};
use testkit::{GUILD, House, Proxy, person, snapshot};

const GAMES: u32 = 400;
const CUTS: u32 = 50;

/// The rooms of a bot on PostgreSQL and, by way of a proxy, on RabbitMQ.
async fn rooms(house: &House, servers: &Servers) -> Ctx {
    let silent = Telemetry::off(ServiceName::Bot);
    let database = StoreConfig::Postgres(Secret::new(servers.database.clone()));
    let store = Store::open(&database, &silent).await.unwrap().due_by_server();
    store.migrate().await.unwrap();
    let bus = Bus::rabbitmq(RabbitConfig::new(Secret::new(servers.amqp.clone()))).unwrap();
    bus.declare(relay::BOT_QUEUE);
    let (quiet, clock) = (store.clone(), Clock::System);
    Ctx { store, quiet, bus, clock, telemetry: silent, ..house.ctx.clone() }
}

/// Makes games, each with one event.
async fn make(ctx: &Ctx) {
    actions::guilds::sync(ctx, snapshot()).await.unwrap();
    let ada = Actor::on_the_web(person("ada"), Door::Api);
    for _ in 0..GAMES {
        let start = ctx.clock.now() + SignedDuration::from_hours(3);
        let draft = GameDraft { title: "Dragons".to_owned(), start, ..GameDraft::default() };
        let wish = CreateGame { guild: GUILD, template: None, draft, idempotency: None };
        games::create(ctx, &ada, wish).await.unwrap();
    }
}

/// What came, and how often.
#[derive(Debug, Default)]
struct Came {
    applied: u32,
    again: u32,
    cuts: u32,
}

/// Takes every event, and cuts all connections again and again between an effect and its acknowledgement.
async fn take(ctx: &Ctx, mut consumer: Consumer, network: &Proxy) -> Came {
    let mut came = Came::default();
    while came.applied < GAMES {
        let delivery = consumer.next().await.unwrap();
        let event: Event = serde_json::from_slice(&delivery.message.body).unwrap();
        match events::take(ctx, &event).await.unwrap() {
            Taken::Applied => came.applied += 1,
            Taken::Before => came.again += 1,
        }
        if came.cuts < CUTS && came.applied > came.cuts * (GAMES / CUTS) {
            network.cut();
            came.cuts += 1;
        }
        delivery.ack(&ctx.telemetry).await;
    }
    came
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fifty_cuts_leave_takes_effect_once() {
    let Some(mut servers) = Servers::of_our_own("cuts").await else { return };
    let network = behind(&mut servers.amqp).await;
    let house = House::open(ServiceName::Bot).await;
    let ctx = rooms(&house, &servers).await;
    let consumer = ctx.bus.subscribe(relay::BOT_QUEUE).await;
    let relaying = telemetry::spawn(relay::run(ctx.clone(), house.stop.clone()));
    let ((), came) = tokio::join!(make(&ctx), take(&ctx, consumer, &network));
    assert_eq!(came.cuts, CUTS);
    assert!(came.again > 0, "nothing came twice: {came:?}");
    println!("{CUTS} cuts: {GAMES} events took effect once, {} came again", came.again);

    let database = PgPool::connect(&servers.database).await.unwrap();
    let count =
        async |what: &'static str| sqlx::query_scalar::<_, i64>(what).fetch_one(&database).await.unwrap();
    let published = "SELECT count(*) FROM outbox WHERE published_at IS NOT NULL";
    crate::program::until("everything is marked", async || match count(published).await {
        all if all == i64::from(GAMES) => Ok(()),
        some => Err(some),
    })
    .await;
    assert_eq!(count("SELECT count(*) FROM inbox JOIN outbox ON event = outbox.id").await, i64::from(GAMES));
    assert_eq!(count("SELECT count(*) FROM inbox").await, i64::from(GAMES), "and nothing else was taken");
    let told = "SELECT count(DISTINCT game) FROM deliveries WHERE kind = 'announcement'";
    assert_eq!(count(told).await, i64::from(GAMES));
    assert_eq!(count("SELECT count(*) FROM deliveries").await, i64::from(GAMES), "each has one effect");
    assert_eq!(ctx.bus.dead_letters(&relay::BOT_QUEUE).await.unwrap(), []);
    house.stop.cancel();
    relaying.await.unwrap();
    ctx.bus.close().await;
    ctx.store.close().await;
    database.close().await;
    house.close().await;
}
