//! Who has a seat: the one function that splits a roster, and what joining and leaving do to it.

use crate::{Game, Participant, ParticipantId, PositionClass, RoleId, SignupMethod, Status, UserId, Who};
use jiff::Timestamp;

/// How many people a roster can hold, waitlist included.
pub const ROSTER_LIMIT: usize = 1000;

/// A roster, split into those who have a seat and those who wait; both in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Those who play.
    pub confirmed: Vec<Participant>,
    /// Those who move up when somebody leaves.
    pub waitlist: Vec<Participant>,
}

impl Split {
    /// Where somebody stands.
    pub fn seat_of(&self, user: UserId) -> Option<Seat> {
        let place = |list: &[Participant]| list.iter().position(|p| p.user() == Some(user)).map(|at| at + 1);
        place(&self.confirmed).map(Seat::Confirmed).or_else(|| place(&self.waitlist).map(Seat::Waitlisted))
    }

    fn users(list: &[Participant]) -> impl Iterator<Item = UserId> {
        list.iter().filter_map(Participant::user)
    }
}

/// Where somebody stands on a roster, counted from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// Has a seat.
    Confirmed(usize),
    /// Waits for one.
    Waitlisted(usize),
}

/// Splits a roster by the game's seats and signup method. Computed whenever needed, never stored.
pub fn split(game: &Game, roster: &[Participant]) -> Split {
    let mut ordered = roster.to_vec();
    ordered.sort_by(Participant::order);
    let seats = usize::try_from(game.terms.seats).unwrap_or(usize::MAX);
    let host_placed_only = game.terms.signup.confirms_host_placed_only();
    let mut split = Split::default();
    for participant in ordered {
        let eligible = !host_placed_only || participant.class == PositionClass::HostPlaced;
        if eligible && split.confirmed.len() < seats {
            split.confirmed.push(participant);
        } else {
            split.waitlist.push(participant);
        }
    }
    split
}

/// Who gained and who lost a seat while staying on the roster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Waited before, has a seat now.
    pub promoted: Vec<UserId>,
    /// Had a seat before, waits now.
    pub demoted: Vec<UserId>,
}

impl Difference {
    /// The difference of the confirmed sets before and after a change.
    pub fn between(before: &Split, after: &Split) -> Self {
        let moved = |from: &[Participant], to: &[Participant]| {
            Split::users(to).filter(|user| Split::users(from).any(|was| was == *user)).collect()
        };
        Self {
            promoted: moved(&before.waitlist, &after.confirmed),
            demoted: moved(&before.confirmed, &after.waitlist),
        }
    }
}

/// Why somebody can't join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinRefusal {
    /// Its status doesn't take signups.
    #[error("This game is {0} and takes no more players.")]
    Closed(StatusWords),
    /// The host decides who plays.
    #[error("The host picks the players of this game.")]
    HostPicks,
    /// The game is for other roles.
    #[error("This game is for roles that you don't hold.")]
    MissingRole,
    /// [`ROSTER_LIMIT`] is reached.
    #[error("The waitlist of this game is full.")]
    RosterFull,
}

/// A status in words for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusWords(pub Status);

impl std::fmt::Display for StatusWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Status::Draft => "not announced yet",
            Status::Scheduled => "scheduled",
            Status::InProgress => "under way",
            Status::Completed => "over",
            Status::Archived => "archived",
            Status::Cancelled => "cancelled",
        })
    }
}

/// Why somebody can't leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("This game is {0}; its roster no longer changes.")]
pub struct LeaveRefusal(pub StatusWords);

/// What joining did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Joined {
    /// They were on the roster already; nothing changes.
    Already(Seat),
    /// They are on it now.
    New {
        /// The place to save.
        participant: Participant,
        /// Where that puts them.
        seat: Seat,
        /// Whom it moved.
        difference: Difference,
    },
}

/// Somebody who wants to join.
#[derive(Clone, Copy, Debug)]
pub struct Joiner<'a> {
    /// Who.
    pub user: UserId,
    /// The roles they hold at this moment, without @everyone.
    pub roles: &'a [RoleId],
    /// The id that their place gets.
    pub id: ParticipantId,
    /// The current instant.
    pub now: Timestamp,
}

/// Decides what happens when somebody joins. Joining twice is joining once.
///
/// # Errors
/// The reason why they can't.
pub fn join(game: &Game, roster: &[Participant], joiner: Joiner<'_>) -> Result<Joined, JoinRefusal> {
    let before = split(game, roster);
    if let Some(seat) = before.seat_of(joiner.user) {
        return Ok(Joined::Already(seat));
    }
    if !game.status.takes_signups() {
        return Err(JoinRefusal::Closed(StatusWords(game.status)));
    }
    if !game.terms.signup.lets_join() {
        return Err(JoinRefusal::HostPicks);
    }
    if !crate::permission::may_play(game, joiner.user, joiner.roles) {
        return Err(JoinRefusal::MissingRole);
    }
    if roster.len() >= ROSTER_LIMIT {
        return Err(JoinRefusal::RosterFull);
    }
    let (class, position) = place_of(game, joiner.roles);
    let participant =
        Participant { id: joiner.id, who: Who::User(joiner.user), class, position, joined_at: joiner.now };
    let mut roster = roster.to_vec();
    roster.push(participant.clone());
    let after = split(game, &roster);
    let seat = after.seat_of(joiner.user).unwrap_or(Seat::Waitlisted(after.waitlist.len()));
    Ok(Joined::New { participant, seat, difference: Difference::between(&before, &after) })
}

/// Class and position at the moment of joining: the best priority role decides, then they are frozen.
fn place_of(game: &Game, roles: &[RoleId]) -> (PositionClass, u32) {
    let best = match game.terms.signup {
        SignupMethod::RolePriority => game.terms.priority_roles.iter().position(|role| roles.contains(role)),
        _ => None,
    };
    match best.and_then(|at| u32::try_from(at).ok()) {
        Some(at) => (PositionClass::RoleMatched, at),
        None => (PositionClass::SelfJoined, 0),
    }
}

/// What leaving did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// They were not on the roster; nothing changes.
    WasNotThere,
    /// They are off it now.
    Gone {
        /// The place to delete.
        participant: Participant,
        /// Whom it moved.
        difference: Difference,
    },
}

/// Decides what happens when somebody leaves.
///
/// # Errors
/// When the roster no longer changes.
pub fn leave(game: &Game, roster: &[Participant], user: UserId) -> Result<Left, LeaveRefusal> {
    if !game.status.lets_leave() {
        return Err(LeaveRefusal(StatusWords(game.status)));
    }
    let Some(participant) = roster.iter().find(|p| p.user() == Some(user)) else {
        return Ok(Left::WasNotThere);
    };
    let before = split(game, roster);
    let rest: Vec<_> = roster.iter().filter(|p| p.id != participant.id).cloned().collect();
    let difference = Difference::between(&before, &split(game, &rest));
    Ok(Left::Gone { participant: participant.clone(), difference })
}
