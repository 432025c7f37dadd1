//! The guilds as the gateway tells of them, one change after the other.
//!
//! What is told is known at once and written down beside the work; what can't be written stays to be written. Of several
//! changes of one guild the newest state is enough.

use crate::bot::Bot;
use crate::interactions;
use actions::guilds;
use discord::{Channel, Event, GuildSnapshot, ShardNumber, Verdict};
use domain::{GuildId, GuildRole};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use telemetry::Span;

/// How long what could not be written waits.
const PAUSE: Duration = Duration::from_secs(1);

/// What was last told of each guild of one shard. It is a copy that each session begins anew, or recalls when another
/// process began it; the truth is in the store.
#[derive(Debug)]
pub(crate) struct Guilds {
    pub(crate) shard: ShardNumber,
    pub(crate) application: u64,
    known: BTreeMap<GuildId, GuildSnapshot>,
    with_commands: BTreeSet<GuildId>,
    /// What the store doesn't know, and the newest event that told of it.
    unwritten: BTreeMap<GuildId, Arc<Span>>,
}

/// What the store has to know of a guild: how it is, or that it is gone.
#[derive(Debug)]
pub(crate) struct Note {
    guild: GuildId,
    told: Option<GuildSnapshot>,
    span: Arc<Span>,
}

impl Guilds {
    /// Nothing told yet.
    pub(crate) const fn of(shard: ShardNumber) -> Self {
        Self {
            shard,
            application: 0,
            known: BTreeMap::new(),
            with_commands: BTreeSet::new(),
            unwritten: BTreeMap::new(),
        }
    }

    /// Learns what an event tells; `span` is that of the event.
    pub(crate) fn learn(&mut self, event: Event, span: Arc<Span>) {
        let about = event.guild();
        let changed = match event {
            Event::Ready { application, guilds: present } => {
                self.application = application;
                self.known.retain(|guild, _| present.contains(guild));
                false
            }
            Event::GuildAvailable(told) => {
                self.known.insert(told.id, *told);
                true
            }
            Event::GuildGone(guild) => {
                self.known.remove(&guild);
                self.with_commands.remove(&guild);
                true
            }
            other => self.change(other),
        };
        if let Some(guild) = about.filter(|_| changed) {
            self.unwritten.insert(guild, span);
        }
    }

    /// Whether there is anything to be written down.
    pub(crate) fn has_notes(&self) -> bool {
        !self.unwritten.is_empty()
    }

    /// Something that has to be written down, if there is anything.
    pub(crate) fn next_note(&mut self) -> Option<Note> {
        let (guild, span) = self.unwritten.pop_first()?;
        Some(Note { guild, told: self.known.get(&guild).cloned(), span })
    }

    /// Takes back what could not be written; what was told since goes before it.
    pub(crate) fn keep(&mut self, note: Note) {
        self.unwritten.entry(note.guild).or_insert(note.span);
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

    /// Whether a smaller change has changed anything that we keep.
    fn change(&mut self, event: Event) -> bool {
        let Some(guild) = event.guild().and_then(|guild| self.known.get_mut(&guild)) else { return false };
        match event {
            Event::GuildChanged { name, owner, .. } => {
                guild.name = name;
                guild.owner = owner;
            }
            Event::ChannelChanged(_, channel) => put_channel(&mut guild.channels, channel),
            Event::ChannelGone(_, gone) => guild.channels.retain(|channel| channel.id != gone),
            Event::RoleChanged(_, role) => put_role(&mut guild.roles, role),
            Event::RoleGone(_, gone) => guild.roles.retain(|role| role.id != gone),
            _ => return false,
        }
        true
    }
}

impl Note {
    /// Brings the store to it and gives the event's span; gives it back where that can't be done, after a moment.
    pub(crate) async fn write(self, bot: Arc<Bot>) -> Result<Arc<Span>, Self> {
        let written = self.span.run(async {
            match self.told.clone() {
                Some(told) => guilds::sync(&bot.ctx, told).await,
                None => guilds::remove(&bot.ctx, self.guild).await,
            }
        });
        let Err(error) = written.await else { return Ok(self.span) };
        self.span.in_scope(|| {
            tracing::error!(name: "bot.guild_not_taken", target: "bot", { error.r#type = %error.error_type() }, "What the gateway told of a guild could not be written down; it is tried again.");
        });
        tokio::time::sleep(PAUSE).await;
        Err(self)
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
