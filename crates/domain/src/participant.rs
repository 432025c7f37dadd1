use crate::{ParticipantId, UserId};
use jiff::Timestamp;
use std::cmp::Ordering;
use std::str::FromStr;

/// Who holds a place on a roster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// Somebody on Discord.
    User(UserId),
    /// A name that a host wrote down: it holds a seat and gets no notices.
    Placeholder(String),
}

/// The first thing that orders a roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PositionClass {
    /// Put there by the host.
    HostPlaced,
    /// Joined with one of the priority roles.
    RoleMatched,
    /// Joined.
    SelfJoined,
}

impl PositionClass {
    /// Every class, first first.
    pub const ALL: [Self; 3] = [Self::HostPlaced, Self::RoleMatched, Self::SelfJoined];

    /// The name used in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HostPlaced => "host_placed",
            Self::RoleMatched => "role_matched",
            Self::SelfJoined => "self_joined",
        }
    }
}

/// A word that is no position class.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no position class")]
pub struct UnknownPositionClass(String);

impl FromStr for PositionClass {
    type Err = UnknownPositionClass;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|class| class.as_str() == text)
            .ok_or_else(|| UnknownPositionClass(text.to_owned()))
    }
}

/// A place on a game's roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// Its id.
    pub id: ParticipantId,
    /// Who holds it.
    pub who: Who,
    /// Orders the roster first.
    pub class: PositionClass,
    /// Orders it within its class: the priority role's place in the list, or where the host put it.
    pub position: u32,
    /// Orders it last.
    pub joined_at: Timestamp,
}

impl Participant {
    /// The person, if it is one.
    pub const fn user(&self) -> Option<UserId> {
        match &self.who {
            Who::User(user) => Some(*user),
            Who::Placeholder(_) => None,
        }
    }

    /// The order of a roster: class, position, joined at; the id settles ties.
    pub fn order(&self, other: &Self) -> Ordering {
        let key = |p: &Self| (p.class, p.position, p.joined_at, p.id);
        key(self).cmp(&key(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_survives_its_name() {
        for class in PositionClass::ALL {
            assert_eq!(class.as_str().parse::<PositionClass>().unwrap(), class);
        }
        assert!("benched".parse::<PositionClass>().is_err());
    }
}
