//! What changes the guild itself: roles of a person, channels, what the bot may do; each tells the gateway.

use super::permissions::{EMBED_LINKS, SEND_MESSAGES, VIEW_CHANNEL};
use super::sessions::intents;
use super::{BOT, Note, Snowflake, World};
use crate::wire;
use jiff::Timestamp;
use serde_json::json;

impl World {
    /// Sets a person's roles.
    pub(crate) fn set_roles(&mut self, person: Snowflake, roles: Vec<Snowflake>) {
        let Some(member) = self.guild.member_mut(person) else { return };
        if member.roles == roles {
            return;
        }
        member.roles = roles;
        let mut data = wire::member(member);
        data["guild_id"] = json!(self.guild.id);
        self.dispatch("GUILD_MEMBER_UPDATE", intents::GUILD_MEMBERS, data);
    }

    /// Opens or closes a person's direct messages; Discord tells nobody.
    pub(crate) fn set_dms(&mut self, person: Snowflake, open: bool) {
        if let Some(member) = self.guild.member_mut(person) {
            member.dms_open = open;
        }
    }

    /// Gives a channel another name.
    pub(crate) fn rename_channel(&mut self, channel: Snowflake, name: &str) {
        if let Some(channel) = self.guild.channel_mut(channel) {
            name.clone_into(&mut channel.name);
        }
        self.tell_channel_changed(channel);
    }

    /// Gives or takes the bot's right to see a channel, and to write in it.
    pub(crate) fn set_bot_access(&mut self, channel: Snowflake, sees: Option<bool>, writes: Option<bool>) {
        let bot = BOT;
        if let Some(sees) = sees {
            self.guild.overwrite(channel, bot, VIEW_CHANNEL, sees);
        }
        if let Some(writes) = writes {
            self.guild.overwrite(channel, bot, SEND_MESSAGES | EMBED_LINKS, writes);
        }
        self.tell_channel_changed(channel);
    }

    fn tell_channel_changed(&mut self, channel: Snowflake) {
        let Some(data) = self.guild.channel(channel).map(|channel| wire::channel(&self.guild, channel))
        else {
            return;
        };
        self.dispatch("CHANNEL_UPDATE", intents::GUILDS, data);
    }

    /// Deletes a channel with its messages; those tell nobody of their own.
    pub(crate) fn delete_channel(&mut self, channel: Snowflake, now: Timestamp) {
        let Some(data) = self.guild.channel(channel).map(|channel| wire::channel(&self.guild, channel))
        else {
            return;
        };
        self.guild.channels.retain(|known| known.id != channel);
        for id in self.messages.delete_all(channel, now) {
            self.notes.push(Note::Message { channel, id });
        }
        self.dispatch("CHANNEL_DELETE", intents::GUILDS, data);
    }

    /// Changes a role's name or permission bits.
    pub(crate) fn change_role(&mut self, role: Snowflake, name: Option<String>, permissions: Option<u64>) {
        let Some(known) = self.guild.roles.iter_mut().find(|known| known.id == role) else { return };
        known.name = name.unwrap_or_else(|| known.name.clone());
        known.permissions = permissions.unwrap_or(known.permissions);
        let data = json!({ "guild_id": self.guild.id, "role": wire::role(known) });
        self.dispatch("GUILD_ROLE_UPDATE", intents::GUILDS, data);
    }

    /// Deletes a role, and takes it from everyone who holds it.
    pub(crate) fn delete_role(&mut self, role: Snowflake) {
        self.guild.roles.retain(|known| known.id != role);
        let data = json!({ "guild_id": self.guild.id, "role_id": role });
        self.dispatch("GUILD_ROLE_DELETE", intents::GUILDS, data);
        let holders: Vec<_> =
            self.guild.members.iter().filter(|member| member.roles.contains(&role)).cloned().collect();
        for holder in holders {
            let left = holder.roles.into_iter().filter(|held| *held != role).collect();
            self.set_roles(holder.id, left);
        }
    }

    /// Tells every session about the guild as it is now, as if it had just come back.
    pub(crate) fn announce_guild(&mut self) {
        let (bot, guild) = (BOT, &self.guild);
        for session in self.sessions.iter_mut() {
            if session.intents & intents::GUILDS != 0 && session.has_guild(Some(guild.id.0)) {
                session.push("GUILD_CREATE", &wire::guild_create(guild, bot, session.intents));
            }
        }
    }
}
