//! Discord's ids: milliseconds since 2015 in the upper 42 bits, a sequence below.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// The first millisecond of 2015 in Unix time (Discord reference, "Snowflakes").
const DISCORD_EPOCH_MILLISECONDS: i64 = 1_420_070_400_000;
const SEQUENCE_BITS: u32 = 22;

/// A Discord id; a string in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Snowflake(pub(crate) u64);

impl Snowflake {
    /// The smallest id of the millisecond of `at`.
    pub(crate) fn first_at(at: Timestamp) -> Self {
        let since = at.as_millisecond().saturating_sub(DISCORD_EPOCH_MILLISECONDS);
        Self(u64::try_from(since).unwrap_or(0) << SEQUENCE_BITS)
    }
}

impl fmt::Display for Snowflake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Snowflake {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for Snowflake {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Snowflake {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Wire {
            Text(String),
            Number(u64),
        }
        match Wire::deserialize(deserializer)? {
            Wire::Number(number) => Ok(Self(number)),
            Wire::Text(text) => text.parse().map_err(|_| de::Error::custom("not a snowflake")),
        }
    }
}

/// Gives out ids that only ever grow, also while the clock stands still or goes back.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Ids {
    last: Snowflake,
}

impl Ids {
    /// The next id at `now`.
    pub(crate) fn next(&mut self, now: Timestamp) -> Snowflake {
        self.last = Snowflake::first_at(now).max(Snowflake(self.last.0 + 1));
        self.last
    }

    /// Never gives out `used` or anything before it.
    pub(crate) fn skip(&mut self, used: Snowflake) {
        self.last = self.last.max(used);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_carry_their_time_and_never_repeat() {
        let now: Timestamp = "2015-01-01T00:00:01Z".parse().unwrap();
        let mut ids = Ids::default();
        assert_eq!(ids.next(now), Snowflake(1000 << 22));
        assert_eq!(ids.next(now), Snowflake((1000 << 22) + 1));
        assert_eq!(ids.next(Timestamp::UNIX_EPOCH), Snowflake((1000 << 22) + 2));
    }
}
