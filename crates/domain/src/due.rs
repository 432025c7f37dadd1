//! When something has to happen to a game by itself: one function gives the whole set.

use crate::{Game, Status, UserId};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// How long after a join its notice goes out, so that a quick join and leave is silent.
pub const JOIN_NOTICE_DELAY: SignedDuration = SignedDuration::from_secs(60);

/// What comes due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DueKind {
    /// A draft is announced.
    Post,
    /// People are reminded.
    Reminder {
        /// Before the start.
        minutes: u32,
    },
    /// The game starts.
    Start,
    /// The game ends.
    End,
    /// The game is put away.
    Archive,
    /// Somebody who joined is told where they stand.
    JoinNotice(UserId),
}

impl DueKind {
    /// The kind's name, without its detail: a value for the database and for metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Reminder { .. } => "reminder",
            Self::Start => "start",
            Self::End => "end",
            Self::Archive => "archive",
            Self::JoinNotice(_) => "join_notice",
        }
    }

    /// What tells two of a kind apart: the offset of a reminder in minutes, the person of a join notice.
    pub const fn detail(self) -> u64 {
        match self {
            Self::Reminder { minutes } => minutes as u64,
            Self::JoinNotice(user) => user.get(),
            Self::Post | Self::Start | Self::End | Self::Archive => 0,
        }
    }

    /// Puts a kind together from its two columns.
    ///
    /// # Errors
    /// A name that is no kind.
    pub fn from_parts(name: &str, detail: u64) -> Result<Self, UnknownDueKind> {
        Ok(match name {
            "post" => Self::Post,
            "reminder" => Self::Reminder { minutes: u32::try_from(detail).unwrap_or(u32::MAX) },
            "start" => Self::Start,
            "end" => Self::End,
            "archive" => Self::Archive,
            "join_notice" => Self::JoinNotice(UserId::new(detail)),
            _ => return Err(UnknownDueKind(name.to_owned())),
        })
    }

    /// Whether it follows from the game alone; a join notice follows from a join.
    pub const fn is_derived(self) -> bool {
        !matches!(self, Self::JoinNotice(_))
    }

    /// Which of the two daemons does it.
    pub const fn duty(self) -> Duty {
        match self {
            Self::Reminder { .. } | Self::JoinNotice(_) => Duty::Notify,
            Self::Post | Self::Start | Self::End | Self::Archive => Duty::Transition,
        }
    }

    /// The status that it moves its game to, if it does.
    pub const fn leads_to(self) -> Option<Status> {
        match self {
            Self::Post => Some(Status::Scheduled),
            Self::Start => Some(Status::InProgress),
            Self::End => Some(Status::Completed),
            Self::Archive => Some(Status::Archived),
            Self::Reminder { .. } | Self::JoinNotice(_) => None,
        }
    }
}

/// A word that is no kind of due moment.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no kind of due moment")]
pub struct UnknownDueKind(String);

/// Which daemon a due moment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// What people are told: the notification daemon.
    Notify,
    /// What the game becomes: the status transition daemon.
    Transition,
}

impl Duty {
    /// The name used in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::Transition => "transition",
        }
    }
}

impl fmt::Display for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Duty {
    type Err = UnknownDueKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "notify" => Ok(Self::Notify),
            "transition" => Ok(Self::Transition),
            _ => Err(UnknownDueKind(text.to_owned())),
        }
    }
}

/// Something that has to happen at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueMoment {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: DueKind,
    /// After which it is skipped and reported instead; none: however late.
    pub deadline: Option<Timestamp>,
}

impl DueMoment {
    /// The notice to somebody who joined at `joined_at`, worth sending until the game ends. Whoever joined in the
    /// same millisecond, and was put apart by microseconds for the order's sake, is told in the same one.
    pub fn join_notice(user: UserId, joined_at: Timestamp, game: &Game) -> Self {
        let apart = SignedDuration::from_micros(joined_at.as_microsecond().rem_euclid(1000));
        let at = joined_at - apart + JOIN_NOTICE_DELAY;
        Self { at: at.min(game.start), kind: DueKind::JoinNotice(user), deadline: Some(game.end()) }
    }
}

/// Everything that has to happen to a game by itself, from where it is now. Only the next change of status
/// is in the set, so that they come in order however late they are.
pub fn moments(game: &Game) -> Vec<DueMoment> {
    let mut moments = Vec::new();
    let mut add = |at, kind, deadline| moments.push(DueMoment { at, kind, deadline });
    match game.status {
        Status::Draft => add(game.post_at.unwrap_or(game.created_at), DueKind::Post, None),
        Status::Scheduled => {
            for &minutes in &game.terms.reminders {
                add(reminder_at(game, minutes), DueKind::Reminder { minutes }, Some(game.start));
            }
            add(game.start, DueKind::Start, None);
        }
        Status::InProgress => add(game.end(), DueKind::End, None),
        Status::Completed => {
            if let (Some(done), Some(minutes)) = (game.completed_at, game.terms.archive_after_minutes) {
                let delay = SignedDuration::from_mins(i64::from(minutes));
                add(done.saturating_add(delay).unwrap_or(Timestamp::MAX), DueKind::Archive, None);
            }
        }
        Status::Archived | Status::Cancelled => {}
    }
    moments.sort_unstable();
    moments
}

/// When a game's reminder is due.
pub fn reminder_at(game: &Game, minutes: u32) -> Timestamp {
    let before = SignedDuration::from_mins(i64::from(minutes));
    game.start.saturating_sub(before).unwrap_or(Timestamp::MIN)
}

/// What has to change in the schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rescheduled {
    /// Rows to add, or to make pending again.
    pub add: Vec<DueMoment>,
    /// Pending rows to withdraw.
    pub withdraw: Vec<DueMoment>,
}

/// A derived moment that is in the schedule already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The moment.
    pub moment: DueMoment,
    /// Whether it is still waiting to be done.
    pub pending: bool,
}

/// Compares what is planned with what the game asks for.
///
/// A reminder whose moment is past is not added, but one that is pending for that same moment stays, so that
/// an edit never takes away a reminder that is just being sent, and one that is late when its game starts is
/// skipped and reported instead of forgotten. A change of status that the game still asks for has not been
/// made, so it is always pending, however often the game was moved to and fro.
pub fn reschedule(planned: &[Planned], game: &Game, now: Timestamp) -> Rescheduled {
    let wanted = moments(game);
    let known: BTreeMap<_, _> = planned.iter().map(|p| ((p.moment.kind, p.moment.at), p)).collect();
    let add = wanted
        .iter()
        .filter(|moment| match known.get(&(moment.kind, moment.at)) {
            Some(planned) if planned.pending => planned.moment.deadline != moment.deadline,
            _ => moment.at > now || !matches!(moment.kind, DueKind::Reminder { .. }),
        })
        .copied()
        .collect();
    let withdraw = planned
        .iter()
        .filter(|p| p.pending && p.moment.kind.is_derived())
        .filter(|p| !wanted.iter().any(|w| w.kind == p.moment.kind && w.at == p.moment.at))
        .filter(|p| !is_late_reminder(&p.moment, game, now))
        .map(|p| p.moment)
        .collect();
    Rescheduled { add, withdraw }
}

/// Whether it is a reminder of this very start that was not sent before the game started.
fn is_late_reminder(moment: &DueMoment, game: &Game, now: Timestamp) -> bool {
    let started = matches!(game.status, Status::InProgress | Status::Completed | Status::Archived);
    match moment.kind {
        DueKind::Reminder { minutes } => {
            started && moment.at <= now && moment.at == reminder_at(game, minutes)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{PLAYER, at, game};

    fn table(game: &Game) -> String {
        let row = |due: DueMoment| {
            let deadline = due.deadline.map(|at| format!(" until {at}")).unwrap_or_default();
            format!("{} {} {}{deadline}", due.at, due.kind.name(), due.kind.detail())
        };
        moments(game).into_iter().map(row).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_a_game_waits_for_in_each_status() {
        let mut game = game();
        game.post_at = Some(at("2026-11-21T09:00:00Z"));
        game.completed_at = Some(at("2026-11-22T21:00:01Z"));
        game.terms.archive_after_minutes = Some(24 * 60);
        let rows = Status::ALL.map(|status| {
            let game = Game { status, ..game.clone() };
            format!("{status}\n{}", table(&game))
        });
        insta::assert_snapshot!(rows.join("\n\n"), @r"
        draft
        2026-11-21T09:00:00Z post 0

        scheduled
        2026-11-22T19:00:00Z reminder 60 until 2026-11-22T20:00:00Z
        2026-11-22T19:45:00Z reminder 15 until 2026-11-22T20:00:00Z
        2026-11-22T20:00:00Z start 0

        in_progress
        2026-11-22T21:00:00Z end 0

        completed
        2026-11-23T21:00:01Z archive 0

        archived


        cancelled
        ");
    }

    #[test]
    fn a_kind_survives_its_two_columns() {
        let kinds = [
            DueKind::Post,
            DueKind::Reminder { minutes: 15 },
            DueKind::Start,
            DueKind::End,
            DueKind::Archive,
            DueKind::JoinNotice(PLAYER),
        ];
        let rows = kinds.map(|kind| {
            assert_eq!(DueKind::from_parts(kind.name(), kind.detail()).unwrap(), kind);
            assert_eq!(kind.duty().as_str().parse::<Duty>().unwrap(), kind.duty());
            let leads_to = kind.leads_to().map_or("-", Status::as_str);
            format!("{:12}{:12}{leads_to}", kind.name(), kind.duty().as_str())
        });
        insta::assert_snapshot!(rows.join("\n"), @r"
        post        transition  scheduled
        reminder    notify      -
        start       transition  in_progress
        end         transition  completed
        archive     transition  archived
        join_notice notify      -
        ");
        assert!(DueKind::from_parts("snooze", 0).is_err());
    }

    #[test]
    fn a_join_notice_waits_a_minute_but_not_past_the_start() {
        let game = game();
        let notice = |joined_at| DueMoment::join_notice(PLAYER, at(joined_at), &game).at;
        assert_eq!(notice("2026-11-22T12:00:00Z"), at("2026-11-22T12:01:00Z"));
        assert_eq!(notice("2026-11-22T12:00:00.000007Z"), at("2026-11-22T12:01:00Z"));
        assert_eq!(notice("2026-11-22T19:59:30Z"), game.start);
    }

    /// Edits and back again: the end of a game that was moved away and back is still to come.
    #[test]
    fn a_change_of_status_that_was_withdrawn_comes_back_even_when_it_is_late() {
        let game = Game { status: Status::InProgress, ..game() };
        let end = DueMoment { at: game.end(), kind: DueKind::End, deadline: None };
        let withdrawn = [Planned { moment: end, pending: false }];
        let half_an_hour_late = game.end() + SignedDuration::from_mins(30);
        assert_eq!(reschedule(&withdrawn, &game, half_an_hour_late).add, [end]);
    }

    #[test]
    fn a_reminder_that_is_late_when_the_game_starts_is_left_to_be_reported() {
        let mut game = game();
        let kind = DueKind::Reminder { minutes: 15 };
        let late = DueMoment { at: reminder_at(&game, 15), kind, deadline: Some(game.start) };
        let planned = [Planned { moment: late, pending: true }];
        game.status = Status::InProgress;
        assert_eq!(reschedule(&planned, &game, game.start).withdraw, []);
        game.status = Status::Cancelled;
        assert_eq!(reschedule(&planned, &game, game.start).withdraw, [late]);
    }

    #[test]
    fn an_absurd_delay_is_no_panic() {
        let mut game = Game { status: Status::Completed, completed_at: Some(Timestamp::MAX), ..game() };
        game.terms.archive_after_minutes = Some(u32::MAX);
        assert_eq!(moments(&game)[0].at, Timestamp::MAX);
    }
}
