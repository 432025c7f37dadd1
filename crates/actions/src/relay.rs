//! Events on their way out: from the outbox to the bus, and from the bus to open pages.

use crate::{Ctx, StoreError};
use bus::{Message, QueueSpec};
use domain::{Event, GameId};
use jiff::SignedDuration;
use std::time::Duration;
use store::Hint;
use store::outbox::OutboxRow;
use telemetry::{ServiceName, Telemetry};
use tokio_util::sync::CancellationToken;

/// The relay looks at least this often, hint or not.
const POLL: Duration = Duration::from_secs(1);
/// A relay that hasn't turned for so long is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(15);
/// Events of one claim.
const BATCH: u32 = 100;
/// How long claimed events are safe from other relays.
const LEASE: SignedDuration = SignedDuration::from_secs(15);
/// How long an event waits that the bus did not take.
const PAUSE: SignedDuration = SignedDuration::from_secs(1);

/// The queue from which the bot learns what happened.
pub const BOT_QUEUE: QueueSpec = QueueSpec::durable(crate::events::BOT, &["#"]);
/// The queue from which open pages learn it.
const LIVE_QUEUE: QueueSpec = QueueSpec::transient("muster.live", &["#"]);

/// Publishes what this service writes to the outbox, until it is stopped.
pub async fn run(ctx: Ctx, stop: CancellationToken) {
    let turns = ctx.readiness.watch_loop(loop_name(ctx.telemetry.service()), STUCK_AFTER);
    let mut hints = ctx.store.hints().subscribe(Hint::Outbox);
    while !stop.is_cancelled() {
        hints.mark_unchanged();
        let published = turn(&ctx).await;
        if let Err(error) = &published {
            tracing::warn!(
                name: "relay.turn_failed",
                { error.r#type = %error.error_type() },
                "The outbox could not be read; the relay looks again in a second."
            );
        } else {
            turns.turned();
            ctx.telemetry.metrics().loop_turned("relay");
        }
        // Whoever has refused one is not asked at once for the next.
        if published.is_ok_and(|batch| batch.is_full() && batch.all_confirmed()) {
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            _ = hints.changed() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// A name for readiness that tells the relays of one process apart.
const fn loop_name(service: ServiceName) -> &'static str {
    match service {
        ServiceName::Api => "relay of api-service",
        ServiceName::Bot => "relay of bot-service",
        ServiceName::NotificationDaemon => "relay of notification-daemon",
        ServiceName::StatusTransitionDaemon => "relay of status-transition-daemon",
        ServiceName::Collector => "relay of collector",
    }
}

/// What came of one turn.
#[derive(Clone, Copy, Default)]
struct Batch {
    claimed: usize,
    confirmed: usize,
}

impl Batch {
    const fn is_full(self) -> bool {
        self.claimed >= BATCH as usize
    }

    const fn all_confirmed(self) -> bool {
        self.confirmed == self.claimed
    }
}

/// Publishes one batch.
async fn turn(ctx: &Ctx) -> Result<Batch, StoreError> {
    // The publish span hangs from the verb that wrote the event; what the relay itself asks the database is no
    // part of anybody's story.
    let store = &ctx.quiet;
    let now = ctx.clock.now();
    let waiting = {
        let mut tx = store.read().await?;
        store::outbox::claimable(&mut tx, now).await?
    };
    let age = waiting.oldest.map(|oldest| now.duration_since(oldest)).unwrap_or_default();
    ctx.telemetry.metrics().outbox_backlog(Duration::try_from(age).unwrap_or_default(), waiting.pending);
    if waiting.pending == 0 || !ctx.bus.takes_messages() {
        return Ok(Batch::default());
    }
    let mut tx = store.begin().await?;
    let rows = store::outbox::claim(&mut tx, now, LEASE, BATCH).await?;
    tx.commit().await?;

    let messages: Vec<_> = rows.iter().map(message).collect();
    let confirmations = ctx.bus.publish(&ctx.telemetry, &messages).await;

    let mut batch = Batch { claimed: rows.len(), confirmed: 0 };
    let mut tx = store.begin().await?;
    for (row, confirmed) in rows.iter().zip(confirmations) {
        match confirmed {
            Ok(()) => {
                store::outbox::published(&mut tx, row.id, ctx.clock.now()).await?;
                batch.confirmed += 1;
            }
            Err(_) => {
                store::outbox::release(&mut tx, row, ctx.clock.now() + PAUSE).await?;
            }
        }
    }
    tx.commit().await?;
    Ok(batch)
}

fn message(row: &OutboxRow) -> Message {
    Message {
        id: row.id.get(),
        routing_key: row.event_type.clone(),
        body: row.payload.clone().into_bytes(),
        game: row.game.map(GameId::get),
        trace: row.trace.clone(),
    }
}

/// Gives the outbox back what a bus that doesn't outlive its process had confirmed and nobody has taken. Called
/// once, before any service of the process starts.
///
/// # Errors
/// The store failed.
pub async fn recover(ctx: &Ctx) -> Result<u64, StoreError> {
    if ctx.bus.survives_restart() {
        return Ok(0);
    }
    let mut tx = ctx.quiet.begin().await?;
    let rows = store::outbox::redo_untaken(&mut tx, crate::events::BOT).await?;
    tx.commit().await?;
    Ok(rows)
}

/// Tells open pages what happens, until it is stopped.
pub async fn follow(ctx: Ctx, stop: CancellationToken, tell: impl Fn(Event)) {
    let silent = Telemetry::off(ctx.telemetry.service());
    let mut consumer = ctx.bus.subscribe(LIVE_QUEUE).await;
    loop {
        let delivery = tokio::select! {
            () = stop.cancelled() => return,
            delivery = consumer.next() => delivery,
        };
        let Some(delivery) = delivery else { return };
        if let Ok(event) = serde_json::from_slice(&delivery.message.body) {
            tell(event);
        }
        delivery.ack(&silent).await;
    }
}
