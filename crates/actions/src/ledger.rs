//! The delivery ledger and the cards, as the bot's workers use them. Between two of these calls Discord is asked;
//! inside of them it never is.

use crate::{Ctx, StoreError};
use domain::notice::{self, Recipient};
use domain::seats::{self, Split};
use domain::{ChannelId, Game, MessageId, NoticeKind, Status, UserId};
use jiff::{SignedDuration, Timestamp};
use store::deliveries::Unsent;
use store::users::User;
use store::{CardRow, DeliveryRow, GuildScope, Hint, Tx};
use tokio::sync::watch;

pub use cache::{Allowance, Place, Windows};
pub use store::deliveries::Unsent as EndedAs;

/// How long a claimed delivery is safe from other workers: as late as a notice may be when whoever had it died. A call
/// of Discord that takes longer is made again under the same nonce, which gives the same message.
const DELIVERY_LEASE: SignedDuration = SignedDuration::from_secs(20);
/// How long a claimed card is; most of that it waits for its channel's turn.
const CARD_LEASE: SignedDuration = SignedDuration::from_secs(60);
/// Why a delivery waits whose channel the bot may not write to.
pub const CHANNEL_FORBIDDEN: &str = "channel_forbidden";
/// How often a deleted card is posted again.
const REPOSTS: u32 = 1;

/// Registers interest in new deliveries; do it before looking.
pub fn delivery_hints(ctx: &Ctx) -> watch::Receiver<u64> {
    ctx.store.hints().subscribe(Hint::Deliveries)
}

/// Registers interest in dirty cards; do it before looking.
pub fn card_hints(ctx: &Ctx) -> watch::Receiver<u64> {
    ctx.store.hints().subscribe(Hint::Cards)
}

/// When the next delivery is to be tried, by this process's own clock.
///
/// # Errors
/// The store failed.
pub async fn next_delivery(ctx: &Ctx) -> Result<Option<Timestamp>, StoreError> {
    let mut tx = ctx.quiet.read().await?;
    let next = store::deliveries::next_due(&mut tx).await?;
    by_own_clock(ctx, &mut tx, next).await
}

/// When the next card is to be edited, by this process's own clock.
///
/// # Errors
/// The store failed.
pub async fn next_card(ctx: &Ctx) -> Result<Option<Timestamp>, StoreError> {
    let mut tx = ctx.quiet.read().await?;
    let next = store::cards::next_due(&mut tx).await?;
    by_own_clock(ctx, &mut tx, next).await
}

/// What this process's clock shows when the store's shows `next`.
pub(crate) async fn by_own_clock(
    ctx: &Ctx,
    tx: &mut Tx,
    next: Option<Timestamp>,
) -> Result<Option<Timestamp>, StoreError> {
    let Some(next) = next else { return Ok(None) };
    let here = ctx.clock.now();
    let ahead = here.duration_since(tx.now(here).await?);
    Ok(Some(next.saturating_add(ahead).unwrap_or(next)))
}

/// Claims deliveries whose time has come.
///
/// # Errors
/// The store failed.
pub async fn claim_deliveries(ctx: &Ctx, limit: u32) -> Result<Vec<DeliveryRow>, StoreError> {
    let mut tx = ctx.quiet.begin().await?;
    let rows = store::deliveries::claim(&mut tx, (ctx.clock.now(), DELIVERY_LEASE), limit).await?;
    tx.commit().await?;
    Ok(rows)
}

/// Claims cards that show an old version.
///
/// # Errors
/// The store failed.
pub async fn claim_cards(ctx: &Ctx, limit: u32) -> Result<Vec<CardRow>, StoreError> {
    let mut tx = ctx.quiet.begin().await?;
    let rows = store::cards::claim(&mut tx, (ctx.clock.now(), CARD_LEASE), limit).await?;
    tx.commit().await?;
    Ok(rows)
}

/// What a message about a game is made from, as it is now.
#[derive(Clone, Debug)]
pub struct Material {
    /// The game.
    pub game: Game,
    /// Its guild's name.
    pub guild_name: String,
    /// Who has a seat and who waits.
    pub split: Split,
    /// The person that it goes to, as far as known.
    pub person: Option<User>,
}

/// What to do about a claimed delivery.
#[derive(Clone, Debug)]
pub enum Prepared {
    /// Send it.
    Send(Box<Material>),
    /// Don't, for this reason.
    Skip(&'static str),
}

/// Loads what a claimed delivery is made from, and decides whether it is still worth sending.
///
/// # Errors
/// The store failed.
pub async fn prepare(ctx: &Ctx, row: &DeliveryRow) -> Result<Prepared, StoreError> {
    let scope = GuildScope::of_delivery(row);
    let mut tx = ctx.store.read().await?;
    let Some(mut material) = material(&mut tx, scope, row.game).await? else {
        return Ok(Prepared::Skip("gone"));
    };
    let now = tx.now(ctx.clock.now()).await?;
    if let Some(reason) = pointless(row, &material.game, now) {
        return Ok(Prepared::Skip(reason));
    }
    if let Recipient::User(user) = row.to {
        material.person = store::users::find(&mut tx, user).await?;
    }
    Ok(Prepared::Send(Box::new(material)))
}

fn pointless(row: &DeliveryRow, game: &Game, now: Timestamp) -> Option<&'static str> {
    if row.deadline.is_some_and(|deadline| now >= deadline) {
        return Some("expired");
    }
    if game.status == Status::Cancelled && row.kind.ends_with_the_game() {
        return Some("cancelled");
    }
    let moved = row.kind == NoticeKind::Reminder && row.deadline.is_some_and(|start| start != game.start);
    moved.then_some("moved")
}

async fn material(
    tx: &mut Tx,
    scope: GuildScope,
    game: domain::GameId,
) -> Result<Option<Material>, StoreError> {
    let Some(game) = store::games::find(tx, scope, game).await? else { return Ok(None) };
    let Some(guild) = store::guilds::find(tx, scope).await?.filter(|guild| guild.removed_at.is_none()) else {
        return Ok(None);
    };
    let roster = store::participants::of_game(tx, scope, game.id).await?;
    let split = seats::split(&game, &roster);
    Ok(Some(Material { guild_name: guild.name, split, game, person: None }))
}

/// Writes that the message may be out from now on; false: the claim was lost, don't send.
///
/// # Errors
/// The store failed.
pub async fn sending(ctx: &Ctx, row: &DeliveryRow) -> Result<bool, StoreError> {
    let mut tx = ctx.store.begin().await?;
    let now = tx.now(ctx.clock.now()).await?;
    let mine = store::deliveries::sending(&mut tx, row, now).await?;
    tx.commit().await?;
    Ok(mine)
}

/// How long ago a delivery was first tried under its nonce; none when it never was.
///
/// # Errors
/// The store failed.
pub async fn in_doubt_for(ctx: &Ctx, row: &DeliveryRow) -> Result<Option<SignedDuration>, StoreError> {
    let Some(since) = row.sending_since else { return Ok(None) };
    let now = ctx.quiet.read().await?.now(ctx.clock.now()).await?;
    Ok(Some(now.duration_since(since)))
}

/// Writes that the message is out. An announcement is the game's card from then on, in the version it was drawn.
///
/// # Errors
/// The store failed.
pub async fn sent(
    ctx: &Ctx,
    row: &DeliveryRow,
    (channel, message): (ChannelId, MessageId),
    version: u64,
) -> Result<bool, StoreError> {
    let scope = GuildScope::of_delivery(row);
    let mut tx = ctx.store.begin().await?;
    let now = tx.now(ctx.clock.now()).await?;
    let mine = store::deliveries::sent(&mut tx, row, (channel, message), now).await?;
    if mine && row.kind == NoticeKind::Announcement {
        let at = (channel, message);
        store::cards::put(&mut tx, scope, (row.game, version), at, now).await?;
        // What changed while it was on its way is wanted still.
        if let Some(game) = store::games::find(&mut tx, scope, row.game).await? {
            store::cards::want(&mut tx, scope, row.game, game.version).await?;
        }
    }
    tx.commit().await?;
    Ok(mine)
}

/// Ends a delivery without a message.
///
/// # Errors
/// The store failed.
pub async fn ended(ctx: &Ctx, row: &DeliveryRow, unsent: Unsent) -> Result<bool, StoreError> {
    let mut tx = ctx.store.begin().await?;
    let mine = store::deliveries::end(&mut tx, row, unsent, ctx.clock.now()).await?;
    tx.commit().await?;
    Ok(mine)
}

/// Puts a delivery off by `pause`. `surely_unsent` says that Discord has refused it.
///
/// # Errors
/// The store failed.
pub async fn put_off(
    ctx: &Ctx,
    row: &DeliveryRow,
    (pause, reason): (SignedDuration, &str),
    surely_unsent: bool,
) -> Result<bool, StoreError> {
    let mut tx = ctx.store.begin().await?;
    let at = tx.now(ctx.clock.now()).await? + pause;
    let mine = store::deliveries::retry(&mut tx, row, (at, reason), surely_unsent).await?;
    tx.commit().await?;
    Ok(mine)
}

/// Notes that somebody's DMs are closed, and tells them in the game's channel instead.
///
/// # Errors
/// The store failed.
pub async fn dms_closed(
    ctx: &Ctx,
    row: &DeliveryRow,
    (user, channel): (UserId, ChannelId),
) -> Result<bool, StoreError> {
    let mut tx = ctx.store.begin().await?;
    let now = tx.now(ctx.clock.now()).await?;
    store::users::close_dms(&mut tx, user, now).await?;
    let mine = store::deliveries::redirect(&mut tx, row, channel, now).await?;
    tx.commit().await?;
    Ok(mine)
}

/// Keeps the channel of our DMs with somebody.
///
/// # Errors
/// The store failed.
pub async fn dm_opened(ctx: &Ctx, user: UserId, channel: ChannelId) -> Result<(), StoreError> {
    let mut tx = ctx.store.begin().await?;
    store::users::set_dm_channel(&mut tx, user, channel, ctx.clock.now()).await?;
    tx.commit().await
}

/// The channel of our DMs with somebody; none when there never were any.
///
/// # Errors
/// The store failed.
pub async fn dm_channel(ctx: &Ctx, user: UserId) -> Result<Option<ChannelId>, StoreError> {
    let mut tx = ctx.store.read().await?;
    let person = store::users::find(&mut tx, user).await?;
    Ok(person.and_then(|person| person.dm_channel))
}

/// Marks a channel as one that the bot may not write to.
///
/// # Errors
/// The store failed.
pub async fn channel_forbidden(ctx: &Ctx, row: &DeliveryRow, channel: ChannelId) -> Result<(), StoreError> {
    let mut tx = ctx.store.begin().await?;
    store::channels::forbid(&mut tx, GuildScope::of_delivery(row), channel, ctx.clock.now()).await?;
    tx.commit().await
}

/// What a dirty card has to show now; none when its game or guild is gone.
///
/// # Errors
/// The store failed.
pub async fn card_material(ctx: &Ctx, row: &CardRow) -> Result<Option<Material>, StoreError> {
    let mut tx = ctx.store.read().await?;
    material(&mut tx, GuildScope::of_card(row), row.game).await
}

/// Writes which version a card shows now; it is not edited again before `pause` is over.
///
/// # Errors
/// The store failed.
pub async fn card_shown(
    ctx: &Ctx,
    row: &CardRow,
    version: u64,
    pause: SignedDuration,
) -> Result<bool, StoreError> {
    let mut tx = ctx.store.begin().await?;
    let again = tx.now(ctx.clock.now()).await? + pause;
    let mine = store::cards::shown(&mut tx, row, version, again).await?;
    tx.commit().await?;
    Ok(mine)
}

/// Puts a card's edit off by `pause`.
///
/// # Errors
/// The store failed.
pub async fn card_put_off(ctx: &Ctx, row: &CardRow, pause: SignedDuration) -> Result<bool, StoreError> {
    let mut tx = ctx.store.begin().await?;
    let again = tx.now(ctx.clock.now()).await? + pause;
    let mine = store::cards::retry(&mut tx, row, again).await?;
    tx.commit().await?;
    Ok(mine)
}

/// Gives up on a card whose message is gone; an open game's is posted once more. Says whether it will be.
///
/// # Errors
/// The store failed.
pub async fn card_gone(ctx: &Ctx, row: &CardRow) -> Result<bool, StoreError> {
    let scope = GuildScope::of_card(row);
    let mut tx = ctx.store.begin().await?;
    let now = tx.now(ctx.clock.now()).await?;
    if !store::cards::lost(&mut tx, row).await? {
        return Ok(false);
    }
    let game = store::games::find(&mut tx, scope, row.game).await?;
    let open = game.filter(|game| matches!(game.status, Status::Scheduled | Status::InProgress));
    let again = open.filter(|_| row.reposts < REPOSTS);
    if let Some(game) = &again {
        let key = notice::announcement(game).key;
        store::deliveries::redo(&mut tx, scope, (game.id, &key), now).await?;
    }
    tx.commit().await?;
    Ok(again.is_some())
}
