//! Cards that follow their games: the newest state always arrives, and few edits carry it.

mod pace;

pub(crate) use pace::{EDITS, Pace};

use crate::bot::Bot;
use crate::deliveries::REFUSED_TOKEN;
use crate::render;
use actions::ledger::Place;
use actions::{CardRow, StoreError, ledger};
use discord::{RestError, SentMessage, Verdict};
use domain::{ChannelId, notice};
use jiff::SignedDuration;
use std::time::Duration;
use telemetry::{Delivery, attr};
use tokio::time::Instant;

/// A card whose turn is further away is given back for so long instead of being held.
const HELD_AT_MOST: Duration = Duration::from_secs(30);
const EDITED: &str = "edited";
/// One card again: people see the first change at once and the sum of the next ones soon after, whichever process
/// shows it.
const CARD_GAP: Duration = Duration::from_secs(2);
/// How long an edit waits that Discord forbids; a permission may come back.
const FORBIDDEN_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// Edits one dirty card when its channel's turn has come, to what the game is then, and keeps it for the gap.
pub(crate) async fn follow(bot: &Bot, row: CardRow) {
    let span = bot.ctx.telemetry.delivery(
        Delivery {
            kind: "card",
            delivery: &row.message.to_string(),
            attempt: 1,
            game: &row.game.to_string(),
        },
        &row.trace,
    );
    span.set(attr::channel_id(row.channel.get()));
    span.set(attr::message_id(row.message.get()));
    match span.run(in_turn(bot, &row)).await {
        Ok(outcome) => {
            span.set(attr::outcome(outcome));
            bot.ctx.telemetry.metrics().card_edit(outcome);
            drop(span);
            if outcome == EDITED {
                free(bot, &row).await;
            }
        }
        Err(error) => span.fail(StoreError::error_type(&error), &error),
    }
}

async fn in_turn(bot: &Bot, row: &CardRow) -> Result<&'static str, StoreError> {
    let place = match turn(bot, row.channel).await {
        Ok(place) => place,
        Err(pause) => {
            put_off(bot, row, pause).await?;
            return Ok("put_off");
        }
    };
    let outcome = edit(bot, row).await;
    bot.edits.settle(&bot.ctx.telemetry, place).await;
    outcome
}

/// Waits for a channel's turn: in this process, then among all. If that is too far away, it says how far; at once if
/// the bot is stopped.
async fn turn(bot: &Bot, channel: ChannelId) -> Result<Place, Duration> {
    let by = Instant::now() + HELD_AT_MOST;
    let mut turn = bot.pace().reserve(channel, Instant::now(), HELD_AT_MOST)?;
    loop {
        bot.stop.run_until_cancelled(tokio::time::sleep_until(turn)).await.ok_or(Duration::ZERO)?;
        let pause = match bot.edits.take(&bot.ctx.telemetry, channel.get()).await {
            Ok(place) => return Ok(place),
            Err(pause) => pause,
        };
        turn = Instant::now() + pause;
        if turn > by {
            return Err(pause);
        }
    }
}

/// A gap later the card is free, also where the clock that the store goes by stands still or was set back.
async fn free(bot: &Bot, row: &CardRow) {
    let shown = bot.ctx.clock.now();
    let waited = bot.stop.run_until_cancelled(tokio::time::sleep(CARD_GAP)).await;
    if waited.is_some() && bot.ctx.clock.now().duration_since(shown) < gap() {
        // If that fails it is free when that clock says so.
        let _ = put_off(bot, row, Duration::ZERO).await;
    }
}

async fn edit(bot: &Bot, row: &CardRow) -> Result<&'static str, StoreError> {
    let ctx = &bot.ctx;
    let Some(material) = ledger::card_material(ctx, row).await? else {
        ledger::card_shown(ctx, row, row.wanted_version, SignedDuration::ZERO).await?;
        return Ok("gone");
    };
    let key = notice::announcement(&material.game).key;
    let card = render::card(&material.game, &material.split, &key, &bot.pages);
    let sent = SentMessage { id: row.message, channel: row.channel };
    match ctx.discord.edit_message(sent, sent.age(ctx.clock.now()), &card).await {
        Ok(()) => {
            ledger::card_shown(ctx, row, material.game.version, gap()).await?;
            Ok(EDITED)
        }
        Err(error) => settle(bot, row, &error).await,
    }
}

/// What becomes of a card that could not be edited.
async fn settle(bot: &Bot, row: &CardRow, error: &RestError) -> Result<&'static str, StoreError> {
    let ctx = &bot.ctx;
    match error.verdict(1) {
        Verdict::MessageGone => {
            let again = ledger::card_gone(ctx, row).await?;
            Ok(if again { "reposted" } else { "gone" })
        }
        Verdict::RetrySameNonce { after } | Verdict::RateLimited { after } => {
            put_off(bot, row, after).await?;
            Ok("put_off")
        }
        Verdict::CoolDown { after } => {
            bot.edits.close(&ctx.telemetry, row.channel.get(), after).await;
            put_off(bot, row, after).await?;
            Ok("put_off")
        }
        Verdict::StopAllTraffic => {
            put_off(bot, row, REFUSED_TOKEN.0).await?;
            Ok("put_off")
        }
        Verdict::ChannelForbidden => {
            ledger::card_put_off(ctx, row, FORBIDDEN_PAUSE).await?;
            Ok("forbidden")
        }
        Verdict::ChannelGone
        | Verdict::DmsClosed
        | Verdict::BreakDms { .. }
        | Verdict::Never
        | Verdict::Dead(_) => {
            tracing::error!(name: "bot.card_refused", target: "bot", { exception.message = %error }, "Discord refuses a card; it stays as it is.");
            ledger::card_shown(ctx, row, row.wanted_version, SignedDuration::ZERO).await?;
            Ok("failed")
        }
    }
}

fn gap() -> SignedDuration {
    SignedDuration::try_from(CARD_GAP).unwrap_or(FORBIDDEN_PAUSE)
}

async fn put_off(bot: &Bot, row: &CardRow, pause: Duration) -> Result<bool, StoreError> {
    let pause = SignedDuration::try_from(pause).unwrap_or(FORBIDDEN_PAUSE);
    ledger::card_put_off(&bot.ctx, row, pause).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Pages;
    use actions::{Ctx, events};
    use clock::Chance;
    use discord::{Rest, RestConfig};
    use domain::{Event, EventBody, EventId, MessageId, Status};
    use telemetry::{Secret, ServiceName};
    use testkit::House;
    use uuid::Uuid;

    /// A game's card that has to follow.
    async fn dirty(house: &House) -> CardRow {
        let game = house.game(|_| {}).await;
        let created = Event {
            version: domain::ENVELOPE_VERSION,
            id: EventId::new(Uuid::from_u128(1)),
            guild: game.guild,
            game: Some(game.id),
            sequence: game.version,
            occurred_at: house.clock.now(),
            body: EventBody::GameCreated { status: Status::Scheduled },
        };
        events::take(&house.ctx, &created).await.unwrap();
        let row = ledger::claim_deliveries(&house.ctx, 1).await.unwrap().remove(0);
        ledger::sending(&house.ctx, &row).await.unwrap();
        let at = (game.terms.channel, MessageId::new(1));
        ledger::sent(&house.ctx, &row, at, 0).await.unwrap();
        ledger::claim_cards(&house.ctx, 1).await.unwrap().remove(0)
    }

    #[tokio::test]
    async fn a_refused_token_puts_a_card_off_for_no_longer_than_a_notice() {
        let house = House::open(ServiceName::Bot).await;
        house.know_the_guild().await;
        let row = dirty(&house).await;
        let config = RestConfig { api: house.discord_api(), token: Secret::new("bogus".to_owned()) };
        let telemetry = house.ctx.telemetry.clone();
        let discord = Rest::new(&config, telemetry, Chance::seeded(3)).unwrap();
        let ctx = Ctx { discord, ..house.ctx.clone() };
        let bot = Bot::new(ctx, Pages { base: None }, house.stop.clone());
        follow(&bot, row).await;
        assert!(bot.ctx.discord.token_refused());
        let pause = SignedDuration::try_from(REFUSED_TOKEN.0).unwrap();
        let next = ledger::next_card(&house.ctx).await.unwrap();
        assert_eq!(next, Some(house.clock.now() + pause));
        house.close().await;
    }
}
