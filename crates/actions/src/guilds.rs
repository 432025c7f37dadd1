//! Guilds: what the gateway tells of them, and who sees them.

use crate::authorise::{self, AccessError, Intent};
use crate::ledger::CHANNEL_FORBIDDEN;
use crate::perform::perform;
use crate::{Actor, Ctx};
use domain::{ChannelId, Guild, GuildId, Membership, Template, TemplateId, permission};
use store::channels::Channel;
use store::{GuildScope, StoreError, Tx};
use telemetry::attr;

/// Discord's type of a text channel (Discord documentation, "Channel Types").
const TEXT_CHANNEL: u8 = 0;
/// Channels where a guild that has just arrived would look for games, best first.
const FITTING_NAMES: [&str; 3] = ["games", "announce", "general"];

/// More guilds than one bot process may be told of (Discord: 2,500 a shard).
const GUILDS_LIMIT: u32 = 100_000;

/// A guild as one of its members sees it.
#[derive(Clone, Debug)]
pub struct GuildView {
    /// The guild.
    pub guild: Guild,
    /// The viewer's membership.
    pub member: Membership,
    /// Whether the viewer manages it.
    pub manages: bool,
    /// Whether the viewer may make games from its default template.
    pub may_host: bool,
}

/// The guilds of somebody that the bot is in.
///
/// # Errors
/// The store failed.
pub async fn list(ctx: &Ctx, actor: &Actor) -> Result<Vec<GuildView>, AccessError> {
    let span = ctx.verb_of("guilds.list", actor);
    let work = async {
        let mut tx = ctx.store.read().await?;
        let guilds = store::guilds::of_user(&mut tx, actor.user).await?;
        let mut views = Vec::with_capacity(guilds.len());
        for guild in guilds {
            if let Some(member) = store::members::find(&mut tx, guild.id, actor.user).await? {
                views.push(view(&mut tx, guild, member).await?);
            }
        }
        Ok(views)
    };
    perform(&span, work).await
}

async fn view(tx: &mut Tx, guild: Guild, member: Membership) -> Result<GuildView, StoreError> {
    let template = store::templates::default_of(tx, GuildScope::of_member(&member)).await?;
    let manages = permission::is_manager(&guild, &member);
    let may_host = template.is_some_and(|template| permission::may_host(&guild, &member, &template));
    Ok(GuildView { guild, member, manages, may_host })
}

/// A guild, to a member.
///
/// # Errors
/// No member, or the store failed.
pub async fn show(ctx: &Ctx, actor: &Actor, guild: GuildId) -> Result<GuildView, AccessError> {
    let span = ctx.verb_of("guilds.show", actor);
    span.set(attr::guild_id(guild.get()));
    let work = async {
        let standing = authorise::enter(ctx, actor, guild, Intent::Read).await?;
        let mut tx = ctx.store.read().await?;
        Ok(view(&mut tx, standing.guild, standing.member).await?)
    };
    perform(&span, work).await
}

/// A guild's channels, to a member.
///
/// # Errors
/// No member, or the store failed.
pub async fn channels(ctx: &Ctx, actor: &Actor, guild: GuildId) -> Result<Vec<Channel>, AccessError> {
    let span = ctx.verb_of("guilds.channels", actor);
    span.set(attr::guild_id(guild.get()));
    let work = async {
        let standing = authorise::enter(ctx, actor, guild, Intent::Read).await?;
        let mut tx = ctx.store.read().await?;
        Ok(store::channels::of_guild(&mut tx, standing.scope).await?)
    };
    perform(&span, work).await
}

/// A guild's templates in their order, to a member.
///
/// # Errors
/// No member, or the store failed.
pub async fn templates(ctx: &Ctx, actor: &Actor, guild: GuildId) -> Result<Vec<Template>, AccessError> {
    let span = ctx.verb_of("templates.list", actor);
    span.set(attr::guild_id(guild.get()));
    let work = async {
        let standing = authorise::enter(ctx, actor, guild, Intent::Read).await?;
        let mut tx = ctx.store.read().await?;
        Ok(store::templates::of_guild(&mut tx, standing.scope).await?)
    };
    perform(&span, work).await
}

/// Writes down a guild that the gateway tells of; a new one gets its Default template. What waited for a channel that
/// the bot might not write to is tried again, now that something about the guild has changed.
///
/// # Errors
/// The store failed.
pub async fn sync(ctx: &Ctx, told: discord::GuildSnapshot) -> Result<(), StoreError> {
    let span = ctx.verb("guilds.sync");
    span.set(attr::guild_id(told.id.get()));
    let work = async {
        let scope = GuildScope::of_gateway(told.id);
        let now = ctx.clock.now();
        let guild = Guild {
            id: told.id,
            name: told.name,
            owner: told.owner,
            zone: "UTC".to_owned(),
            manager_roles: Vec::new(),
            roles: told.roles,
            removed_at: None,
        };
        let mut tx = ctx.store.begin().await?;
        store::guilds::upsert(&mut tx, &guild, now).await?;
        sync_channels(&mut tx, scope, &told.channels).await?;
        if store::templates::default_of(&mut tx, scope).await?.is_none()
            && let Some(channel) = fitting_channel(&told.channels)
        {
            let first = Template::first(TemplateId::new(ctx.chance.uuid(now)), told.id, channel);
            store::templates::insert(&mut tx, &first).await?;
        }
        let at_once = tx.now(now).await?;
        store::deliveries::wake(&mut tx, scope, CHANNEL_FORBIDDEN, at_once).await?;
        tx.commit().await
    };
    perform(&span, work).await
}

/// The guilds of a shard as the gateway has told of them, for a process that goes on with another one's session.
///
/// # Errors
/// The store failed.
pub async fn recall(
    ctx: &Ctx,
    is_ours: impl Fn(GuildId) -> bool + Sync,
) -> Result<Vec<discord::GuildSnapshot>, StoreError> {
    let span = ctx.verb("guilds.recall");
    let work = async {
        let mut tx = ctx.store.read().await?;
        let mut recalled = Vec::new();
        for id in store::guilds::ids(&mut tx, GUILDS_LIMIT).await?.into_iter().filter(|id| is_ours(*id)) {
            let scope = GuildScope::of_gateway(id);
            if let Some(guild) = store::guilds::find(&mut tx, scope).await? {
                let channels = store::channels::of_guild(&mut tx, scope).await?;
                recalled.push(snapshot(guild, channels));
            }
        }
        Ok(recalled)
    };
    perform(&span, work).await
}

fn snapshot(guild: Guild, channels: Vec<Channel>) -> discord::GuildSnapshot {
    let channels = channels.into_iter().map(|channel| discord::Channel {
        id: channel.id,
        name: channel.name,
        kind: channel.kind,
        position: i32::try_from(channel.position).unwrap_or(i32::MAX),
    });
    discord::GuildSnapshot {
        id: guild.id,
        name: guild.name,
        owner: guild.owner,
        roles: guild.roles,
        channels: channels.collect(),
        locale: None,
    }
}

async fn sync_channels(tx: &mut Tx, scope: GuildScope, told: &[discord::Channel]) -> Result<(), StoreError> {
    for known in store::channels::of_guild(tx, scope).await? {
        if !told.iter().any(|channel| channel.id == known.id) {
            store::channels::delete(tx, scope, known.id).await?;
        }
    }
    for (position, channel) in (0..).zip(told) {
        let channel = Channel {
            id: channel.id,
            name: channel.name.clone(),
            kind: channel.kind,
            position,
            forbidden_since: None,
        };
        store::channels::upsert(tx, scope, &channel).await?;
    }
    Ok(())
}

/// The text channel whose name fits best, else the first one.
fn fitting_channel(channels: &[discord::Channel]) -> Option<ChannelId> {
    let texts = || channels.iter().filter(|channel| channel.kind == TEXT_CHANNEL);
    FITTING_NAMES
        .iter()
        .find_map(|name| texts().find(|channel| channel.name.contains(name)))
        .or_else(|| texts().next())
        .map(|channel| channel.id)
}

/// Freezes a guild that the bot was removed from.
///
/// # Errors
/// The store failed.
pub async fn remove(ctx: &Ctx, guild: GuildId) -> Result<(), StoreError> {
    let span = ctx.verb("guilds.remove");
    span.set(attr::guild_id(guild.get()));
    let work = async {
        let mut tx = ctx.store.begin().await?;
        store::guilds::remove(&mut tx, GuildScope::of_gateway(guild), ctx.clock.now()).await?;
        tx.commit().await
    };
    perform(&span, work).await
}
