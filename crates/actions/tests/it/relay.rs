//! Events on their way to the bus.

use actions::relay::{self, BOT_QUEUE};
use actions::{Ctx, games};
use bus::{Bus, Consumer, QueueSpec, RabbitConfig};
use domain::Event;
use jiff::SignedDuration;
use telemetry::ServiceName;
use testkit::{House, actor};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

async fn house() -> House {
    let house = House::open(ServiceName::Api).await;
    house.know_the_guild().await;
    house
}

/// A relay that runs, and what stops it.
struct Relay {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Relay {
    /// Starts a relay, and waits until it has looked at the outbox once.
    async fn start(house: &House, ctx: &Ctx, captured: &telemetry::Captured) -> Self {
        let stop = house.stop.child_token();
        let task = telemetry::spawn(relay::run(ctx.clone(), stop.clone()));
        let turned = async |_: &House| captured.metric("muster.outbox.pending").is_some();
        house.until("its first turn", turned).await;
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

async fn pending(ctx: &Ctx) -> u64 {
    let mut tx = ctx.quiet.read().await.unwrap();
    store::outbox::waiting(&mut tx).await.unwrap().pending
}

/// The next event from the bus, acknowledged.
async fn next(ctx: &Ctx, consumer: &mut Consumer) -> Event {
    let delivery = consumer.next().await.unwrap();
    let event = serde_json::from_slice(&delivery.message.body).unwrap();
    delivery.ack(&ctx.telemetry).await;
    event
}

#[tokio::test]
async fn another_services_events_are_taken_over_after_five_seconds() {
    let house = house().await;
    let (bot, captured) = house.beside(ServiceName::Bot);
    let relay = Relay::start(&house, &bot, &captured).await;
    let game = house.game(|_| {}).await;
    // What the bot writes itself goes out at once; a relay that took the other along would have by then.
    games::join(&bot, &actor("dana"), game.id).await.unwrap();
    house.until("its own is out", async |house| pending(&house.ctx).await == 1).await;
    house.clock.advance(SignedDuration::from_secs(5));
    assert_eq!(pending(&house.ctx).await, 1, "five seconds are the writer's");

    house.clock.advance(SignedDuration::from_micros(1));
    house.until("the other is out", async |house| pending(&house.ctx).await == 0).await;
    let mut consumer = bot.bus.subscribe(BOT_QUEUE).await;
    let types = [next(&bot, &mut consumer).await, next(&bot, &mut consumer).await];
    assert_eq!(types.map(|event| event.body.event_type()), ["participants.changed", "game.created"]);
    relay.stop().await;
    house.close().await;
}

#[tokio::test]
async fn what_nobody_takes_stays_in_the_outbox() {
    let house = house().await;
    let ctx = Ctx { bus: Bus::in_process(), ..house.ctx.clone() };
    let relay = Relay::start(&house, &ctx, &house.captured).await;
    house.game(|_| {}).await;
    let returned = async |house: &House| {
        let spans = house.captured.spans();
        spans.iter().any(|span| span.attributes.get("error.type").is_some_and(|kind| kind == "unroutable"))
    };
    house.until("it was returned", returned).await;
    assert_eq!(pending(&ctx).await, 1);

    // As soon as there is a queue, it goes there.
    ctx.bus.declare(BOT_QUEUE);
    house.clock.advance(SignedDuration::from_secs(16));
    house.until("it is out", async |_| pending(&ctx).await == 0).await;
    let mut consumer = ctx.bus.subscribe(BOT_QUEUE).await;
    assert_eq!(next(&ctx, &mut consumer).await.body.event_type(), "game.created");
    relay.stop().await;
    house.close().await;
}

#[tokio::test]
async fn a_broker_that_is_away_is_not_asked_event_by_event() {
    let house = house().await;
    // Nobody listens there.
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let url = telemetry::Secret::new(format!("amqp://muster:muster@127.0.0.1:{port}/%2f"));
    let ctx = Ctx { bus: Bus::rabbitmq(RabbitConfig::new(url)).unwrap(), ..house.ctx.clone() };
    house.until("it is away", async |_| !ctx.bus.takes_messages()).await;
    house.game(|_| {}).await;

    let relay = Relay::start(&house, &ctx, &house.captured).await;

    let seen = async |house: &House| {
        house.captured.metric("muster.outbox.pending").is_some_and(|pending| pending.points[0].value > 0.0)
    };
    house.until("the relay has seen it", seen).await;
    assert_eq!(pending(&ctx).await, 1);
    assert!(house.captured.spans().iter().all(|span| !span.name.starts_with("publish")));
    relay.stop().await;
    ctx.bus.close().await;
    house.close().await;
}

#[tokio::test]
async fn what_the_bus_forgot_with_its_process_is_published_again() {
    let house = house().await;
    let relay = Relay::start(&house, &house.ctx, &house.captured).await;
    house.game(|draft| draft.title = "Taken".to_owned()).await;
    let lost = house.game(|draft| draft.title = "Lost".to_owned()).await;
    house.until("both are out", async |house| pending(&house.ctx).await == 0).await;
    relay.stop().await;
    let mut consumer = house.ctx.bus.subscribe(BOT_QUEUE).await;
    let taken = next(&house.ctx, &mut consumer).await;
    actions::events::take(&house.ctx, &taken).await.unwrap();

    // The process dies here, and with it the bus; the other event was in no inbox.
    let ctx = Ctx { bus: Bus::in_process(), ..house.ctx.clone() };
    let mut consumer = ctx.bus.subscribe(QueueSpec::durable("muster.bot", &["#"])).await;
    assert_eq!(relay::recover(&ctx).await.unwrap(), 1);
    let relay = Relay::start(&house, &ctx, &house.captured).await;
    let again = next(&ctx, &mut consumer).await;
    assert_eq!(again.game, Some(lost.id));
    actions::events::take(&ctx, &again).await.unwrap();
    house.until("it is out", async |_| pending(&ctx).await == 0).await;
    assert_eq!(relay::recover(&ctx).await.unwrap(), 0, "everything was taken");
    relay.stop().await;
    house.close().await;
}
