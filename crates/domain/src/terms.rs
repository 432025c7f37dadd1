use crate::{ChannelId, RoleId};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// How people get on a roster, and who of them is confirmed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignupMethod {
    /// Anybody joins; the order decides.
    #[default]
    Open,
    /// Anybody joins; the best priority role at that moment decides the class, then the order.
    RolePriority,
    /// Nobody joins; the host places people.
    HostPicks,
    /// Anybody joins the waitlist; only those whom the host places are confirmed.
    HostPicksWithWaitlist,
}

impl SignupMethod {
    /// Every method.
    pub const ALL: [Self; 4] = [Self::Open, Self::RolePriority, Self::HostPicks, Self::HostPicksWithWaitlist];

    /// The name used in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::RolePriority => "role_priority",
            Self::HostPicks => "host_picks",
            Self::HostPicksWithWaitlist => "host_picks_with_waitlist",
        }
    }

    /// Whether a player can put themselves on the roster.
    pub const fn lets_join(self) -> bool {
        !matches!(self, Self::HostPicks)
    }

    /// Whether only people whom the host placed are confirmed.
    pub const fn confirms_host_placed_only(self) -> bool {
        matches!(self, Self::HostPicks | Self::HostPicksWithWaitlist)
    }
}

/// A word that is no signup method.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no signup method")]
pub struct UnknownSignupMethod(String);

impl FromStr for SignupMethod {
    type Err = UnknownSignupMethod;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or_else(|| UnknownSignupMethod(text.to_owned()))
    }
}

/// What a template settles and a game copies from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Where games are announced.
    pub channel: ChannelId,
    /// Roles that the announcement pings.
    pub ping_roles: Vec<RoleId>,
    /// Roles of which a player needs one; empty: everybody.
    pub player_roles: Vec<RoleId>,
    /// Roles of which a host needs one; empty: managers only.
    pub host_roles: Vec<RoleId>,
    /// Roles that go first under [`SignupMethod::RolePriority`], best first.
    pub priority_roles: Vec<RoleId>,
    /// Minutes from completion to archiving; none: never archived by itself.
    pub archive_after_minutes: Option<u32>,
    /// How many are confirmed.
    pub seats: u32,
    /// How long a game lasts.
    pub minutes: u32,
    /// Minutes before the start at which people are reminded.
    pub reminders: Vec<u32>,
    /// Where it is played.
    pub place: String,
    /// What a player is told after joining.
    pub instructions: String,
    /// How people get on the roster.
    pub signup: SignupMethod,
}

impl Terms {
    /// The terms that a guild's first template has, announcing in `channel`: ten seats, an hour,
    /// reminders one hour and a quarter of an hour before; any member may play, managers host.
    pub fn in_channel(channel: ChannelId) -> Self {
        Self {
            channel,
            ping_roles: Vec::new(),
            player_roles: Vec::new(),
            host_roles: Vec::new(),
            priority_roles: Vec::new(),
            archive_after_minutes: None,
            seats: 10,
            minutes: 60,
            reminders: vec![60, 15],
            place: String::new(),
            instructions: String::new(),
            signup: SignupMethod::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_survives_its_name() {
        for method in SignupMethod::ALL {
            assert_eq!(method.as_str().parse::<SignupMethod>().unwrap(), method);
            assert_eq!(serde_json::to_value(method).unwrap(), method.as_str());
        }
        assert!("lottery".parse::<SignupMethod>().is_err());
    }
}
