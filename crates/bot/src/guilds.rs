//! The guilds as the gateway tells of them, one change after the other.

use crate::bot::Bot;
use crate::interactions;
use actions::{StoreError, guilds};
use discord::{Channel, Event, GuildSnapshot, ShardNumber, Verdict};
use domain::{GuildId, GuildRole};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What was last told of each guild of one shard. It is a copy that each session begins anew, or recalls when another
/// process began it; the truth is in the store.
#[derive(Debug)]
pub(crate) struct Guilds {
    pub(crate) shard: ShardNumber,
    pub(crate) application: u64,
    known: BTreeMap<GuildId, GuildSnapshot>,
    with_commands: BTreeSet<GuildId>,
}

impl Guilds {
    /// Nothing told yet.
    pub(crate) const fn of(shard: ShardNumber) -> Self {
        Self { shard, application: 0, known: BTreeMap::new(), with_commands: BTreeSet::new() }
    }

    /// Brings the store to what an event tells. What fails is told again with the next session.
    pub(crate) async fn take(&mut self, bot: &Bot, event: Event) {
        let result = match event {
            Event::Ready { application, guilds: present } => {
                self.application = application;
                self.known.retain(|guild, _| present.contains(guild));
                Ok(())
            }
            Event::GuildAvailable(told) => self.arrived(bot, *told).await,
            Event::GuildGone(guild) => {
                self.known.remove(&guild);
                self.with_commands.remove(&guild);
                guilds::remove(&bot.ctx, guild).await
            }
            other => match self.change(other) {
                Some(told) => guilds::sync(&bot.ctx, told).await,
                None => Ok(()),
            },
        };
        if let Err(error) = result {
            tracing::error!(name: "bot.guild_not_taken", target: "bot", { error.r#type = %error.error_type() }, "What the gateway told of a guild could not be written down.");
        }
    }

    async fn arrived(&mut self, bot: &Bot, told: GuildSnapshot) -> Result<(), StoreError> {
        self.known.insert(told.id, told.clone());
        guilds::sync(&bot.ctx, told).await
    }

    /// Takes over a session that another process began: what was told of before is in the store. Discord tells what
    /// was missed before it says that the session goes on, so this comes first.
    pub(crate) async fn recall(&mut self, bot: &Bot) {
        match guilds::recall(&bot.ctx, |guild| self.shard.tells_of(guild)).await {
            Ok(recalled) => self.known.extend(recalled.into_iter().map(|guild| (guild.id, guild))),
            Err(error) => {
                tracing::error!(name: "bot.guilds_not_recalled", target: "bot", { error.r#type = %error.error_type() }, "What the gateway had told before could not be read; the next session tells it.");
            }
        }
        match bot.ctx.discord.current_application().await {
            Ok(application) => self.application = application.id(),
            Err(error) => {
                tracing::warn!(name: "bot.application_unknown", target: "bot", { error.r#type = %error.kind() }, "Discord could not be asked who the bot is; its commands stay as they are.");
            }
        }
    }

    /// Guilds that have yet to be given their commands by this process; each is said once.
    pub(crate) fn newcomers(&mut self) -> Vec<GuildId> {
        if self.application == 0 {
            return Vec::new();
        }
        let known = self.known.keys().copied();
        known.filter(|guild| self.with_commands.insert(*guild)).collect()
    }

    /// The guild as it is after a smaller change; none when nothing that we keep has changed.
    fn change(&mut self, event: Event) -> Option<GuildSnapshot> {
        let guild = self.known.get_mut(&event.guild()?)?;
        match event {
            Event::GuildChanged { name, owner, .. } => {
                guild.name = name;
                guild.owner = owner;
            }
            Event::ChannelChanged(_, channel) => put_channel(&mut guild.channels, channel),
            Event::ChannelGone(_, gone) => guild.channels.retain(|channel| channel.id != gone),
            Event::RoleChanged(_, role) => put_role(&mut guild.roles, role),
            Event::RoleGone(_, gone) => guild.roles.retain(|role| role.id != gone),
            _ => return None,
        }
        Some(guild.clone())
    }
}

/// Registers the slash commands in a guild, however often it takes.
pub(crate) async fn register_commands(bot: Arc<Bot>, application: u64, guild: GuildId) {
    let commands = interactions::commands();
    let mut attempt = 1;
    while let Err(error) = bot.ctx.discord.set_guild_commands(application, guild, &commands).await {
        tracing::warn!(name: "bot.commands_not_registered", target: "bot", { error.r#type = %error.kind() }, "The slash commands could not be registered in a guild.");
        let (Verdict::RetrySameNonce { after } | Verdict::RateLimited { after }) = error.verdict(attempt)
        else {
            return;
        };
        if bot.stop.run_until_cancelled(tokio::time::sleep(after)).await.is_none() {
            return;
        }
        attempt += 1;
    }
}

fn put_channel(channels: &mut Vec<Channel>, channel: Channel) {
    channels.retain(|known| known.id != channel.id);
    channels.push(channel);
    channels.sort_by_key(|channel| (channel.position, channel.id));
}

fn put_role(roles: &mut Vec<GuildRole>, role: GuildRole) {
    roles.retain(|known| known.id != role.id);
    roles.push(role);
}
