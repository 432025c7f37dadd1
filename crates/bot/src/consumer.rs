//! Events from the bus: each takes effect once, in one transaction with its inbox row.

use crate::bot::Bot;
use actions::events;
use domain::Event;
use std::sync::Arc;
use std::time::Duration;
use telemetry::{Span, attr};

/// How long an event is held that could not be taken, before it goes back: most often the store is away.
const PAUSE: Duration = Duration::from_secs(1);
/// A consumer with nothing to do turns at least this often.
const POLL: Duration = Duration::from_secs(1);
/// A consumer that hasn't turned for so long is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(30);
const NAME: &str = "event consumer";

/// Takes events until the bot is stopped.
pub(crate) async fn run(bot: Arc<Bot>) {
    let telemetry = &bot.ctx.telemetry;
    let turns = bot.ctx.readiness.watch_loop(NAME, STUCK_AFTER);
    let mut consumer = bot.ctx.bus.subscribe(actions::relay::BOT_QUEUE).await;
    loop {
        turns.turned();
        telemetry.metrics().loop_turned(NAME);
        let delivery = tokio::select! {
            () = bot.stop.cancelled() => return,
            () = tokio::time::sleep(POLL) => continue,
            delivery = consumer.next() => delivery,
        };
        let Some(delivery) = delivery else { return };
        let span = delivery.process_span(telemetry);
        span.run(async {
            if take(&bot, &delivery.message.body, &span).await {
                delivery.ack(telemetry).await;
            } else {
                tokio::time::sleep(PAUSE).await;
                delivery.reject(telemetry).await;
            }
        })
        .await;
    }
}

/// Whether the event has taken effect, now or before.
async fn take(bot: &Bot, body: &[u8], span: &Span) -> bool {
    let event: Event = match serde_json::from_slice(body) {
        Ok(event) => event,
        Err(error) => {
            span.fail("unreadable", &error);
            return false;
        }
    };
    if let Some(game) = &event.game {
        span.set(attr::game_id(game));
    }
    let taken = events::take(&bot.ctx, &event).await;
    if let Err(error) = &taken {
        span.fail(error.error_type(), error);
    }
    taken.is_ok()
}
