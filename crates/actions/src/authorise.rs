//! Who somebody is in a guild, and whether that was heard recently enough.

use crate::perform::perform;
use crate::{Actor, Ctx, Refusal, Refuses};
use domain::{Guild, GuildId, Membership, UserId};
use jiff::{SignedDuration, Timestamp};
use std::borrow::Cow;
use std::time::Duration;
use store::{GuildScope, StoreError, Tx};
use telemetry::attr;

/// A write is decided on rights that are no older.
const FRESH_FOR_WRITING: SignedDuration = SignedDuration::from_secs(30);
/// A read shows what rights that are no older allow; older ones are refreshed for the next.
const FRESH_FOR_READING: SignedDuration = SignedDuration::from_secs(60);
/// How long Discord's answer serves others who ask for the same.
const ANSWER_SERVES: Duration = Duration::from_secs(5);
/// In how many guilds somebody is looked for when they first come.
const GUILDS_TO_ASK: u32 = 100;
/// What an interaction says is written down when it is news, or after so long.
const TOLD_AGAIN: SignedDuration = SignedDuration::from_mins(5);

/// Why somebody isn't let in.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// They are no member of that guild, or there is none.
    #[error("There is no such thing here.")]
    NotFound,
    /// They are a member without the right.
    #[error("You don't have the right to do that.")]
    Forbidden,
    /// Discord can't be asked for their rights.
    #[error("Discord can't be reached to check your rights. Try again in a moment.")]
    Unchecked(#[source] discord::RestError),
    /// The store failed.
    #[error("Something went wrong on our side.")]
    Store(#[from] StoreError),
}

impl Refuses for AccessError {
    fn refusal(&self) -> Refusal<'_> {
        match self {
            Self::NotFound => Refusal::NotFound,
            Self::Forbidden => Refusal::Forbidden,
            Self::Unchecked(_) => Refusal::Unavailable,
            Self::Store(error) => error.refusal(),
        }
    }

    fn error_type(&self) -> Cow<'static, str> {
        match self {
            Self::NotFound | Self::Forbidden => Cow::Borrowed("_OTHER"),
            Self::Unchecked(error) => error.kind(),
            Self::Store(error) => error.error_type(),
        }
    }
}

/// What somebody is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    Read,
    Write,
}

/// A member of a guild, checked.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) guild: Guild,
    pub(crate) member: Membership,
    pub(crate) scope: GuildScope,
}

/// Lets a member in. Asks Discord, before any transaction is open, when what is known is too old to write on.
pub(crate) async fn enter(
    ctx: &Ctx,
    actor: &Actor,
    guild: GuildId,
    intent: Intent,
) -> Result<Standing, AccessError> {
    let span = ctx.verb_of("permissions.check", actor);
    span.set(attr::guild_id(guild.get()));
    let check = async {
        let member = membership(ctx, actor, guild, intent).await?.ok_or(AccessError::NotFound)?;
        let scope = GuildScope::of_member(&member);
        let mut tx = ctx.store.read().await?;
        let guild = store::guilds::find(&mut tx, scope).await?.ok_or(AccessError::NotFound)?;
        if guild.removed_at.is_some() {
            return Err(AccessError::NotFound);
        }
        Ok(Standing { guild, member, scope })
    };
    let standing = perform(&span, check).await?;
    actor.whereabouts.is(guild);
    Ok(standing)
}

async fn membership(
    ctx: &Ctx,
    actor: &Actor,
    guild: GuildId,
    intent: Intent,
) -> Result<Option<Membership>, AccessError> {
    let now = ctx.clock.now();
    let known = {
        let mut tx = ctx.store.read().await?;
        store::members::find(&mut tx, guild, actor.user).await?
    };
    if let Some(told) = actor.told.as_ref().filter(|told| told.guild == guild) {
        let member = Membership {
            guild,
            user: actor.user,
            name: told.name.clone(),
            roles: told.roles.clone(),
            seen_at: now,
        };
        keep_told(ctx, known.as_ref(), &member).await?;
        return Ok(Some(member));
    }
    let age = known.as_ref().map(|member| now.duration_since(member.seen_at));
    match (age, intent) {
        (Some(age), Intent::Write) if age <= FRESH_FOR_WRITING => Ok(known),
        (Some(age), Intent::Read) if age <= FRESH_FOR_READING => Ok(known),
        (Some(_), Intent::Read) => {
            let (later, user) = (ctx.clone(), actor.user);
            let refresh = async move { Box::pin(ask(&later, guild, user)).await.is_ok() };
            telemetry::spawn(ctx.background.track_future(refresh));
            Ok(known)
        }
        _ if ours(ctx, guild).await? => Box::pin(ask(ctx, guild, actor.user)).await,
        // Discord is not asked about numbers that a stranger made up.
        _ => Ok(None),
    }
}

async fn ours(ctx: &Ctx, guild: GuildId) -> Result<bool, StoreError> {
    let mut tx = ctx.store.read().await?;
    store::guilds::is_known(&mut tx, guild).await
}

/// Writes down what an interaction says of somebody, when it is news.
async fn keep_told(ctx: &Ctx, known: Option<&Membership>, member: &Membership) -> Result<(), StoreError> {
    let is_news = known.is_none_or(|known| {
        known.roles != member.roles
            || known.name != member.name
            || member.seen_at.duration_since(known.seen_at) > TOLD_AGAIN
    });
    if is_news {
        let mut tx = ctx.store.begin().await?;
        keep(&mut tx, member).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn keep(tx: &mut Tx, member: &Membership) -> Result<(), StoreError> {
    store::users::upsert(tx, member.user, &member.name, member.seen_at).await?;
    store::members::upsert(tx, member).await
}

/// Asks Discord for a membership and writes the answer down; those who ask for the same share one call.
pub(crate) async fn ask(ctx: &Ctx, guild: GuildId, user: UserId) -> Result<Option<Membership>, AccessError> {
    let key = format!("{guild}:{user}");
    let load = async {
        // What changes while the answer is on its way is not in it.
        let asked = ctx.clock.now();
        let told = ctx.discord.member(guild, user).await.map_err(AccessError::Unchecked)?;
        let member = told.map(|told| heard(guild, told, asked));
        let mut tx = ctx.store.begin().await?;
        match &member {
            Some(member) => keep(&mut tx, member).await?,
            None => store::members::delete(&mut tx, guild, user).await?,
        }
        tx.commit().await?;
        Ok::<_, AccessError>(member)
    };
    Box::pin(ctx.cache.get_or_load(&ctx.telemetry, "member", &key, ANSWER_SERVES, Box::pin(load))).await
}

fn heard(guild: GuildId, told: discord::Member, asked: Timestamp) -> Membership {
    Membership { guild, user: told.user, name: told.name.expose().clone(), roles: told.roles, seen_at: asked }
}

/// Asks Discord in which of the bot's guilds somebody is, the first time that they come.
pub(crate) async fn discover(ctx: &Ctx, user: UserId) -> Result<(), AccessError> {
    let (known, guilds) = {
        let mut tx = ctx.store.read().await?;
        let known = store::users::find(&mut tx, user).await?;
        (known, store::guilds::ids(&mut tx, GUILDS_TO_ASK).await?)
    };
    if guilds.is_empty() || known.is_some_and(|user| user.memberships_seen_at.is_some()) {
        return Ok(());
    }
    for guild in guilds {
        Box::pin(ask(ctx, guild, user)).await?;
    }
    let mut tx = ctx.store.begin().await?;
    store::users::memberships_seen(&mut tx, user, ctx.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}
