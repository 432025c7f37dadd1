//! What becomes of a delivery, written where the fence is still ours.

use super::history;
use super::place::Place;
use crate::bot::Bot;
use actions::ledger::{self, EndedAs};
use actions::{DeliveryRow, StoreError};
use discord::{DeadReason, RestError, SentMessage, Verdict};
use domain::{ChannelId, UserId};
use jiff::SignedDuration;
use std::time::Duration;

/// A channel that the bot may not write to is tried at most this often, unless something about its guild changes.
const FORBIDDEN_PAUSE: Duration = Duration::from_hours(1);
/// At most so much is added to a pause, so that those who wait don't come all at once.
const JITTER_MAX_MILLIS: u64 = 500;
/// The pause after Discord has refused the token; nothing is claimed meanwhile.
pub(crate) const REFUSED_TOKEN: (Duration, &str) = (Duration::from_mins(1), "token_refused");

/// What became of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The message is out.
    Sent,
    /// It won't be sent, on purpose.
    Skipped(&'static str),
    /// It can't be sent.
    Dead(&'static str),
    /// It will be tried again.
    PutOff(&'static str),
    /// It goes to the channel instead.
    Redirected,
    /// Somebody else has the row now.
    Lost,
}

impl Outcome {
    /// The word for the span.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Skipped(reason) | Self::Dead(reason) | Self::PutOff(reason) => reason,
            Self::Redirected => "redirected",
            Self::Lost => "lost",
        }
    }

    /// The word for the metric of ended deliveries; none when it goes on.
    pub(super) const fn ended(self) -> Option<&'static str> {
        match self {
            Self::Sent => Some("sent"),
            Self::Skipped(_) => Some("skipped"),
            Self::Dead(_) => Some("dead"),
            Self::PutOff(_) | Self::Redirected | Self::Lost => None,
        }
    }

    const fn if_mine(self, mine: bool) -> Self {
        if mine { self } else { Self::Lost }
    }
}

pub(super) async fn sent(
    bot: &Bot,
    row: &DeliveryRow,
    sent: SentMessage,
    version: u64,
) -> Result<Outcome, StoreError> {
    let mine = ledger::sent(&bot.ctx, row, (sent.channel, sent.id), version).await?;
    Ok(Outcome::Sent.if_mine(mine))
}

/// Ends a delivery without a message, unless an earlier attempt got through after all.
pub(super) async fn skip(bot: &Bot, row: &DeliveryRow, reason: &'static str) -> Result<Outcome, StoreError> {
    end_in_doubt(bot, row, Outcome::Skipped(reason)).await
}

async fn end_in_doubt(bot: &Bot, row: &DeliveryRow, outcome: Outcome) -> Result<Outcome, StoreError> {
    match history::earlier(bot, row).await {
        Some(found) => sent(bot, row, found, history::UNKNOWN_VERSION).await,
        None => end(bot, row, outcome).await,
    }
}

/// Ends a delivery without a message.
pub(super) async fn end(bot: &Bot, row: &DeliveryRow, outcome: Outcome) -> Result<Outcome, StoreError> {
    let ended = match outcome {
        Outcome::Dead(reason) => EndedAs::Dead(reason),
        other => EndedAs::Skipped(other.as_str()),
    };
    let mine = ledger::ended(&bot.ctx, row, ended).await?;
    Ok(outcome.if_mine(mine))
}

/// Tries again later. Whether the message may be out stays as it was.
pub(super) async fn put_off(
    bot: &Bot,
    row: &DeliveryRow,
    (pause, reason): (Duration, &'static str),
) -> Result<Outcome, StoreError> {
    put_off_as(bot, row, (pause, reason), false).await
}

/// It is nowhere to be seen: the next attempt is a first one.
pub(super) async fn send_anew(bot: &Bot, row: &DeliveryRow) -> Result<Outcome, StoreError> {
    let mine = ledger::put_off(&bot.ctx, row, (SignedDuration::ZERO, "not_found"), true).await?;
    Ok(Outcome::PutOff("not_found").if_mine(mine))
}

async fn put_off_as(
    bot: &Bot,
    row: &DeliveryRow,
    (pause, reason): (Duration, &'static str),
    surely_unsent: bool,
) -> Result<Outcome, StoreError> {
    let jitter = Duration::from_millis(bot.ctx.chance.below(JITTER_MAX_MILLIS));
    let pause = SignedDuration::try_from(pause + jitter).unwrap_or(SignedDuration::MAX);
    let mine = ledger::put_off(&bot.ctx, row, (pause, reason), surely_unsent).await?;
    Ok(Outcome::PutOff(reason).if_mine(mine))
}

/// The person takes no DMs: the game's channel is next.
pub(super) async fn to_channel(
    bot: &Bot,
    row: &DeliveryRow,
    user: UserId,
    channel: ChannelId,
) -> Result<Outcome, StoreError> {
    if let Some(found) = history::earlier(bot, row).await {
        return sent(bot, row, found, history::UNKNOWN_VERSION).await;
    }
    let mine = ledger::dms_closed(&bot.ctx, row, (user, channel)).await?;
    Ok(Outcome::Redirected.if_mine(mine))
}

/// The DM could not be opened, so nothing was sent.
pub(super) async fn unopened(
    bot: &Bot,
    row: &DeliveryRow,
    place: Place,
    error: &RestError,
) -> Result<Outcome, StoreError> {
    let verdict = match error.verdict(row.attempts) {
        Verdict::ChannelForbidden => Verdict::DmsClosed,
        verdict => verdict,
    };
    settle(bot, row, (place, verdict), error).await
}

/// The message could not be sent, or nobody knows.
pub(super) async fn failed(
    bot: &Bot,
    row: &DeliveryRow,
    place: Place,
    error: &RestError,
) -> Result<Outcome, StoreError> {
    settle(bot, row, (place, error.verdict(row.attempts)), error).await
}

/// The error table for messages: what is refused for sure starts its nonce's time anew, unless an earlier attempt is
/// in doubt.
async fn settle(
    bot: &Bot,
    row: &DeliveryRow,
    (place, verdict): (Place, Verdict),
    error: &RestError,
) -> Result<Outcome, StoreError> {
    let unsent = row.sending_since.is_none();
    match verdict {
        Verdict::RetrySameNonce { after } => put_off_as(bot, row, (after, "no_answer"), false).await,
        Verdict::RateLimited { after } => put_off_as(bot, row, (after, "rate_limited"), unsent).await,
        Verdict::CoolDown { after } => put_off_as(bot, row, (after, "cooling_down"), unsent).await,
        Verdict::StopAllTraffic => put_off_as(bot, row, REFUSED_TOKEN, unsent).await,
        Verdict::BreakDms { after } => put_off_as(bot, row, (after, "new_dms"), unsent).await,
        Verdict::ChannelForbidden => {
            if place.direct_to.is_none() {
                ledger::channel_forbidden(&bot.ctx, row, place.channel).await?;
            }
            put_off_as(bot, row, (FORBIDDEN_PAUSE, ledger::CHANNEL_FORBIDDEN), unsent).await
        }
        Verdict::ChannelGone | Verdict::MessageGone => skip(bot, row, "channel_gone").await,
        Verdict::DmsClosed => match place.direct_to {
            Some(user) => to_channel(bot, row, user, place.fallback).await,
            None => skip(bot, row, "dms_closed").await,
        },
        Verdict::Never => end_in_doubt(bot, row, Outcome::Dead("refused")).await,
        Verdict::Dead(reason) => {
            if reason == DeadReason::BadRequest {
                tracing::error!(name: "bot.message_refused", target: "bot", { exception.message = %error, muster.delivery.id = %row.id }, "Discord doesn't understand a message of ours.");
            }
            end_in_doubt(bot, row, Outcome::Dead(reason.as_str())).await
        }
    }
}
