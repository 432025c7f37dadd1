//! Sessions and shards, as they are kept between two connections.

use super::GatewayError;
use domain::GuildId;
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
    pub(super) fn of(session: &twilight_gateway::Session, resume_url: &str) -> Self {
        Self { id: session.id().to_owned(), sequence: session.sequence(), resume_url: resume_url.to_owned() }
    }

    pub(super) fn to_twilight(&self) -> twilight_gateway::Session {
        twilight_gateway::Session::new(self.sequence, self.id.clone())
    }
}
