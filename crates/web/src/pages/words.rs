//! How statuses and the like are said to people.

use actions::games::GameView;
use domain::seats::Seat;
use domain::{NoticeKind, SignupMethod, Status, UserId};
use look::{Tone, badge, quiet_badge};
use maud::Markup;

/// A game's status as a badge.
pub(crate) fn status_badge(status: Status) -> Markup {
    match status {
        Status::Draft => quiet_badge(Tone::Warn, "Not announced yet"),
        Status::Scheduled => badge(Tone::Accent, "Scheduled"),
        Status::InProgress => badge(Tone::Good, "Under way"),
        Status::Completed => badge(Tone::Plain, "Over"),
        Status::Archived => quiet_badge(Tone::Plain, "Archived"),
        Status::Cancelled => badge(Tone::Bad, "Cancelled"),
    }
}

/// A status in a list to choose from.
pub(crate) const fn status_label(status: Status) -> &'static str {
    match status {
        Status::Draft => "Not announced yet",
        Status::Scheduled => "Scheduled",
        Status::InProgress => "Under way",
        Status::Completed => "Over",
        Status::Archived => "Archived",
        Status::Cancelled => "Cancelled",
    }
}

/// Where the viewer stands.
pub(crate) fn seat_badge(seat: Seat) -> Markup {
    match seat {
        Seat::Confirmed(_) => badge(Tone::Good, "You have a seat"),
        Seat::Waitlisted(place) => quiet_badge(Tone::Warn, &format!("You wait, number {place}")),
    }
}

/// How people get on a roster.
pub(crate) const fn signup_label(method: SignupMethod) -> &'static str {
    match method {
        SignupMethod::Open => "Anybody joins",
        SignupMethod::RolePriority => "Anybody joins, some roles go first",
        SignupMethod::HostPicks => "The host picks",
        SignupMethod::HostPicksWithWaitlist => "The host picks from a waitlist",
    }
}

/// What a notice says.
pub(crate) const fn notice_label(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Announcement => "Announcement",
        NoticeKind::Reminder => "Reminder",
        NoticeKind::Joined => "You have a seat",
        NoticeKind::Waitlisted => "You are on the waitlist",
        NoticeKind::Promoted => "You moved up",
        NoticeKind::Demoted => "You moved down",
        NoticeKind::Removed => "You were taken off",
        NoticeKind::Changed => "Time or place changed",
        NoticeKind::Cancelled => "Cancelled",
        NoticeKind::PlacedPlayerLeft => "A player you placed left",
    }
}

/// What became of a notice.
pub(crate) fn delivery_badge(state: &str) -> Markup {
    match state {
        "sent" => badge(Tone::Good, "Sent"),
        "skipped" => badge(Tone::Plain, "Skipped"),
        "dead" => badge(Tone::Bad, "Given up"),
        _ => quiet_badge(Tone::Accent, "Pending"),
    }
}

/// The name of somebody who has to do with a game.
pub(crate) fn name_of(view: &GameView, user: UserId) -> &str {
    view.names.get(&user).map_or("somebody who left", String::as_str)
}

/// How many a game confirms.
pub(crate) fn seats_of(view: &GameView) -> usize {
    usize::try_from(view.game.terms.seats).unwrap_or(usize::MAX)
}

/// Whether who joins now has to wait.
pub(crate) fn is_full(view: &GameView) -> bool {
    view.split.confirmed.len() >= seats_of(view) || view.game.terms.signup.confirms_host_placed_only()
}
