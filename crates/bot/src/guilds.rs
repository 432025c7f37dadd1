//! The guilds as the gateway tells of them, one change after the other.

use crate::bot::Bot;
use crate::interactions;
use actions::{StoreError, guilds};
use discord::{Channel, Event, GuildSnapshot, Verdict};
use domain::{GuildId, GuildRole};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What was last told of each guild. It is a copy that each session begins anew; the truth is in the store.
#[derive(Debug, Default)]
pub(crate) struct Guilds {
    application: u64,
    known: BTreeMap<GuildId, GuildSnapshot>,
    with_commands: BTreeSet<GuildId>,
}

impl Guilds {
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

    /// Whether the guild has yet to be given its commands by this process; said once.
    pub(crate) fn needs_commands(&mut self, guild: GuildId) -> Option<u64> {
        let is_new = self.known.contains_key(&guild) && self.with_commands.insert(guild);
        is_new.then_some(self.application)
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
