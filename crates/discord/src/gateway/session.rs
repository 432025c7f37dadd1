//! Sessions and shards, as they are kept between two connections.

use super::GatewayError;
use domain::GuildId;
use reqwest::Url;
use std::fmt;
use twilight_gateway::ShardId;

/// Which share of the bot's guilds: shard `number` of `total` (Discord, "Sharding").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardNumber {
    /// From zero.
    pub number: u32,
    /// At least one.
    pub total: u32,
}

impl ShardNumber {
    /// All guilds on one connection.
    pub const ONLY: Self = Self { number: 0, total: 1 };

    /// Whether this shard is told of a guild (Discord, "Sharding Formula").
    pub fn tells_of(self, guild: GuildId) -> bool {
        (guild.get() >> 22) % u64::from(self.total) == u64::from(self.number)
    }

    pub(super) fn to_twilight(self) -> Result<ShardId, GatewayError> {
        ShardId::new_checked(self.number, self.total).ok_or(GatewayError::Shard(self))
    }
}

impl fmt::Display for ShardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.number, self.total)
    }
}

/// A session of the gateway that can be gone on with, also by another process (Discord, "Resuming").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Discord's id for it.
    pub id: String,
    /// The number of the last event that has been handled.
    pub sequence: u64,
    /// Where it has to be resumed.
    pub resume_url: String,
}

impl Session {
    /// Whether the gateway at `url` may know it. Discord resumes on other hosts than it begins on (`resume_gateway_url`);
    /// a server that is reached by its IP address has no other name.
    pub fn is_of(&self, url: &str) -> bool {
        let (here, there) = (Url::parse(url), Url::parse(&self.resume_url));
        let (Ok(here), Ok(there)) = (here, there) else { return false };
        let place = |url: &Url| (url.host_str().map(str::to_owned), url.port_or_known_default());
        match (here.domain(), there.domain()) {
            (Some(_), Some(_)) => true,
            _ => place(&here) == place(&there),
        }
    }

    pub(super) fn of(session: &twilight_gateway::Session, resume_url: &str) -> Self {
        Self { id: session.id().to_owned(), sequence: session.sequence(), resume_url: resume_url.to_owned() }
    }

    pub(super) fn to_twilight(&self) -> twilight_gateway::Session {
        twilight_gateway::Session::new(self.sequence, self.id.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_belongs_to_the_discord_that_gave_it() {
        let is_of = |resume_url: &str, url: &str| {
            Session { id: "s".to_owned(), sequence: 1, resume_url: resume_url.to_owned() }.is_of(url)
        };
        let (discord, practice) = ("wss://gateway-us-east1-b.discord.gg", "ws://127.0.0.1:8081/gateway");
        assert!(is_of(discord, "wss://gateway.discord.gg/?v=10"));
        assert!(is_of(practice, "ws://127.0.0.1:8081/gateway"));
        for (resume_url, url) in [
            (practice, "ws://127.0.0.1:9000/gateway"),
            (practice, "ws://[::1]:8081/gateway"),
            (practice, "wss://gateway.discord.gg"),
            (discord, practice),
            ("nowhere", practice),
        ] {
            assert!(!is_of(resume_url, url), "{resume_url} {url}");
        }
    }
}
