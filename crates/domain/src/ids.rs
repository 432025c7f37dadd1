use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;
use uuid::Uuid;

macro_rules! discord_ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        ///
        /// A Discord snowflake: 64 bits, a string in JSON.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// Takes a snowflake as Discord gave it.
            pub const fn new(id: u64) -> Self {
                Self(id)
            }

            /// The snowflake itself.
            pub const fn get(self) -> u64 {
                self.0
            }
        }

        impl From<u64> for $name {
            fn from(id: u64) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(|_| serde::de::Error::custom("expected a Discord id as a string of digits"))
            }
        }
    )*};
}

discord_ids! {
    /// A Discord server.
    GuildId
    /// A channel of a guild, or a DM.
    ChannelId
    /// A person.
    UserId
    /// A role; the id of @everyone is the guild's.
    RoleId
    /// A message.
    MessageId
}

impl GuildId {
    /// The role that every member has: its id is the guild's.
    pub const fn everyone(self) -> RoleId {
        RoleId(self.0)
    }
}

macro_rules! own_ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        ///
        /// A UUIDv7, so that ids sort by when they were made.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that was made for this kind of thing.
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// The UUID itself.
            pub const fn get(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

own_ids! {
    /// A game.
    GameId
    /// A template.
    TemplateId
    /// A place on a game's roster.
    ParticipantId
    /// An event in the outbox.
    EventId
    /// A row of the delivery ledger.
    DeliveryId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discord_ids_are_strings_in_json() {
        let id = UserId::new(9_007_199_254_740_993);
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""9007199254740993""#);
        assert_eq!(serde_json::from_str::<UserId>(r#""9007199254740993""#).unwrap(), id);
        assert!(serde_json::from_str::<UserId>("1").is_err());
    }
}
