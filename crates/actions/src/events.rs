//! What the bot does about an event: the notices it asks for, and the card that has to follow.

use crate::perform::perform;
use crate::{Ctx, StoreError};
use domain::notice;
use domain::seats;
use domain::{DeliveryId, Event, EventBody, EventId, Game, GameId, GuildId};
use jiff::Timestamp;
use store::{GuildScope, Tx};
use telemetry::attr;
use uuid::Uuid;

pub use bus::{Consumer, Delivery};

/// The name under which the bot takes events.
pub const BOT: &str = "muster.bot";

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It took effect now.
    Applied,
    /// It had taken effect before.
    Before,
}

/// Takes an event: in one transaction the inbox row that lets it take effect once, the delivery ledger's rows,
/// and the version that the card has to show.
///
/// # Errors
/// The store failed; the event has to come again.
pub async fn take(ctx: &Ctx, event: &Event) -> Result<Taken, StoreError> {
    let span = ctx.verb("events.take");
    span.set(attr::guild_id(event.guild.get()));
    if let Some(game) = &event.game {
        span.set(attr::game_id(game));
    }
    let work = async {
        let mut tx = ctx.store.begin().await?;
        if !store::inbox::take(&mut tx, BOT, event.id, ctx.clock.now()).await? {
            return Ok(Taken::Before);
        }
        apply(ctx, &mut tx, event).await?;
        tx.commit().await?;
        Ok(Taken::Applied)
    };
    perform(&span, work).await
}

/// Asks of the store what every event needs, about a game that nobody has, and leaves nothing behind: tells a store that
/// takes no event at all from one that refuses a certain event.
///
/// # Errors
/// No event can be taken now.
pub async fn rehearse(ctx: &Ctx, event: &Event) -> Result<(), StoreError> {
    let (now, nobody) = (ctx.clock.now(), GameId::new(Uuid::nil()));
    let scope = GuildScope::of_event(&Event { guild: GuildId::new(0), ..event.clone() });
    let mut tx = ctx.quiet.begin().await?;
    store::inbox::take(&mut tx, BOT, EventId::new(ctx.chance.uuid(now)), now).await?;
    store::games::find(&mut tx, scope, nobody).await?;
    store::participants::of_game(&mut tx, scope, nobody).await?;
    store::cards::want(&mut tx, scope, nobody, event.sequence).await?;
    store::deliveries::next_due(&mut tx).await?;
    Ok(())
}

async fn apply(ctx: &Ctx, tx: &mut Tx, event: &Event) -> Result<(), StoreError> {
    let scope = GuildScope::of_event(event);
    let Some(id) = event.game else { return Ok(()) };
    let Some(game) = store::games::find(tx, scope, id).await? else { return Ok(()) };
    let roster = store::participants::of_game(tx, scope, id).await?;
    let split = seats::split(&game, &roster);
    if !overtaken(event, &game) {
        let (due, now) = (scheduled_for(event), tx.now(ctx.clock.now()).await?);
        for notice in notice::for_event(event, &game, &split) {
            let row = DeliveryId::new(ctx.chance.uuid(ctx.clock.now()));
            store::deliveries::add(tx, scope, (row, id, &notice), (due, now)).await?;
        }
    }
    if shows_on_card(&event.body) {
        store::cards::want(tx, scope, id, event.sequence).await?;
    }
    Ok(())
}

/// Whether a game has been moved or called off since a reminder for it was due.
fn overtaken(event: &Event, game: &Game) -> bool {
    match &event.body {
        EventBody::NotificationDue { kind, deadline, .. } => {
            let moved = kind == "reminder" && *deadline != Some(game.start);
            moved || game.status.is_final()
        }
        _ => false,
    }
}

fn scheduled_for(event: &Event) -> Timestamp {
    match &event.body {
        EventBody::NotificationDue { scheduled_for, .. } => *scheduled_for,
        _ => event.occurred_at,
    }
}

const fn shows_on_card(body: &EventBody) -> bool {
    !matches!(body, EventBody::GameCreated { .. } | EventBody::NotificationDue { .. })
}
