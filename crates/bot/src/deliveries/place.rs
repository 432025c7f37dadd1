//! Where a notice is sent.

use super::outcome::{self, Outcome};
use crate::bot::Bot;
use actions::ledger::{self, Material};
use actions::{DeliveryRow, StoreError};
use discord::RestError;
use domain::notice::Recipient;
use domain::{ChannelId, UserId};
use std::time::Duration;

/// A channel, and the person who is to read there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) channel: ChannelId,
    /// None for the card, which is for everybody.
    pub(super) person: Option<UserId>,
    /// The person whose DM it is; none for a channel of the guild, where a person has to be mentioned.
    pub(super) direct_to: Option<UserId>,
    /// Where a notice goes whose DM is closed.
    pub(super) fallback: ChannelId,
}

/// Finds the channel, and opens the DM if need be; or ends in what became of the delivery instead.
pub(super) async fn find(
    bot: &Bot,
    row: &DeliveryRow,
    material: &Material,
) -> Result<Result<Place, Outcome>, StoreError> {
    let fallback = material.game.terms.channel;
    let in_guild = |channel, person| Place { channel, person, direct_to: None, fallback };
    let user = match (row.to, row.via) {
        (Recipient::Channel(channel), _) => return Ok(Ok(in_guild(channel, None))),
        (Recipient::User(user), Some(channel)) => return Ok(Ok(in_guild(channel, Some(user)))),
        (Recipient::User(user), None) => user,
    };
    let known = material.person.as_ref();
    if known.is_some_and(|person| person.dms_closed) {
        return outcome::to_channel(bot, row, user, fallback).await.map(Err);
    }
    if let Some(channel) = known.and_then(|person| person.dm_channel) {
        return Ok(Ok(direct(channel, user, fallback)));
    }
    open(bot, row, user, fallback).await
}

const fn direct(channel: ChannelId, user: UserId, fallback: ChannelId) -> Place {
    Place { channel, person: Some(user), direct_to: Some(user), fallback }
}

/// For those who looked whether the DM is open before it was.
const OPENED_SERVES: Duration = Duration::from_secs(30);

/// Why a DM was not opened.
enum Unopened {
    Refused(RestError),
    Unwritten(StoreError),
}

async fn open(
    bot: &Bot,
    row: &DeliveryRow,
    user: UserId,
    fallback: ChannelId,
) -> Result<Result<Place, Outcome>, StoreError> {
    let ctx = &bot.ctx;
    // Notices to one person that go out side by side share one call: Discord counts each, and complains soon.
    let key = user.to_string();
    let opening = Box::pin(open_once(bot, user));
    let opened = Box::pin(ctx.cache.get_or_load(&ctx.telemetry, "dm", &key, OPENED_SERVES, opening));
    match opened.await {
        Ok(channel) => Ok(Ok(direct(channel, user, fallback))),
        Err(Unopened::Refused(RestError::Rationed { after })) => {
            outcome::put_off(bot, row, (after, "new_dms")).await.map(Err)
        }
        Err(Unopened::Refused(error)) => {
            outcome::unopened(bot, row, direct(fallback, user, fallback), &error).await.map(Err)
        }
        Err(Unopened::Unwritten(error)) => Err(error),
    }
}

async fn open_once(bot: &Bot, user: UserId) -> Result<ChannelId, Unopened> {
    let channel = bot.ctx.discord.open_dm(user).await.map_err(Unopened::Refused)?;
    ledger::dm_opened(&bot.ctx, user, channel).await.map_err(Unopened::Unwritten)?;
    Ok(channel)
}
