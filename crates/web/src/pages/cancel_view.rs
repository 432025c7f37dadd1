//! The question before a game is cancelled.

use domain::Game;
use look::{Style, heading, hidden, link_button};
use maud::{Markup, html};

/// Asks before a game is cancelled.
pub(crate) fn view(game: &Game, players: usize, csrf: &str) -> Markup {
    let told = match players {
        0 => "Nobody is on the roster.".to_owned(),
        1 => "The one player is told.".to_owned(),
        count => format!("All {count} players are told."),
    };
    let crumb = html! { a href={ "/games/" (game.id) } { (game.title) } };
    html! {
        (heading(Some(crumb), "Cancel this game?", None, None))
        form .stack method="post" action={ "/games/" (game.id) "/cancel" } {
            (hidden("csrf", csrf))
            p {
                "The announcement is marked as cancelled, and no reminder goes out any more. " (told)
                " This can't be undone."
            }
            div .row {
                (look::button(Style::Danger, "Cancel the game"))
                (link_button(Style::Plain, &format!("/games/{}", game.id), "Keep it"))
            }
        }
    }
}
