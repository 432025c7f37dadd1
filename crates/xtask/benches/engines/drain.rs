//! How fast a full outbox gets empty.

use crate::figure;
use crate::stage::{GUILD, Service, Stage, change};
use actions::Ctx;
use bus::Consumer;
use domain::{ENVELOPE_VERSION, Event, EventId, GameId};
use std::time::Instant;
use store::outbox;
use telemetry::{ServiceName, Telemetry};

const EVENTS: u32 = 20_000;
/// In one transaction.
const AT_ONCE: u32 = 1_000;

/// Fills the outbox, then lets the relay at it; what counts is when the consumer has acknowledged the last.
pub(crate) async fn measure(stage: &Stage, consumer: &mut Consumer) {
    let ctx = stage.ctx(ServiceName::Api).await;
    for first in (0..EVENTS).step_by(AT_ONCE as usize) {
        let mut tx = ctx.store.begin().await.expect("the database");
        for number in first..first + AT_ONCE {
            outbox::push(&mut tx, &event(&ctx, stage.game(number), number)).await.expect("the outbox");
        }
        tx.commit().await.expect("the database");
    }
    let bot = Telemetry::off(ServiceName::Bot);
    let began = Instant::now();
    let api = Service::start(ctx);
    for _ in 0..EVENTS {
        consumer.next().await.expect("an open bus").ack(&bot).await;
    }
    figure("outbox to consumer per second", f64::from(EVENTS) / began.elapsed().as_secs_f64());
    api.stop().await;
}

/// An event by its number, which is its sequence.
pub(crate) fn event(ctx: &Ctx, game: GameId, number: u32) -> Event {
    let now = ctx.clock.now();
    Event {
        version: ENVELOPE_VERSION,
        id: EventId::new(ctx.chance.uuid(now)),
        guild: GUILD,
        game: Some(game),
        sequence: number.into(),
        occurred_at: now,
        body: change(),
    }
}
