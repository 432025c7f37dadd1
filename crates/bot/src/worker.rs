//! The loop of the two ledgers: deliveries and dirty cards.

use crate::bot::Bot;
use crate::{cards, deliveries};
use actions::{CardRow, Ctx, DeliveryRow, StoreError, ledger};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The loop looks at least this often, hint or not.
const POLL: Duration = Duration::from_secs(1);
/// How long what has begun is waited for when the bot is stopped.
const FINISH_WITHIN: Duration = Duration::from_secs(4);
/// A loop that hasn't turned for so long is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(30);

/// Which rows a loop works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ledger {
    Deliveries,
    Cards,
}

enum Row {
    Delivery(DeliveryRow),
    Card(CardRow),
}

impl Ledger {
    const fn name(self) -> &'static str {
        match self {
            Self::Deliveries => "deliveries",
            Self::Cards => "cards",
        }
    }

    /// Rows worked on at once. A card mostly waits, for its channel's turn and for its own next one.
    const fn workers(self) -> usize {
        match self {
            Self::Deliveries => 16,
            Self::Cards => 128,
        }
    }

    fn hints(self, ctx: &Ctx) -> watch::Receiver<u64> {
        match self {
            Self::Deliveries => ledger::delivery_hints(ctx),
            Self::Cards => ledger::card_hints(ctx),
        }
    }

    async fn next(self, ctx: &Ctx) -> Result<Option<Timestamp>, StoreError> {
        match self {
            Self::Deliveries => ledger::next_delivery(ctx).await,
            Self::Cards => ledger::next_card(ctx).await,
        }
    }

    async fn claim(self, ctx: &Ctx, limit: u32) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Deliveries => {
                ledger::claim_deliveries(ctx, limit).await?.into_iter().map(Row::Delivery).collect()
            }
            Self::Cards => ledger::claim_cards(ctx, limit).await?.into_iter().map(Row::Card).collect(),
        })
    }
}

/// Works on a ledger until the bot is stopped, then waits for what has begun.
pub(crate) async fn run(bot: Arc<Bot>, ledger: Ledger) {
    let stop = bot.stop.clone();
    let turns = bot.ctx.readiness.watch_loop(ledger.name(), STUCK_AFTER);
    let mut hints = ledger.hints(&bot.ctx);
    let places = Arc::new(Semaphore::new(ledger.workers()));
    let crew = Crew { bot, ledger, places, tasks: TaskTracker::new(), cut_off: CancellationToken::new() };
    while !stop.is_cancelled() {
        hints.mark_unchanged();
        let next = match crew.turn().await {
            Ok(next) => {
                turns.turned();
                crew.bot.ctx.telemetry.metrics().loop_turned(ledger.name());
                next
            }
            Err(error) => {
                tracing::warn!(name: "bot.ledger_unread", target: "bot", { error.r#type = %error.error_type(), muster.ledger = ledger.name() }, "A ledger could not be read; the loop looks again in a second.");
                Next::Later(None)
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = crew.wait(next) => {}
            _ = hints.changed() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
    crew.finish().await;
}

/// When the loop has to look again.
enum Next {
    /// As soon as a worker is free.
    WhenFree,
    /// At this time, as far as known.
    Later(Option<Timestamp>),
}

struct Crew {
    bot: Arc<Bot>,
    ledger: Ledger,
    places: Arc<Semaphore>,
    tasks: TaskTracker,
    /// What is still under way is left to whoever claims the row next.
    cut_off: CancellationToken,
}

impl Crew {
    /// Starts on as many due rows as there are free workers.
    async fn turn(&self) -> Result<Next, StoreError> {
        let ctx = &self.bot.ctx;
        if ctx.discord.token_refused() {
            return Ok(Next::Later(None));
        }
        let next = self.ledger.next(ctx).await?;
        if next.is_none_or(|at| at > ctx.clock.now()) {
            return Ok(Next::Later(next));
        }
        let free = self.places.available_permits();
        if free > 0 {
            let rows = self.ledger.claim(ctx, u32::try_from(free).unwrap_or(u32::MAX)).await?;
            if rows.is_empty() {
                // Others were quicker; whatever is left comes with the next hint or look.
                return Ok(Next::Later(None));
            }
            for row in rows {
                self.start(row).await;
            }
        }
        Ok(Next::WhenFree)
    }

    async fn start(&self, row: Row) {
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return };
        let (bot, cut_off) = (Arc::clone(&self.bot), self.cut_off.clone());
        telemetry::spawn(self.tasks.track_future(async move {
            let work = async {
                match row {
                    Row::Delivery(row) => deliveries::deliver(&bot, row).await,
                    Row::Card(row) => cards::follow(&bot, row).await,
                }
            };
            let _ = cut_off.run_until_cancelled(Box::pin(work)).await;
            drop(place);
        }));
    }

    /// Waits for what has begun, but not for a limit of Discord's: a row that was being sent is sent again under the
    /// same nonce.
    async fn finish(&self) {
        self.tasks.close();
        if tokio::time::timeout(FINISH_WITHIN, self.tasks.wait()).await.is_err() {
            self.cut_off.cancel();
            self.tasks.wait().await;
        }
    }

    async fn wait(&self, next: Next) {
        match next {
            Next::WhenFree => drop(self.places.acquire().await),
            Next::Later(Some(at)) => self.bot.ctx.clock.sleep_until(at).await,
            Next::Later(None) => std::future::pending().await,
        }
    }
}
