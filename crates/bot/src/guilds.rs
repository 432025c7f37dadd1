//! The guilds as the gateway tells of them, one change after the other.

use crate::bot::Bot;
use crate::interactions;
use actions::{StoreError, guilds};
use discord::{Channel, Event, GuildSnapshot};
use domain::{GuildId, GuildRole};
use std::collections::{BTreeMap, BTreeSet};

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
        let guild = told.id;
        guilds::sync(&bot.ctx, told).await?;
        if self.with_commands.insert(guild) {
            self.register_commands(bot, guild).await;
        }
        Ok(())
    }

    async fn register_commands(&mut self, bot: &Bot, guild: GuildId) {
        let commands = interactions::commands();
        if let Err(error) = bot.ctx.discord.set_guild_commands(self.application, guild, &commands).await {
            self.with_commands.remove(&guild);
            tracing::warn!(name: "bot.commands_not_registered", target: "bot", { error.r#type = %error.kind() }, "The slash commands could not be registered in a guild.");
        }
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

fn put_channel(channels: &mut Vec<Channel>, channel: Channel) {
    channels.retain(|known| known.id != channel.id);
    channels.push(channel);
    channels.sort_by_key(|channel| (channel.position, channel.id));
}

fn put_role(roles: &mut Vec<GuildRole>, role: GuildRole) {
    roles.retain(|known| known.id != role.id);
    roles.push(role);
}
