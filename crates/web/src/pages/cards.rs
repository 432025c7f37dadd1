//! Games as cards in a list.

use actions::games::GameView;
use domain::UserId;
use jiff::Timestamp;
use look::{Icon, icon, seats, time};
use maud::{Markup, html};

use super::words::{is_full, name_of, seat_badge, status_badge};
use crate::local_time::zone;

/// Cards in the order given.
pub(crate) fn cards(games: &[&GameView], viewer: &Viewing<'_>) -> Markup {
    html! { ul .games { @for game in games { li { (card(game, viewer)) } } } }
}

/// Who looks at the cards, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Viewing<'a> {
    pub(crate) user: UserId,
    pub(crate) csrf: &'a str,
    pub(crate) now: Timestamp,
}

fn card(view: &GameView, viewing: &Viewing<'_>) -> Markup {
    let Viewing { user: viewer, now, .. } = *viewing;
    let game = &view.game;
    let address = format!("/games/{}", game.id);
    let all = usize::try_from(game.terms.seats).unwrap_or(usize::MAX);
    html! {
        article .game .game-past[game.end() < now || game.status.is_final()] {
            div .game-facts {
                div .game-title { h3 { a href=(address) { (game.title) } } (status_badge(game.status)) }
                div .game-meta {
                    span { (icon(Icon::Clock)) " " (time(game.start, &zone(&game.zone), now)) }
                    span { (icon(Icon::Person)) " " (name_of(view, game.host)) }
                    @if !game.terms.place.is_empty() { span { (icon(Icon::Place)) " " (game.terms.place) } }
                }
                (seats(view.split.confirmed.len(), all, view.split.waitlist.len()))
            }
            div .game-act {
                @if let Some(seat) = view.my_seat { (seat_badge(seat)) }
                @else if game.host == viewer { span .muted { "You host it" } }
                (action(view, &address, viewing))
            }
        }
    }
}

/// The one thing to do from here: join, or look.
fn action(view: &GameView, address: &str, viewing: &Viewing<'_>) -> Markup {
    let name = &view.game.title;
    html! {
        @if view.may_join && view.game.host != viewing.user {
            form method="post" action={ (address) "/join" } {
                (look::hidden("csrf", viewing.csrf))
                button .button.button-primary type="submit" {
                    @if is_full(view) { "Join the waitlist" } @else { "Join" }
                    span .hidden { " of " (name) }
                }
            }
        } @else {
            a .button href=(address) { "Open" span .hidden { " " (name) } }
        }
    }
}
