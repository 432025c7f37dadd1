//! Who has a seat: the one function that splits a roster, and what joining and leaving do to it.

use crate::permission::{holds, may_play};
use crate::{Game, Participant, ParticipantId, PositionClass, RoleId, SignupMethod, Status, UserId, Who};
use jiff::{SignedDuration, Timestamp};

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
    if !may_play(game, joiner.user, joiner.roles) {
        return Err(JoinRefusal::MissingRole);
    }
    if roster.len() >= ROSTER_LIMIT {
        return Err(JoinRefusal::RosterFull);
    }
    let (class, position) = place_of(game, joiner.roles);
    let joined_at = after_everybody(roster, joiner.now);
    let participant = Participant { id: joiner.id, who: Who::User(joiner.user), class, position, joined_at };
    let mut roster = roster.to_vec();
    roster.push(participant.clone());
    let after = split(game, &roster);
    let seat = after.seat_of(joiner.user).unwrap_or(Seat::Waitlisted(after.waitlist.len()));
    Ok(Joined::New { participant, seat, difference: Difference::between(&before, &after) })
}

/// `now`, or just after the last who joined: who comes later stands later, even where two clocks disagree.
fn after_everybody(roster: &[Participant], now: Timestamp) -> Timestamp {
    let last = roster.iter().map(|p| p.joined_at).max();
    last.map_or(now, |last| now.max(last + SignedDuration::from_micros(1)))
}

/// Class and position at the moment of joining: the best priority role decides, then they are frozen.
fn place_of(game: &Game, roles: &[RoleId]) -> (PositionClass, u32) {
    let best = match game.terms.signup {
        SignupMethod::RolePriority => {
            game.terms.priority_roles.iter().position(|role| holds(roles, *role, game.guild))
        }
        SignupMethod::Open | SignupMethod::HostPicks | SignupMethod::HostPicksWithWaitlist => None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{GUILD, HOST, KEEPER, PLAYER, RAIDER, game, joined, place};
    use PositionClass::{HostPlaced, RoleMatched, SelfJoined};

    fn joiner(user: UserId, roles: &[RoleId]) -> Joiner<'_> {
        Joiner { user, roles, id: ParticipantId::new(uuid::Uuid::max()), now: game().created_at }
    }

    /// Who of a roster, by place: users as numbers, placeholders by name.
    fn told(split: &Split) -> String {
        let name = |p: &Participant| match &p.who {
            Who::User(user) => user.to_string(),
            Who::Placeholder(name) => name.clone(),
        };
        let names = |list: &[Participant]| list.iter().map(name).collect::<Vec<_>>().join(" ");
        format!("{} | {}", names(&split.confirmed), names(&split.waitlist))
    }

    #[test]
    fn order_is_class_then_position_then_time_and_placeholders_count() {
        let user =
            |user, class, position, second| place(Who::User(UserId::new(user)), class, position, second);
        let roster = [
            user(17, SelfJoined, 0, 7),
            user(16, SelfJoined, 0, 6),
            user(15, RoleMatched, 1, 1),
            user(14, RoleMatched, 0, 8),
            user(13, RoleMatched, 0, 5),
            user(12, HostPlaced, 2, 2),
            place(Who::Placeholder("a friend".to_owned()), HostPlaced, 1, 9),
        ];
        let rows = SignupMethod::ALL.map(|signup| {
            let mut game = game();
            game.terms.signup = signup;
            game.terms.seats = 3;
            format!("{:26}{}", signup.as_str(), told(&split(&game, &roster)))
        });
        insta::assert_snapshot!(rows.join("\n"), @r"
        open                      a friend 12 13 | 14 15 16 17
        role_priority             a friend 12 13 | 14 15 16 17
        host_picks                a friend 12 | 13 14 15 16 17
        host_picks_with_waitlist  a friend 12 | 13 14 15 16 17
        ");
    }

    #[test]
    fn what_each_signup_method_says_to_a_player() {
        let rows = SignupMethod::ALL.map(|signup| {
            let mut game = game();
            game.terms.signup = signup;
            let answer = match join(&game, &[], joiner(PLAYER, &[])) {
                Ok(Joined::New { seat, .. }) => format!("{seat:?}"),
                other => format!("{other:?}"),
            };
            format!("{:26}{answer}", signup.as_str())
        });
        insta::assert_snapshot!(rows.join("\n"), @r"
        open                      Confirmed(1)
        role_priority             Confirmed(1)
        host_picks                Err(HostPicks)
        host_picks_with_waitlist  Waitlisted(1)
        ");
    }

    #[test]
    fn what_each_status_says_to_a_player() {
        let rows = Status::ALL.map(|status| {
            let game = Game { status, ..game() };
            let join = join(&game, &[], joiner(PLAYER, &[]))
                .map_or_else(|no| no.to_string(), |_| "joins".to_owned());
            let leave = leave(&game, &[joined(3, 1)], PLAYER)
                .map_or_else(|no| no.to_string(), |_| "leaves".to_owned());
            format!("{status}: {join} / {leave}")
        });
        insta::assert_snapshot!(rows.join("\n"), @r"
        draft: This game is not announced yet and takes no more players. / leaves
        scheduled: joins / leaves
        in_progress: This game is under way and takes no more players. / leaves
        completed: This game is over and takes no more players. / This game is over; its roster no longer changes.
        archived: This game is archived and takes no more players. / This game is archived; its roster no longer changes.
        cancelled: This game is cancelled and takes no more players. / This game is cancelled; its roster no longer changes.
        ");
    }

    #[test]
    fn the_best_priority_role_decides_and_is_frozen() {
        let mut game = game();
        game.terms.signup = SignupMethod::RolePriority;
        game.terms.priority_roles = vec![KEEPER, RAIDER];
        let place_with = |game: &Game, roles: &[RoleId]| match join(game, &[], joiner(PLAYER, roles)).unwrap()
        {
            Joined::New { participant, .. } => (participant.class, participant.position),
            Joined::Already(_) => unreachable!("nobody is on an empty roster"),
        };
        assert_eq!(place_with(&game, &[]), (SelfJoined, 0));
        assert_eq!(place_with(&game, &[RAIDER]), (RoleMatched, 1));
        assert_eq!(place_with(&game, &[RAIDER, KEEPER]), (RoleMatched, 0));

        let roster = [place(Who::User(PLAYER), RoleMatched, 1, 1)];
        let again = join(&game, &roster, joiner(PLAYER, &[KEEPER]));
        assert_eq!(again, Ok(Joined::Already(Seat::Confirmed(1))), "a role won later changes nothing");

        game.terms.priority_roles = vec![KEEPER, GUILD.everyone()];
        assert_eq!(place_with(&game, &[]), (RoleMatched, 1), "everybody holds @everyone");
        game.terms.signup = SignupMethod::Open;
        assert_eq!(place_with(&game, &[KEEPER]), (SelfJoined, 0));
    }

    #[test]
    fn roles_keep_others_out_but_never_the_host() {
        let mut game = game();
        game.terms.player_roles = vec![RAIDER];
        assert_eq!(join(&game, &[], joiner(PLAYER, &[KEEPER])), Err(JoinRefusal::MissingRole));
        assert!(join(&game, &[], joiner(PLAYER, &[RAIDER])).is_ok());
        assert!(join(&game, &[], joiner(HOST, &[])).is_ok());
    }

    #[test]
    fn a_roster_has_an_end() {
        let roster: Vec<_> = (0..1000).map(|n| joined(10_000 + n, 1)).collect();
        assert_eq!(join(&game(), &roster, joiner(PLAYER, &[])), Err(JoinRefusal::RosterFull));
        assert!(join(&game(), &roster[1..], joiner(PLAYER, &[])).is_ok());
    }

    #[test]
    fn whoever_comes_later_stands_later_even_by_a_clock_that_is_behind() {
        let mut game = game();
        game.terms.seats = 1;
        let early = Joiner { now: game.created_at, ..joiner(PLAYER, &[]) };
        let Ok(Joined::New { seat, difference, .. }) = join(&game, &[joined(4, 30)], early) else {
            panic!("joins")
        };
        assert_eq!((seat, difference), (Seat::Waitlisted(1), Difference::default()));
    }
}
