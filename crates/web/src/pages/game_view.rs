//! One game, large.

use std::time::Duration;

use actions::games::{GameView, NoticeFate};
use domain::notice::Recipient;
use domain::seats::{Seat, Split};
use domain::{Participant, UserId, Who};
use jiff::Timestamp;
use look::{
    Column, Style, Tone, button, card, facts, heading, hidden, initial, link_button, notice, seats, table,
    time,
};
use maud::{Markup, html};

use super::words::{delivery_badge, is_full, name_of, notice_label, seats_of, signup_label, status_badge};
use crate::local_time::zone;

/// What the page knows.
#[derive(Debug)]
pub(crate) struct GamePage<'a> {
    pub(crate) view: &'a GameView,
    /// The name of the channel that it is announced in.
    pub(crate) channel: Option<&'a str>,
    pub(crate) viewer: UserId,
    /// The fate of every notice, for those who run it.
    pub(crate) notices: &'a [NoticeFate],
    pub(crate) csrf: &'a str,
    pub(crate) now: Timestamp,
}

/// The body of the page.
pub(crate) fn view(page: &GamePage<'_>) -> Markup {
    let game = &page.view.game;
    let under =
        html! { (status_badge(game.status)) span .muted { "hosted by " (name_of(page.view, game.host)) } };
    let crumb = html! { a href={ "/games?guild=" (game.guild) } { "Games" } };
    html! {
        (heading(Some(crumb), &game.title, Some(under), host_actions(page)))
        div .split {
            div .stack {
                (card("When and where", &about(page)))
                (card("Players", &roster(page)))
            }
            div .stack.first-on-phone { (your_part(page)) }
        }
        @if page.view.may_run { (fates(page)) }
    }
}

fn host_actions(page: &GamePage<'_>) -> Option<Markup> {
    let game = &page.view.game;
    let open = page.view.may_run && !game.status.is_final() && game.completed_at.is_none();
    open.then(|| {
        html! {
            (link_button(Style::Plain, &format!("/games/{}/edit", game.id), "Edit"))
            (link_button(Style::Danger, &format!("/games/{}/cancel", game.id), "Cancel game"))
        }
    })
}

fn about(page: &GamePage<'_>) -> Markup {
    let game = &page.view.game;
    let length = Duration::from_mins(u64::from(game.terms.minutes));
    let mut list = vec![
        ("Starts", time(game.start, &zone(&game.zone), page.now)),
        ("Lasts", html! { (look::duration(length)) }),
        (
            "Seats",
            seats(page.view.split.confirmed.len(), seats_of(page.view), page.view.split.waitlist.len()),
        ),
        ("Signup", html! { (signup_label(game.terms.signup)) }),
    ];
    if !game.terms.place.is_empty() {
        list.push(("Where", html! { (game.terms.place) }));
    }
    if let Some(channel) = &page.channel {
        list.push(("Announced in", html! { "#" (channel) }));
    }
    list.push(("Reminders", reminders(&game.terms.reminders)));
    html! {
        div .stack {
            (facts(&list))
            @if !game.description.is_empty() { p .prewrap { (game.description) } }
        }
    }
}

fn reminders(minutes: &[u32]) -> Markup {
    let said = |minutes: &u32| look::duration(Duration::from_mins(u64::from(*minutes)));
    let list: Vec<_> = minutes.iter().map(said).collect();
    html! { @if list.is_empty() { "none" } @else { (list.join(", ")) " before" } }
}

fn roster(page: &GamePage<'_>) -> Markup {
    let Split { confirmed, waitlist } = &page.view.split;
    let (taken, open) = (confirmed.len(), seats_of(page.view).saturating_sub(confirmed.len()));
    html! {
        ol .roster {
            (places(page, confirmed))
            @for number in taken + 1..=taken + open.min(SHOWN_OPEN_SEATS) {
                li .open-seat { span .seat-no { (number) } "open" }
            }
        }
        @if open > SHOWN_OPEN_SEATS { p .small.muted { "and " (open - SHOWN_OPEN_SEATS) " more open seats" } }
        @if !waitlist.is_empty() {
            h3 { "Waitlist" }
            ol .roster { (places(page, waitlist)) }
        }
    }
}

fn places(page: &GamePage<'_>, part: &[Participant]) -> Markup {
    html! { @for (number, participant) in (1..).zip(part) { (player(page, number, participant)) } }
}

/// More open seats are counted, not listed.
const SHOWN_OPEN_SEATS: usize = 6;

fn player(page: &GamePage<'_>, number: usize, participant: &Participant) -> Markup {
    let name = match &participant.who {
        Who::User(user) => name_of(page.view, *user),
        Who::Placeholder(name) => name,
    };
    html! {
        li .you[participant.user() == Some(page.viewer)] {
            span .seat-no { (number) } (initial(name)) (name)
            @if participant.user() == Some(page.viewer) { span .muted { "you" } }
            @if participant.user().is_none() { span .muted.small { "held" } }
        }
    }
}

fn your_part(page: &GamePage<'_>) -> Markup {
    let instructions = &page.view.game.terms.instructions;
    let body = html! {
        div .stack {
            (standing(page))
            (your_action(page))
            @if page.view.my_seat.is_some() && !instructions.is_empty() {
                (notice(Tone::Accent, &html! { h3 { "From the host" } p .prewrap { (instructions) } }))
            }
        }
    };
    card("You", &body)
}

fn standing(page: &GamePage<'_>) -> Markup {
    html! {
        @match page.view.my_seat {
            Some(Seat::Confirmed(number)) => p { "You have seat " (number) "." },
            Some(Seat::Waitlisted(number)) => p {
                "You are number " (number) " on the waitlist. You move up when somebody leaves, and are told."
            },
            None => p .muted { (why_not(page)) },
        }
    }
}

fn your_action(page: &GamePage<'_>) -> Markup {
    let view = page.view;
    let address = format!("/games/{}", view.game.id);
    let join = if is_full(view) { "Join the waitlist" } else { "Join" };
    html! {
        @if view.my_seat.is_some() && view.game.status.lets_leave() {
            form method="post" action={ (address) "/leave" } {
                (hidden("csrf", page.csrf))
                (button(Style::Plain, "Leave"))
            }
        } @else if view.may_join {
            form method="post" action={ (address) "/join" } {
                (hidden("csrf", page.csrf))
                (button(Style::Primary, join))
            }
        }
    }
}

/// Why there is nothing to press, or what pressing does.
fn why_not(page: &GamePage<'_>) -> &'static str {
    match page.view.game.status {
        domain::Status::Draft => "It is not announced yet. Players can join once it is.",
        domain::Status::Scheduled if page.view.may_join && is_full(page.view) => {
            "Every seat is taken. You can wait for one."
        }
        domain::Status::Scheduled if page.view.may_join => "You are not on the roster.",
        domain::Status::Scheduled if !page.view.game.terms.signup.lets_join() => {
            "The host picks the players."
        }
        domain::Status::Scheduled => "This game is for roles that you don't hold.",
        domain::Status::InProgress => "It is under way and takes no more players.",
        domain::Status::Completed | domain::Status::Archived => "It is over.",
        domain::Status::Cancelled => "It is cancelled.",
    }
}

fn fates(page: &GamePage<'_>) -> Markup {
    const COLUMNS: [Column<'_>; 5] = [
        Column::text("Notice"),
        Column::text("To"),
        Column::text("State"),
        Column::text("When"),
        Column::number("Attempts"),
    ];
    let rows: Vec<_> = page.notices.iter().map(|notice| fate_row(page, notice)).collect();
    html! {
        section .card.below data-soon[is_on_its_way(page)] {
            h2 { "Notices" }
            @if rows.is_empty() {
                p .muted { "Nobody has been told anything yet. The announcement comes first." }
            } @else {
                (table("What became of everything that people are told about this game", &COLUMNS, &rows))
            }
        }
    }
}

/// Something is being told just now; that it has been is no event, so the page looks again by itself.
fn is_on_its_way(page: &GamePage<'_>) -> bool {
    let game = &page.view.game;
    let is_due =
        |notice: &NoticeFate| notice.fate.settled_at.is_none() && notice.fate.scheduled_for <= page.now;
    let awaits_card = page.notices.is_empty() && game.status == domain::Status::Scheduled;
    awaits_card || page.notices.iter().any(is_due)
}

fn fate_row(page: &GamePage<'_>, notice: &NoticeFate) -> Vec<Markup> {
    let fate = &notice.fate;
    let state = html! {
        (delivery_badge(&fate.state))
        @if let Some(reason) = &fate.reason { " " span .muted { (reason) } }
    };
    vec![
        html! { (notice_label(fate.kind)) },
        html! { (recipient(page, notice)) },
        state,
        time(fate.settled_at.unwrap_or(fate.scheduled_for), &zone(&page.view.game.zone), page.now),
        html! { (fate.attempts) },
    ]
}

fn recipient(page: &GamePage<'_>, notice: &NoticeFate) -> String {
    match notice.fate.to {
        Recipient::Channel(_) => {
            page.channel.map_or_else(|| "the channel".to_owned(), |name| format!("#{name}"))
        }
        Recipient::User(user) => notice.name.clone().unwrap_or_else(|| name_of(page.view, user).to_owned()),
    }
}
