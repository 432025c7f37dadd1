//! Cards that follow their games: the newest state always arrives, and few edits carry it.

mod pace;

pub(crate) use pace::Pace;

use crate::bot::Bot;
use crate::render;
use actions::{CardRow, StoreError, ledger};
use discord::{RestError, SentMessage, Verdict};
use domain::notice;
use jiff::SignedDuration;
use std::time::Duration;
use telemetry::{Delivery, attr};
use tokio::time::Instant;

/// A card whose turn is further away is given back for so long instead of being held.
const HELD_AT_MOST: Duration = Duration::from_secs(30);
/// How long an edit waits that Discord forbids; a permission may come back.
const FORBIDDEN_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// Edits one dirty card when its channel's turn has come, to what the game is then.
pub(crate) async fn follow(bot: &Bot, row: CardRow) {
    let sent = SentMessage { id: row.message, channel: row.channel };
    let now = Instant::now();
    let turn = bot.pace().reserve(sent, now, HELD_AT_MOST);
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
    let work = async {
        let turn = match turn {
            Ok(turn) => turn,
            Err(pause) => {
                put_off(bot, &row, pause).await?;
                return Ok("put_off");
            }
        };
        if bot.stop.run_until_cancelled(tokio::time::sleep_until(turn)).await.is_none() {
            put_off(bot, &row, Duration::ZERO).await?;
            return Ok("put_off");
        }
        edit(bot, &row, sent).await
    };
    match span.run(work).await {
        Ok(outcome) => {
            span.set(attr::outcome(outcome));
            bot.ctx.telemetry.metrics().card_edit(outcome);
        }
        Err(error) => span.fail(StoreError::error_type(&error), &error),
    }
}

async fn edit(bot: &Bot, row: &CardRow, sent: SentMessage) -> Result<&'static str, StoreError> {
    let ctx = &bot.ctx;
    let Some(material) = ledger::card_material(ctx, row).await? else {
        ledger::card_shown(ctx, row, row.wanted_version, SignedDuration::ZERO).await?;
        return Ok("gone");
    };
    let key = notice::announcement(&material.game).key;
    let card = render::card(&material.game, &material.split, &key, &bot.pages);
    match ctx.discord.edit_message(sent, sent.age(ctx.clock.now()), &card).await {
        Ok(()) => {
            ledger::card_shown(ctx, row, material.game.version, SignedDuration::ZERO).await?;
            Ok("edited")
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
            bot.pace().rest(row.channel, Instant::now() + after);
            put_off(bot, row, after).await?;
            Ok("put_off")
        }
        Verdict::ChannelForbidden | Verdict::StopAllTraffic => {
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

async fn put_off(bot: &Bot, row: &CardRow, pause: Duration) -> Result<bool, StoreError> {
    let pause = SignedDuration::try_from(pause).unwrap_or(FORBIDDEN_PAUSE);
    ledger::card_put_off(&bot.ctx, row, pause).await
}
