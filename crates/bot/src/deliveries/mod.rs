//! Deliveries: from a claimed row of the ledger to a message, or to a reason.
//!
//! The row says `sending`, and that is committed, before Discord is called. So whatever cuts us off, the next one
//! to claim the row knows that the message may be out: for a while the same nonce makes Discord give it back instead
//! of making another, and after that it is looked for in the channel's history.

mod history;
mod outcome;
mod place;

use crate::bot::Bot;
use crate::render::{self, About};
use actions::ledger::{self, Material, Prepared};
use actions::{DeliveryRow, StoreError};
use discord::message::Message;
use domain::NoticeKind;
use domain::notice::Recipient;
use outcome::Outcome;
pub(crate) use outcome::REFUSED_TOKEN;
use place::Place;
use std::time::Duration;
use telemetry::{Delivery, attr};

/// Delivers one notice to one recipient, as far as that goes now.
pub(crate) async fn deliver(bot: &Bot, row: DeliveryRow) {
    let span = bot.ctx.telemetry.delivery(
        Delivery {
            kind: row.kind.as_str(),
            delivery: &row.id.to_string(),
            attempt: row.attempts,
            game: &row.game.to_string(),
        },
        &row.trace,
    );
    match row.to {
        Recipient::Channel(channel) => span.set(attr::channel_id(channel.get())),
        Recipient::User(user) => span.set(attr::user_id(user.get())),
    }
    if let Some(channel) = row.via {
        span.set(attr::channel_id(channel.get()));
    }
    match span.run(attempt(bot, &row)).await {
        Ok(outcome) => {
            span.set(attr::outcome(outcome.as_str()));
            if let Some(ended) = outcome.ended() {
                let lateness = bot.ctx.clock.now().duration_since(row.scheduled_for);
                let lateness = Duration::try_from(lateness).unwrap_or_default();
                bot.ctx.telemetry.metrics().delivery(row.kind.as_str(), ended, lateness);
            }
        }
        // The lease runs out and the row is claimed again.
        Err(error) => span.fail(StoreError::error_type(&error), &error),
    }
}

async fn attempt(bot: &Bot, row: &DeliveryRow) -> Result<Outcome, StoreError> {
    if let Some(outcome) = history::settle(bot, row).await? {
        return Ok(outcome);
    }
    let material = match ledger::prepare(&bot.ctx, row).await? {
        Prepared::Send(material) => material,
        Prepared::Skip(reason) => return outcome::skip(bot, row, reason).await,
    };
    let place = match place::find(bot, row, &material).await? {
        Ok(place) => place,
        Err(outcome) => return Ok(outcome),
    };
    let Some(message) = write(bot, row, (&material, place)) else {
        return outcome::skip(bot, row, "not_on_roster").await;
    };
    if !ledger::sending(&bot.ctx, row).await? {
        return Ok(Outcome::Lost);
    }
    let nonce = discord::nonce(&row.key);
    match bot.ctx.discord.create_message(place.channel, &message, &nonce).await {
        Ok(sent) => outcome::sent(bot, row, sent, material.game.version).await,
        Err(error) => outcome::failed(bot, row, place, &error).await,
    }
}

/// The message as it has to be now; none when the notice has lost its reason.
fn write(bot: &Bot, row: &DeliveryRow, (material, place): (&Material, Place)) -> Option<Message> {
    let (game, split) = (&material.game, &material.split);
    if row.kind == NoticeKind::Announcement {
        return Some(render::card(game, split, &row.key, &bot.pages));
    }
    let about = About {
        kind: row.kind,
        to: place.person?,
        in_channel: place.direct_to.is_none(),
        key: &row.key,
        guild: &material.guild_name,
    };
    render::notice(about, game, split, &bot.pages)
}
