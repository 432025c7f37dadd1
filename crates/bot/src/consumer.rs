//! Events from the bus: each takes effect once, in one transaction with its inbox row.
//!
//! An event is put to the dead letters for what is wrong with itself, never for a database that is away: that one is
//! held and tried again. A broker counts whatever comes back to it, so nothing is given back meanwhile, unless it has
//! taken so long that the broker would ask for it.

use crate::bot::Bot;
use actions::events::{self, Consumer, Delivery};
use actions::{StoreError, Turns};
use domain::Event;
use std::sync::Arc;
use std::time::Duration;
use telemetry::{Span, attr};
use tokio::time::Instant;

/// How long an event is held that could not be taken for its own sake, before it goes back.
const PAUSE: Duration = Duration::from_secs(1);
/// Between the first attempts to take an event while the store is away; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(125);
/// Between the later ones.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long an event is held while the store is away. RabbitMQ ends a connection that owes it an answer for half an
/// hour (RabbitMQ, "Delivery Acknowledgement Timeout").
const HELD_AT_MOST: Duration = Duration::from_mins(5);
/// A consumer with nothing to do turns at least this often.
const POLL: Duration = Duration::from_secs(1);
/// A consumer that hasn't turned for so long is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(30);
const NAME: &str = "event consumer";

/// Takes events until the bot is stopped.
pub(crate) async fn run(bot: Arc<Bot>) {
    let turns = bot.ctx.readiness.watch_loop(NAME, STUCK_AFTER);
    Consumption { bot, turns, held_at_most: HELD_AT_MOST }.run().await;
}

struct Consumption {
    bot: Arc<Bot>,
    turns: Turns,
    held_at_most: Duration,
}

/// Why an event was not taken.
enum Untaken {
    /// For its own sake.
    Poison(StoreError),
    /// The store is away.
    StoreAway(StoreError),
    /// The bot is stopped.
    Stopped,
}

impl Consumption {
    async fn run(&self) {
        let mut consumer = self.subscribe().await;
        loop {
            self.turned();
            let delivery = tokio::select! {
                () = self.bot.stop.cancelled() => return,
                () = tokio::time::sleep(POLL) => continue,
                delivery = consumer.next() => delivery,
            };
            let Some(delivery) = delivery else { return };
            if let Some(event) = self.handle(delivery).await {
                // Nothing is asked for until the store is back; what comes again then has taken effect.
                drop(consumer);
                let _ = self.take(&event, None).await;
                consumer = self.subscribe().await;
            }
        }
    }

    async fn subscribe(&self) -> Consumer {
        self.bot.ctx.bus.subscribe(actions::relay::BOT_QUEUE).await
    }

    fn turned(&self) {
        self.turns.turned();
        self.bot.ctx.telemetry.metrics().loop_turned(NAME);
    }

    /// Settles a delivery; gives its event where it had to go back because the store is away.
    async fn handle(&self, delivery: Delivery) -> Option<Event> {
        let telemetry = &self.bot.ctx.telemetry;
        let span = delivery.process_span(telemetry);
        let handled = async {
            let Some(event) = read(&delivery.message.body, &span) else {
                self.reject(delivery).await;
                return None;
            };
            match self.take(&event, Some(Instant::now() + self.held_at_most)).await {
                Ok(()) => delivery.ack(telemetry).await,
                Err(Untaken::Poison(error)) => {
                    span.fail(error.error_type(), &error);
                    self.reject(delivery).await;
                }
                Err(Untaken::StoreAway(error)) => {
                    span.fail(error.error_type(), &error);
                    return Some(event);
                }
                Err(Untaken::Stopped) => {}
            }
            None
        };
        span.run(handled).await
    }

    /// It may come again at once, so what is wrong with it gets a moment to pass.
    async fn reject(&self, delivery: Delivery) {
        let _ = self.bot.stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
        delivery.reject(&self.bot.ctx.telemetry).await;
    }

    /// Has an event take effect, unless it has; as often as it takes, while the store is away.
    async fn take(&self, event: &Event, by: Option<Instant>) -> Result<(), Untaken> {
        let mut pause = FIRST_PAUSE;
        loop {
            let Err(error) = events::take(&self.bot.ctx, event).await else { return Ok(()) };
            if !self.is_away(event, &error).await {
                return Err(Untaken::Poison(error));
            }
            if pause == FIRST_PAUSE {
                tracing::warn!(name: "bot.event_held", target: "bot", { error.r#type = %error.error_type() }, "The store can't take an event at the moment; it is held until it can.");
            }
            if by.is_some_and(|by| Instant::now() + pause > by) {
                return Err(Untaken::StoreAway(error));
            }
            let waited = self.bot.stop.run_until_cancelled(tokio::time::sleep(pause)).await;
            waited.ok_or(Untaken::Stopped)?;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// Whether any event would fail now: the database is away or full, lets us in no more, or lacks what every event
    /// needs.
    async fn is_away(&self, event: &Event, error: &StoreError) -> bool {
        let code = match error {
            StoreError::Unavailable(_) => return true,
            StoreError::Database(_) => error.error_type(),
            _ => return false,
        };
        let rehearsed = async || events::rehearse(&self.bot.ctx, event).await;
        is_shut(&code) || (may_be_shut(&code) && rehearsed().await.is_err())
    }
}

fn read(body: &[u8], span: &Span) -> Option<Event> {
    let event: Event = serde_json::from_slice(body).map_err(|error| span.fail("unreadable", &error)).ok()?;
    if let Some(game) = &event.game {
        span.set(attr::game_id(game));
    }
    Some(event)
}

/// The database lets us in no more (PostgreSQL documentation, "PostgreSQL Error Codes": 28, 3D000).
fn is_shut(code: &str) -> bool {
    code.starts_with("28") || code == "3D000"
}

/// Something is not there or not allowed (42501, 42P01, 42703): for any event, or by a row's policy or a trigger for one.
fn may_be_shut(code: &str) -> bool {
    ["42501", "42P01", "42703"].contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Pages;
    use actions::Ctx;
    use bus::Message;
    use domain::{EventBody, EventId, GuildId};
    use store::{Store, StoreConfig};
    use telemetry::{ServiceName, TraceContext};
    use testkit::House;
    use uuid::Uuid;

    fn event(house: &House) -> Event {
        Event {
            version: domain::ENVELOPE_VERSION,
            id: EventId::new(Uuid::from_u128(1)),
            guild: GuildId::new(1),
            game: None,
            sequence: 1,
            occurred_at: house.clock.now(),
            body: EventBody::GuildRemoved {},
        }
    }

    #[tokio::test]
    async fn what_is_held_too_long_goes_back_once_and_is_tried_on() {
        let house = House::open(ServiceName::Bot).await;
        let store = Store::open(&StoreConfig::Sqlite(house.database()), &house.ctx.telemetry).await.unwrap();
        store.close().await;
        let ctx = Ctx { store, ..house.ctx.clone() };
        let bot = Arc::new(Bot::new(ctx, Pages { base: None }, house.stop.clone()));
        let turns = bot.ctx.readiness.watch_loop(NAME, STUCK_AFTER);
        let consumption = Consumption { bot, turns, held_at_most: FIRST_PAUSE * 2 };
        let consuming = telemetry::spawn(async move { consumption.run().await });
        let body = serde_json::to_vec(&event(&house)).unwrap();
        let (id, routing_key) = (Uuid::from_u128(1), "guild.removed".to_owned());
        let message = Message { id, routing_key, body, game: None, trace: TraceContext::default() };
        house.ctx.bus.publish(&house.ctx.telemetry, &[message]).await.remove(0).unwrap();

        let spans = |house: &House, name: &str| {
            house.captured.spans().into_iter().filter(|span| span.name == name).count()
        };
        house.until("it has gone back", async |house| spans(house, "process muster.bot") == 1).await;
        let tried = spans(&house, "events.take");
        house.until("it is tried on", async |house| spans(house, "events.take") > tried + 1).await;
        let mut other = house.ctx.bus.subscribe(actions::relay::BOT_QUEUE).await;
        assert_eq!(other.next().await.unwrap().attempt, 2, "it has come back once");
        house.stop.cancel();
        consuming.await.unwrap();
        house.close().await;
    }
}
