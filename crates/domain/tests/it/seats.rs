//! Whatever people do to a roster, in whatever order.

use crate::world::{HOST, dawn, draft, game_of, participant_id};
use domain::seats::{Difference, Joined, Joiner, Left, Seat, Split, join, leave, split};
use domain::{Game, Participant, PositionClass, RoleId, SignupMethod, UserId, Who};
use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeSet;

const GOLD: RoleId = RoleId::new(301);
const SILVER: RoleId = RoleId::new(302);

/// What can happen to a roster.
#[derive(Clone, Debug)]
enum Step {
    Join { user: UserId, roles: Vec<RoleId> },
    Leave(UserId),
    Place { who: Who, position: u32 },
    Seats(u32),
    Wait(i64),
}

fn users() -> impl Strategy<Value = UserId> {
    (1..9_u64).prop_map(UserId::new)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let roles = prop::sample::subsequence(vec![GOLD, SILVER], 0..=2);
    let guest = "[a-z]{1,3}".prop_map(Who::Placeholder);
    let who = prop_oneof![users().prop_map(Who::User), guest];
    let step = prop_oneof![
        4 => (users(), roles).prop_map(|(user, roles)| Step::Join { user, roles }),
        2 => users().prop_map(Step::Leave),
        1 => (who, 0..4_u32).prop_map(|(who, position)| Step::Place { who, position }),
        1 => (1..6_u32).prop_map(Step::Seats),
        1 => (0..3_i64).prop_map(Step::Wait),
    ];
    vec(step, 0..40)
}

fn methods() -> impl Strategy<Value = SignupMethod> {
    prop::sample::select(SignupMethod::ALL.to_vec())
}

/// A game with its roster, as the store would keep it.
struct Table {
    game: Game,
    roster: Vec<Participant>,
    now: Timestamp,
    places_taken: usize,
}

impl Table {
    fn open(signup: SignupMethod, seats: u32) -> Self {
        let mut game = game_of(draft());
        game.terms.signup = signup;
        game.terms.seats = seats;
        game.terms.priority_roles = vec![GOLD, SILVER];
        Self { game, roster: Vec::new(), now: dawn(), places_taken: 0 }
    }

    fn split(&self) -> Split {
        split(&self.game, &self.roster)
    }

    fn on_roster(&self, user: UserId) -> bool {
        self.roster.iter().any(|p| p.user() == Some(user))
    }

    /// Joins, saves, and says what the verb would.
    fn join(&mut self, user: UserId, roles: &[RoleId]) -> Option<(Seat, Difference)> {
        self.places_taken += 1;
        // Ids fall while time rises, so that nothing is in order by its id alone.
        let id = participant_id(usize::MAX - self.places_taken);
        match join(&self.game, &self.roster, Joiner { user, roles, id, now: self.now }) {
            Ok(Joined::New { participant, seat, difference }) => {
                self.roster.push(participant);
                Some((seat, difference))
            }
            Ok(Joined::Already(seat)) => Some((seat, Difference::default())),
            Err(_) => None,
        }
    }

    fn leave(&mut self, user: UserId) -> Option<Difference> {
        match leave(&self.game, &self.roster, user).unwrap() {
            Left::Gone { participant, difference } => {
                self.roster.retain(|p| p.id != participant.id);
                Some(difference)
            }
            Left::WasNotThere => None,
        }
    }

    fn place(&mut self, who: Who, position: u32) {
        if let Who::User(user) = who
            && self.on_roster(user)
        {
            return;
        }
        self.places_taken += 1;
        let id = participant_id(self.places_taken);
        let class = PositionClass::HostPlaced;
        self.roster.push(Participant { id, who, class, position, joined_at: self.now });
    }

    /// Does one step and gives the difference that was announced for it, if the rules announce one.
    fn take(&mut self, step: &Step) -> Option<Difference> {
        match step {
            Step::Join { user, roles } => self.join(*user, roles).map(|(_, difference)| difference),
            Step::Leave(user) => self.leave(*user),
            Step::Place { who, position } => {
                self.place(who.clone(), *position);
                None
            }
            Step::Seats(seats) => {
                let before = self.split();
                self.game.terms.seats = *seats;
                Some(Difference::between(&before, &self.split()))
            }
            Step::Wait(seconds) => {
                self.now += SignedDuration::from_secs(*seconds);
                None
            }
        }
    }
}

fn people(list: &[Participant]) -> BTreeSet<UserId> {
    list.iter().filter_map(Participant::user).collect()
}

fn set(users: &[UserId]) -> BTreeSet<UserId> {
    assert_eq!(users.iter().collect::<BTreeSet<_>>().len(), users.len(), "nobody is named twice");
    users.iter().copied().collect()
}

proptest! {
    #[test]
    fn never_more_confirmed_than_seats_and_nobody_lost(
        signup in methods(), seats in 1..6_u32, steps in steps(),
    ) {
        let mut table = Table::open(signup, seats);
        let mut expected = BTreeSet::new();
        for step in &steps {
            match step {
                Step::Join { user, .. } if signup.lets_join() => {
                    expected.insert(*user);
                }
                Step::Place { who: Who::User(user), .. } => {
                    expected.insert(*user);
                }
                Step::Leave(user) => {
                    expected.remove(user);
                }
                _ => {}
            }
            table.take(step);
            let split = table.split();
            prop_assert!(split.confirmed.len() <= table.game.terms.seats as usize);
            prop_assert_eq!(split.confirmed.len() + split.waitlist.len(), table.roster.len());
            prop_assert_eq!(&people(&table.roster), &expected);
            let both: BTreeSet<_> = &people(&split.confirmed) | &people(&split.waitlist);
            prop_assert_eq!(&both, &expected);
        }
    }

    #[test]
    fn a_free_seat_is_never_left_empty_while_somebody_may_have_it(
        signup in methods(), seats in 1..6_u32, steps in steps(),
    ) {
        let mut table = Table::open(signup, seats);
        for step in &steps {
            table.take(step);
        }
        let split = table.split();
        let may_move_up = |p: &Participant| {
            !signup.confirms_host_placed_only() || p.class == PositionClass::HostPlaced
        };
        let free = split.confirmed.len() < table.game.terms.seats as usize;
        prop_assert!(!(free && split.waitlist.iter().any(may_move_up)));
        if signup.confirms_host_placed_only() {
            prop_assert!(split.confirmed.iter().all(|p| p.class == PositionClass::HostPlaced));
        }
    }

    #[test]
    fn who_is_told_is_the_difference_of_the_confirmed_sets(
        signup in methods(), seats in 1..6_u32, steps in steps(),
    ) {
        let mut table = Table::open(signup, seats);
        for step in &steps {
            let before = table.split();
            let Some(told) = table.take(step) else { continue };
            let after = table.split();
            let (had, has) = (people(&before.confirmed), people(&after.confirmed));
            let (waited, waits) = (people(&before.waitlist), people(&after.waitlist));
            prop_assert_eq!(set(&told.promoted), &(&has - &had) & &waited);
            prop_assert_eq!(set(&told.demoted), &(&had - &has) & &waits);
        }
    }

    #[test]
    fn people_move_only_when_a_confirmed_person_leaves_or_seats_change(
        seats in 1..6_u32, steps in steps(),
    ) {
        let mut table = Table::open(SignupMethod::Open, seats);
        for step in steps.iter().filter(|step| !matches!(step, Step::Place { .. })) {
            let before = table.split();
            let Some(told) = table.take(step) else { continue };
            let next = before.waitlist.first().and_then(Participant::user);
            let expected = match step {
                Step::Leave(user) if people(&before.confirmed).contains(user) => Vec::from_iter(next),
                Step::Seats(_) => continue,
                _ => Vec::new(),
            };
            prop_assert_eq!(told, Difference { promoted: expected, demoted: Vec::new() });
        }
    }

    #[test]
    fn joining_twice_is_joining_once(
        signup in methods(), seats in 1..6_u32, steps in steps(), user in users(),
    ) {
        let mut table = Table::open(signup, seats);
        for step in &steps {
            table.take(step);
        }
        let first = table.join(user, &[]);
        let roster = table.roster.clone();
        let again = table.join(user, &[GOLD]);
        prop_assert_eq!(again.map(|(seat, _)| seat), first.map(|(seat, _)| seat));
        prop_assert_eq!(&table.roster, &roster);
    }

    #[test]
    fn the_seat_that_is_answered_is_the_seat_that_one_has(
        signup in methods(), seats in 1..6_u32, steps in steps(), user in users(),
    ) {
        let mut table = Table::open(signup, seats);
        for step in &steps {
            table.take(step);
        }
        let answered = table.join(user, &[SILVER]).map(|(seat, _)| seat);
        prop_assert_eq!(answered, table.split().seat_of(user));
    }

    #[test]
    fn who_leaves_and_comes_back_stands_last(seats in 1..6_u32, steps in steps(), user in users()) {
        let mut table = Table::open(SignupMethod::RolePriority, seats);
        for step in &steps {
            table.take(step);
        }
        table.join(user, &[]);
        table.leave(user);
        table.join(user, &[]);
        let split = table.split();
        let last = split.confirmed.iter().chain(&split.waitlist).next_back();
        prop_assert_eq!(last.and_then(Participant::user), Some(user));
    }
}

#[test]
fn a_role_that_goes_first_moves_the_last_to_the_waitlist() {
    let mut table = Table::open(SignupMethod::RolePriority, 2);
    let [ada, ben, cy] = [11, 12, 13].map(UserId::new);
    table.join(ada, &[SILVER]);
    table.join(ben, &[]);
    let (seat, difference) = table.join(cy, &[GOLD]).unwrap();
    assert_eq!(seat, Seat::Confirmed(1));
    assert_eq!(difference, Difference { promoted: vec![], demoted: vec![ben] });
    assert_eq!(table.leave(ada), Some(Difference { promoted: vec![ben], demoted: vec![] }));
}

#[test]
fn only_those_whom_the_host_places_play_where_the_host_picks() {
    let mut table = Table::open(SignupMethod::HostPicksWithWaitlist, 2);
    assert_eq!(table.join(HOST, &[]).unwrap().0, Seat::Waitlisted(1));
    table.place(Who::Placeholder("a friend".to_owned()), 0);
    table.place(Who::User(UserId::new(12)), 1);
    let split = table.split();
    assert_eq!(split.seat_of(UserId::new(12)), Some(Seat::Confirmed(2)));
    assert_eq!(split.seat_of(HOST), Some(Seat::Waitlisted(1)));
}
