//! A schedule that is kept by [`due::reschedule`] alone, through any history of edits, waiting and outages.

use crate::world::{dawn, draft, game_of, minutes};
use domain::due::{self, DueKind, DueMoment, Planned, Rescheduled};
use domain::{Game, GameChanges, GameDraft, Status};
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// What can happen.
#[derive(Clone, Debug)]
enum Step {
    /// The host edits; what can't be is refused.
    Edit(Edit),
    /// Time passes with the daemons at work.
    Work(i64),
    /// Time passes with the daemons down.
    Outage(i64),
    Cancel,
}

/// An edit, with its start counted from the moment of the edit.
#[derive(Clone, Debug, Default)]
struct Edit {
    start_in: Option<i64>,
    minutes: Option<u32>,
    reminders: Option<Vec<u32>>,
    seats: Option<u32>,
}

impl Edit {
    fn moves_reminders(&self) -> bool {
        self.start_in.is_some() || self.reminders.is_some()
    }
}

fn edits() -> impl Strategy<Value = Edit> {
    // Few values, so that games are moved away and back to the very same minute.
    let start = prop::option::weighted(0.4, (1..12_i64).prop_map(|n| n * 30));
    let length = prop::option::weighted(0.3, (1..5_u32).prop_map(|n| n * 30));
    let reminders = prop::option::weighted(0.3, prop::sample::subsequence(vec![15, 30, 60, 90], 0..=4));
    (start, length, reminders, prop::option::of(1..5_u32))
        .prop_map(|(start_in, minutes, reminders, seats)| Edit { start_in, minutes, reminders, seats })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let some_time = || (0..9_i64).prop_map(|n| n * 15);
    let step = prop_oneof![
        6 => edits().prop_map(Step::Edit),
        4 => some_time().prop_map(Step::Work),
        3 => some_time().prop_map(Step::Outage),
        1 => Just(Step::Cancel),
    ];
    vec(step, 0..30)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Pending,
    Done,
    Withdrawn,
}

/// What became of a row that came due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Sent,
    Expired,
    Moved(Status, Status),
}

/// A game with its schedule and the two daemons.
struct World {
    game: Game,
    now: Timestamp,
    rows: Vec<(DueMoment, State)>,
    log: Vec<(DueMoment, Outcome)>,
    /// Some stores delete what is withdrawn, some keep it.
    forgets_withdrawn: bool,
}

impl World {
    fn new(post_in: Option<i64>, forgets_withdrawn: bool) -> Self {
        let post_at = post_in.map(|n| dawn() + minutes(n));
        let mut game = game_of(GameDraft { post_at, reminders: Some(vec![90, 15]), ..draft() });
        game.terms.archive_after_minutes = Some(45);
        let mut world = Self { game, now: dawn(), rows: Vec::new(), log: Vec::new(), forgets_withdrawn };
        world.reschedule();
        world
    }

    fn look(&self) -> Rescheduled {
        let planned: Vec<_> = self
            .rows
            .iter()
            .map(|(moment, state)| Planned { moment: *moment, pending: *state == State::Pending })
            .collect();
        due::reschedule(&planned, &self.game, self.now)
    }

    fn reschedule(&mut self) {
        let change = self.look();
        for moment in change.withdraw {
            self.set(moment, State::Withdrawn);
        }
        for moment in change.add {
            self.set(moment, State::Pending);
        }
        if self.forgets_withdrawn {
            self.rows.retain(|(_, state)| *state != State::Withdrawn);
        }
    }

    fn set(&mut self, moment: DueMoment, state: State) {
        self.rows.retain(|(row, _)| (row.kind, row.at) != (moment.kind, moment.at));
        self.rows.push((moment, state));
    }

    fn pending(&self) -> BTreeSet<DueMoment> {
        self.rows.iter().filter(|(_, state)| *state == State::Pending).map(|(moment, _)| *moment).collect()
    }

    fn edit(&mut self, edit: &Edit) {
        let changes = GameChanges {
            start: edit.start_in.map(|n| self.now + minutes(n)),
            minutes: edit.minutes,
            reminders: edit.reminders.clone(),
            seats: edit.seats,
            ..GameChanges::default()
        };
        let open = matches!(self.game.status, Status::Draft | Status::Scheduled | Status::InProgress);
        if open && let Ok((game, _)) = self.game.with(changes, self.now) {
            self.game = game;
            self.reschedule();
        }
    }

    fn cancel(&mut self) {
        if self.game.status.may_become(Status::Cancelled) {
            self.game.status = Status::Cancelled;
            self.reschedule();
        }
    }

    /// Does everything that comes due until `until`, oldest first.
    fn work(&mut self, until: Timestamp) {
        while let Some(next) = self.pending().into_iter().find(|moment| moment.at <= until) {
            self.now = self.now.max(next.at);
            let outcome = self.act(next);
            self.log.push((next, outcome));
        }
        self.now = until;
    }

    fn act(&mut self, moment: DueMoment) -> Outcome {
        self.set(moment, State::Done);
        let Some(status) = moment.kind.leads_to() else {
            let late = moment.deadline.is_some_and(|deadline| self.now >= deadline);
            return if late { Outcome::Expired } else { Outcome::Sent };
        };
        let from = self.game.status;
        self.game.status = status;
        if status == Status::Completed {
            self.game.completed_at = Some(self.now);
        }
        self.reschedule();
        Outcome::Moved(from, status)
    }

    fn live(&mut self, steps: &[Step]) {
        for step in steps {
            self.take(step);
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Edit(edit) => self.edit(edit),
            Step::Work(n) => self.work(self.now + minutes(*n)),
            Step::Outage(n) => self.now += minutes(*n),
            Step::Cancel => self.cancel(),
        }
    }
}

fn after(moments: impl IntoIterator<Item = DueMoment>, now: Timestamp) -> BTreeSet<DueMoment> {
    moments.into_iter().filter(|moment| moment.at > now).collect()
}

proptest! {
    #[test]
    fn what_is_pending_is_what_the_game_asks_for(
        post_in in prop::option::of(1..200_i64), forgets in any::<bool>(), steps in steps(),
    ) {
        let mut world = World::new(post_in, forgets);
        for step in &steps {
            world.take(step);
            let wanted = due::moments(&world.game);
            let pending = world.pending();
            prop_assert_eq!(after(pending.clone(), world.now), after(wanted.clone(), world.now));
            for change in wanted.iter().filter(|moment| moment.kind.leads_to().is_some()) {
                prop_assert!(pending.contains(change), "{change:?} was forgotten");
            }
        }
    }

    #[test]
    fn looking_again_changes_nothing(forgets in any::<bool>(), steps in steps()) {
        let mut world = World::new(None, forgets);
        for step in &steps {
            world.take(step);
            prop_assert_eq!(world.look(), Rescheduled::default());
        }
    }

    #[test]
    fn nothing_is_done_twice_and_statuses_follow_the_table(
        post_in in prop::option::of(1..200_i64), forgets in any::<bool>(), steps in steps(),
    ) {
        let mut world = World::new(post_in, forgets);
        world.live(&steps);
        let mut done = BTreeSet::new();
        for (moment, outcome) in &world.log {
            prop_assert!(done.insert((moment.kind, moment.at)), "{moment:?} was done twice");
            if let Outcome::Moved(from, to) = outcome {
                prop_assert!(from.may_become(*to), "{from} became {to}");
            }
        }
    }

    #[test]
    fn an_unrelated_edit_takes_no_reminder_away(
        forgets in any::<bool>(), steps in steps(), edit in edits(),
    ) {
        let mut world = World::new(None, forgets);
        world.live(&steps);
        let unrelated = Edit { start_in: None, reminders: None, ..edit };
        prop_assert!(!unrelated.moves_reminders());
        let reminders = |world: &World| -> BTreeSet<_> {
            let all = world.pending();
            all.into_iter().filter(|moment| matches!(moment.kind, DueKind::Reminder { .. })).collect()
        };
        let before = reminders(&world);
        world.edit(&unrelated);
        prop_assert_eq!(reminders(&world), before);
    }

    #[test]
    fn a_reminder_is_sent_for_the_start_that_the_game_has(
        forgets in any::<bool>(), steps in steps(),
    ) {
        let mut world = World::new(None, forgets);
        for step in &steps {
            let seen = world.log.len();
            world.take(step);
            for (moment, outcome) in &world.log[seen..] {
                if let (DueKind::Reminder { minutes: before }, Outcome::Sent) = (moment.kind, outcome) {
                    prop_assert_eq!(moment.at, due::reminder_at(&world.game, before));
                }
            }
        }
    }

    #[test]
    fn every_game_comes_to_its_end(
        post_in in prop::option::of(1..200_i64), forgets in any::<bool>(), steps in steps(),
    ) {
        let mut world = World::new(post_in, forgets);
        world.live(&steps);
        world.work(world.now + minutes(100_000));
        prop_assert!(world.game.status.is_final(), "it is still {}", world.game.status);
        prop_assert_eq!(world.pending(), BTreeSet::new());
    }
}

#[test]
fn daemons_that_were_down_catch_up_in_order_and_send_nothing_late() {
    let mut world = World::new(Some(60), false);
    world.now += minutes(24 * 60);
    world.work(world.now);
    let log: Vec<_> =
        world.log.iter().map(|(moment, outcome)| format!("{} {outcome:?}", moment.kind.name())).collect();
    insta::assert_snapshot!(log.join("\n"), @r"
    post Moved(Draft, Scheduled)
    start Moved(Scheduled, InProgress)
    end Moved(InProgress, Completed)
    ");
}

#[test]
fn reminders_that_are_late_at_the_start_are_reported() {
    let mut world = World::new(None, false);
    world.now = world.game.start;
    let start = world.pending().into_iter().find(|moment| moment.kind == DueKind::Start).unwrap();
    let outcome = world.act(start);
    world.log.push((start, outcome));
    world.work(world.now);
    let log: Vec<_> =
        world.log.iter().map(|(moment, outcome)| format!("{} {outcome:?}", moment.kind.name())).collect();
    insta::assert_snapshot!(log.join("\n"), @r"
    start Moved(Scheduled, InProgress)
    reminder Expired
    reminder Expired
    ");
}
