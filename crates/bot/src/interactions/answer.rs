//! The words of our answers; those of a refusal are the verb's own, the same at every door.

use actions::games::GameView;
use actions::{Refusal, Refuses};
use discord::message::text::{long_time, plain, relative_time};
use discord::message::{Embed, Message, text};
use domain::seats::Seat;
use telemetry::TraceContext;

/// What is said to somebody who has just joined.
pub(super) fn joined(view: &GameView, seat: Seat, already: bool) -> Message {
    let (title, when) = (plain(&view.game.title), relative_time(view.game.start));
    let still = if already { "still " } else { "" };
    said(&match seat {
        Seat::Confirmed(_) => format!("You {still}have a seat in **{title}**. It starts {when}."),
        Seat::Waitlisted(place) => format!(
            "All seats of **{title}** are taken. You are {still}on the waitlist, at place {place}. It starts {when}."
        ),
    })
}

/// What is said to somebody who has just left.
pub(super) fn left(view: &GameView) -> Message {
    said(&format!("You are no longer on the roster of **{}**.", plain(&view.game.title)))
}

/// A list of games under a heading.
pub(super) fn list(heading: &str, views: &[GameView], total: u64) -> Message {
    let mut lines: Vec<String> = views.iter().map(line).collect();
    let unseen = total.saturating_sub(views.len() as u64);
    if unseen > 0 {
        lines.push(format!("and {unseen} more"));
    }
    let shown = text::list(&lines, discord::message::DESCRIPTION_MAX_CHARS);
    Message::framed(Embed::titled(heading).description(&shown)).ephemeral()
}

fn line(view: &GameView) -> String {
    let game = &view.game;
    let mine = match view.my_seat {
        Some(Seat::Confirmed(_)) => " · you have a seat",
        Some(Seat::Waitlisted(_)) => " · you are on the waitlist",
        None if view.may_run => " · yours to run",
        None => "",
    };
    let (title, when) = (plain(&game.title), long_time(game.start));
    format!("**{title}** · {when} · {}/{}{mine}", view.split.confirmed.len(), game.terms.seats)
}

/// Why it can't be done.
pub(super) fn refused<E: Refuses>(error: &E) -> Message {
    match error.refusal() {
        Refusal::Broken => said(&format!("{error} (reference `{}`)", reference())),
        Refusal::Invalid(fields) => {
            let lines: Vec<String> = fields.iter().map(|field| plain(&field.message)).collect();
            said(&lines.join("\n"))
        }
        _ => said(&plain(&error.to_string())),
    }
}

/// The trace that an operator can look up.
fn reference() -> String {
    let context = TraceContext::current();
    context.traceparent.split('-').nth(1).unwrap_or("none").to_owned()
}

/// A button or command that we don't know.
pub(super) fn unknown() -> Message {
    said(
        "I don't know this one. It may come from an older message; the game's page or `/game list` will help.",
    )
}

/// A button that another version of us made.
pub(super) fn from_another_version() -> Message {
    said("This button was made by another version of me. Use the newest card of the game, or `/game list`.")
}

pub(super) fn said(sentence: &str) -> Message {
    Message::text(sentence).ephemeral()
}
