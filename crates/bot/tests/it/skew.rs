//! Bots whose clocks differ from the database's.

use crate::engines::Engines;
use crate::outage::Running;
use actions::Ctx;
use clock::{Clock, PracticeClock, PracticeSetting};
use domain::{Event, EventBody, EventId, Game};
use jiff::SignedDuration;
use telemetry::ServiceName;
use testkit::{GUILD, House};
use uuid::Uuid;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const MINUTES_BEFORE: u64 = 40;

/// The rooms of a process whose clock is wrong.
fn off_by(ctx: &Ctx, offset: SignedDuration) -> Ctx {
    let clock = PracticeClock::running();
    clock.set(PracticeSetting::Running { offset });
    Ctx { clock: Clock::Practice(clock), ..ctx.clone() }
}

/// What the notification daemon says of a reminder that is due.
async fn remind(house: &House, game: &Game) {
    let minutes = i64::try_from(MINUTES_BEFORE).unwrap();
    let event = Event {
        version: domain::ENVELOPE_VERSION,
        id: EventId::new(Uuid::from_u128(1)),
        guild: GUILD,
        game: Some(game.id),
        sequence: 99,
        occurred_at: house.ctx.clock.now(),
        body: EventBody::NotificationDue {
            kind: "reminder".to_owned(),
            detail: MINUTES_BEFORE,
            scheduled_for: game.start - SignedDuration::from_mins(minutes),
            deadline: Some(game.start),
        },
    };
    let mut tx = house.ctx.store.begin().await.unwrap();
    store::outbox::push(&mut tx, &event).await.unwrap();
    tx.commit().await.unwrap();
}

/// Whatever its clock shows, the bot sends at once what is due, and what isn't too late yet.
async fn sends_in_time(name: &str, offset: SignedDuration) {
    let Some(engines) = Engines::of_our_own(name).await else { return };
    let mut house = House::open(ServiceName::Bot).await;
    house.ctx = engines.ctx(house.ctx.clone(), Clock::System).await;
    house.know_the_guild().await;
    let running = Running::start(&house, &off_by(&house.ctx, offset));
    let start = house.ctx.clock.now() + SignedDuration::from_mins(30);
    let game = house
        .game(|draft| {
            draft.start = start;
            draft.reminders = Some(vec![u32::try_from(MINUTES_BEFORE).unwrap()]);
        })
        .await;
    house.card().await;
    remind(&house, &game).await;
    house.until("the host is reminded", async |house| !house.dms("Ada").await.is_empty()).await;
    running.stop().await;
    let ctx = house.ctx.clone();
    house.close().await;
    engines.clear(&ctx).await;
}

#[tokio::test]
async fn a_bot_whose_clock_is_ahead_sends_in_time() {
    sends_in_time("ahead", HOUR).await;
}

#[tokio::test]
async fn a_bot_whose_clock_is_behind_sends_in_time() {
    sends_in_time("behind", -HOUR).await;
}

#[tokio::test]
async fn leases_of_connections_go_by_the_servers_clock() {
    let Some(engines) = Engines::of_our_own("leases").await else { return };
    let house = House::open(ServiceName::Bot).await;
    let ctx = engines.ctx(house.ctx.clone(), Clock::Practice(house.clock.clone())).await;
    let now = Clock::System.now();
    for offset in [HOUR, -HOUR] {
        let mut tx = ctx.quiet.begin().await.unwrap();
        let shown = tx.shared_now(now + offset).await.unwrap();
        assert!(shown.duration_since(now).abs() < HOUR / 2, "{shown} is not what a process shows");
        assert_eq!(
            tx.now(now + offset).await.unwrap(),
            now + offset,
            "a practice clock is one that all follow"
        );
    }
    house.close().await;
    engines.clear(&ctx).await;
}
