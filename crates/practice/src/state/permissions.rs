//! Who may do what, as Discord computes it (topics, "Permissions").

use super::guild::{Channel, Guild, Member};
use super::snowflake::Snowflake;

pub(crate) const ADMINISTRATOR: u64 = 1 << 3;
pub(crate) const ATTACH_FILES: u64 = 1 << 15;
pub(crate) const EMBED_LINKS: u64 = 1 << 14;
pub(crate) const MANAGE_MESSAGES: u64 = 1 << 13;
pub(crate) const MENTION_EVERYONE: u64 = 1 << 17;
pub(crate) const READ_MESSAGE_HISTORY: u64 = 1 << 16;
pub(crate) const SEND_MESSAGES: u64 = 1 << 11;
pub(crate) const USE_APPLICATION_COMMANDS: u64 = 1 << 31;
pub(crate) const USE_EXTERNAL_EMOJIS: u64 = 1 << 18;
pub(crate) const VIEW_CHANNEL: u64 = 1 << 10;
/// Every bit that Discord documents.
pub(crate) const EVERYTHING: u64 = (1 << 53) - 1;

impl Guild {
    /// What `member` may do in the whole guild.
    pub(crate) fn permissions(&self, member: &Member) -> u64 {
        if member.id == self.owner {
            return EVERYTHING;
        }
        let held = |role: &Snowflake| *role == self.id || member.roles.contains(role);
        let bits =
            self.roles.iter().filter(|role| held(&role.id)).fold(0, |bits, role| bits | role.permissions);
        if bits & ADMINISTRATOR != 0 { EVERYTHING } else { bits }
    }

    /// What `member` may do in `channel`: the guild's bits, then @everyone's, the roles' and the member's overwrites.
    pub(crate) fn permissions_in(&self, member: &Member, channel: &Channel) -> u64 {
        let base = self.permissions(member);
        if base == EVERYTHING {
            return base;
        }
        let mut bits = base;
        for overwrite in channel.overwrites.iter().filter(|overwrite| overwrite.id == self.id) {
            bits = bits & !overwrite.deny | overwrite.allow;
        }
        let (mut allow, mut deny) = (0, 0);
        for overwrite in channel.overwrites.iter().filter(|overwrite| member.roles.contains(&overwrite.id)) {
            allow |= overwrite.allow;
            deny |= overwrite.deny;
        }
        bits = bits & !deny | allow;
        for overwrite in channel.overwrites.iter().filter(|overwrite| overwrite.id == member.id) {
            bits = bits & !overwrite.deny | overwrite.allow;
        }
        implied(bits)
    }
}

/// Without `VIEW_CHANNEL` there is nothing; without `SEND_MESSAGES` nothing that rides on a message.
fn implied(bits: u64) -> u64 {
    if bits & VIEW_CHANNEL == 0 {
        return 0;
    }
    if bits & SEND_MESSAGES == 0 {
        return bits & !(MENTION_EVERYONE | ATTACH_FILES | EMBED_LINKS);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cast;

    #[test]
    fn the_bot_and_players_cannot_see_the_staff_channel_but_managers_can() {
        let guild = Guild::from_cast();
        let staff = guild.channel(Snowflake(cast::STAFF_CHANNEL_ID)).unwrap();
        let may_see =
            |id: u64| guild.permissions_in(guild.member(Snowflake(id)).unwrap(), staff) & VIEW_CHANNEL != 0;
        let id = |name| cast::find_person(name).unwrap().id;
        assert!(may_see(id("Ada")), "the owner");
        assert!(may_see(id("Chidi")), "a manager");
        assert!(!may_see(id("Goro")), "a player");
        assert!(!may_see(cast::APPLICATION_ID), "the bot");
    }

    #[test]
    fn a_channel_that_cannot_be_written_to_cannot_be_embedded_in() {
        let mut guild = Guild::from_cast();
        let bot = Snowflake(cast::APPLICATION_ID);
        guild.overwrite(Snowflake(cast::GAMES_CHANNEL_ID), bot, SEND_MESSAGES, false);
        let games = guild.channel(Snowflake(cast::GAMES_CHANNEL_ID)).unwrap();
        let bits = guild.permissions_in(guild.member(bot).unwrap(), games);
        assert_eq!(bits & (SEND_MESSAGES | EMBED_LINKS), 0);
        assert_ne!(bits & VIEW_CHANNEL, 0);
    }
}
