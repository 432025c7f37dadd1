//! Looking in a channel's history for a message whose fate is unknown.

use super::outcome::{self, Outcome};
use crate::bot::Bot;
use actions::{DeliveryRow, StoreError, ledger};
use discord::{Marker, RestError, SentMessage, Verdict};
use domain::ChannelId;
use domain::notice::Recipient;
use jiff::{SignedDuration, Timestamp};

/// For so long after the first attempt Discord surely gives back the same message for the same nonce.
const NONCE_HOLDS: SignedDuration = SignedDuration::from_secs(90);
/// Pages of a hundred messages that are read.
const PAGES: u32 = 10;
/// How far Discord's clock and ours may be apart.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(1);

/// Of a card that was found it isn't known in which version it was drawn; the oldest makes it be drawn again.
pub(super) const UNKNOWN_VERSION: u64 = 0;

/// What a search came to.
enum Found {
    At(SentMessage),
    Nowhere,
    TooMuchToRead,
}

/// Settles a delivery that was being sent, too long ago for its nonce to hold; none when it can be sent as any other.
pub(super) async fn settle(bot: &Bot, row: &DeliveryRow) -> Result<Option<Outcome>, StoreError> {
    let Some(since) = row.sending_since else { return Ok(None) };
    if ledger::in_doubt_for(&bot.ctx, row).await?.is_none_or(|time| time < NONCE_HOLDS) {
        return Ok(None);
    }
    let outcome = match search(bot, row, since).await {
        Ok(Found::At(sent)) => outcome::sent(bot, row, sent, UNKNOWN_VERSION).await?,
        Ok(Found::Nowhere) => outcome::send_anew(bot, row).await?,
        Ok(Found::TooMuchToRead) => outcome::end(bot, row, Outcome::Skipped("unknown")).await?,
        Err(error) => unread(bot, row, &error).await?,
    };
    Ok(Some(outcome))
}

async fn unread(bot: &Bot, row: &DeliveryRow, error: &RestError) -> Result<Outcome, StoreError> {
    match error.verdict(row.attempts) {
        Verdict::RetrySameNonce { after } | Verdict::RateLimited { after } | Verdict::CoolDown { after } => {
            outcome::put_off(bot, row, (after, "history_unread")).await
        }
        Verdict::StopAllTraffic => outcome::put_off(bot, row, outcome::REFUSED_TOKEN).await,
        _ => outcome::end(bot, row, Outcome::Skipped("unknown")).await,
    }
}

/// The message of an earlier attempt that was in doubt, if it is out after all: asked before a delivery ends without one.
pub(super) async fn earlier(bot: &Bot, row: &DeliveryRow) -> Option<SentMessage> {
    match search(bot, row, row.sending_since?).await {
        Ok(Found::At(sent)) => Some(sent),
        Ok(Found::Nowhere | Found::TooMuchToRead) | Err(_) => None,
    }
}

async fn search(bot: &Bot, row: &DeliveryRow, since: Timestamp) -> Result<Found, RestError> {
    let channel = channel_of(bot, row).await?;
    let (marker, mut before) = (Marker::of(&row.key), None);
    for _ in 0..PAGES {
        let page = bot.ctx.discord.messages(channel, before).await?;
        if let Some(id) = page.find(&marker) {
            return Ok(Found::At(SentMessage { id, channel }));
        }
        match page.oldest() {
            Some(oldest) if discord::sent_at(oldest) >= since - CLOCKS_APART => before = Some(oldest),
            _ => return Ok(Found::Nowhere),
        }
    }
    Ok(Found::TooMuchToRead)
}

async fn channel_of(bot: &Bot, row: &DeliveryRow) -> Result<ChannelId, RestError> {
    match (row.to, row.via) {
        (Recipient::Channel(channel), _) | (Recipient::User(_), Some(channel)) => Ok(channel),
        (Recipient::User(user), None) => match ledger::dm_channel(&bot.ctx, user).await {
            Ok(Some(channel)) => Ok(channel),
            // Opening a DM that is open gives its channel.
            Ok(None) | Err(_) => bot.ctx.discord.open_dm(user).await,
        },
    }
}
