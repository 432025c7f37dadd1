//! The last two beats of every verb about a game: save, and tell.

use crate::{Actor, Ctx};
use domain::{ENVELOPE_VERSION, Event, EventBody, EventId, Game, RosterChange, UserId, due};
use jiff::Timestamp;
use store::{GuildScope, StoreError, Tx};

/// Counts the game's version up, saves it, and writes the event that says what happened.
pub(crate) async fn save_and_tell(
    ctx: &Ctx,
    tx: &mut Tx,
    (scope, game): (GuildScope, &mut Game),
    body: EventBody,
) -> Result<(), StoreError> {
    save_and_announce(ctx, tx, (scope, game), body).await.map(drop)
}

/// The same, and gives the event.
pub(crate) async fn save_and_announce(
    ctx: &Ctx,
    tx: &mut Tx,
    (scope, game): (GuildScope, &mut Game),
    body: EventBody,
) -> Result<Event, StoreError> {
    game.version += 1;
    store::games::save(tx, scope, game).await?;
    announce(ctx, tx, game, body).await
}

/// Writes an event about a game in its present version.
pub(crate) async fn tell(ctx: &Ctx, tx: &mut Tx, game: &Game, body: EventBody) -> Result<(), StoreError> {
    announce(ctx, tx, game, body).await.map(drop)
}

/// Counts everybody whom a change has moved; called when it is committed.
pub(crate) fn count(ctx: &Ctx, actor: &Actor, change: &RosterChange) {
    let moves: [(&str, &[UserId]); 5] = [
        ("joined", &change.joined),
        ("left", &change.left),
        ("promoted", &change.promoted),
        ("demoted", &change.demoted),
        ("removed", &change.removed),
    ];
    for (action, people) in moves {
        for _ in people {
            ctx.telemetry.metrics().participant_changed(action, actor.door.as_str());
        }
    }
}

async fn announce(ctx: &Ctx, tx: &mut Tx, game: &Game, body: EventBody) -> Result<Event, StoreError> {
    let now = ctx.clock.now();
    let event = Event {
        version: ENVELOPE_VERSION,
        id: EventId::new(ctx.chance.uuid(now)),
        guild: game.guild,
        game: Some(game.id),
        sequence: game.version,
        occurred_at: now,
        body,
    };
    store::outbox::push(tx, &event).await?;
    Ok(event)
}

/// Brings the schedule to what the game asks for now.
pub(crate) async fn reschedule(
    ctx: &Ctx,
    tx: &mut Tx,
    (scope, game): (GuildScope, &Game),
    now: Timestamp,
) -> Result<(), StoreError> {
    let planned = store::schedule::of_game(tx, scope, game.id).await?;
    let change = due::reschedule(&planned, game, now);
    for moment in &change.withdraw {
        store::schedule::withdraw(tx, scope, game.id, moment).await?;
    }
    for moment in &change.add {
        store::schedule::add(tx, scope, (ctx.chance.uuid(now), game.id), moment).await?;
    }
    Ok(())
}
