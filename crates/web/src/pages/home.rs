//! `/`: the next games of the person who looks.

use actions::games::{self, GameQuery, GameView};
use axum::extract::State;
use domain::Status;
use look::{Section, Style, empty_state, heading, link_button};
use maud::{Markup, html};

use super::cards::cards;
use super::visit::{Content, Visit};
use crate::app::Web;
use crate::problem::Problem;

/// Games on the page.
const SHOWN: u32 = 30;

/// Next games: mine first, then what is open.
pub(crate) async fn home(State(web): State<Web>, visit: Visit) -> Result<Markup, Problem> {
    let query = GameQuery {
        statuses: vec![Status::Draft, Status::Scheduled, Status::InProgress],
        limit: SHOWN,
        ..GameQuery::default()
    };
    let next = games::list(web.ctx(), &visit.actor, query).await?;
    let is_mine = |view: &&GameView| view.my_seat.is_some() || view.game.host == visit.user();
    let (mine, open): (Vec<_>, Vec<_>) = next.games.iter().partition(is_mine);
    Ok(visit.show(Content {
        title: "Next games",
        section: Section::Home,
        guild: None,
        live: Some("/api/v1/events"),
        body: body(&visit, &mine, &open),
    }))
}

fn body(visit: &Visit, mine: &[&GameView], open: &[&GameView]) -> Markup {
    let new = link_button(Style::Primary, "/games/new", "New game");
    html! {
        (heading(None, "Next games", None, Some(new)))
        @if mine.is_empty() && open.is_empty() {
            (nothing_ahead())
        } @else {
            div .stack-l {
                @if !mine.is_empty() { section .stack { h2 { "Yours" } (cards(mine, &visit.viewing())) } }
                @if !open.is_empty() { section .stack { h2 { "Others" } (cards(open, &visit.viewing())) } }
            }
        }
    }
}

fn nothing_ahead() -> Markup {
    let what = "Games that you host, join or could join stand here, the next one first. \
        Post one, and it is announced in Discord at once.";
    let past = link_button(Style::Plain, "/games?status=all", "Look at past games");
    empty_state("No games ahead", what, Some(past))
}
