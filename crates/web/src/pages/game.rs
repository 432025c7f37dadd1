//! `/games/{id}`: a game, and what one does with it.

use actions::games;
use axum::extract::State;
use axum::response::Redirect;
use domain::GameId;
use look::Section;
use maud::Markup;

use super::cancel_view;
use super::game_view::{self, GamePage};
use super::visit::{Content, SentForm, Visit};
use crate::app::Web;
use crate::input::GamePath;
use crate::problem::Problem;

/// The game.
pub(crate) async fn show(
    State(web): State<Web>,
    GamePath(id): GamePath,
    visit: Visit,
) -> Result<Markup, Problem> {
    let view = games::show(web.ctx(), &visit.actor, id).await?;
    let notices =
        if view.may_run { games::deliveries(web.ctx(), &visit.actor, id).await? } else { Vec::new() };
    let channel = super::channel_name(&web, &visit, &view.game).await?;
    let page = GamePage {
        view: &view,
        channel: channel.as_deref(),
        viewer: visit.user(),
        notices: &notices,
        csrf: &visit.csrf,
        now: visit.now,
    };
    Ok(visit.show(Content {
        title: &view.game.title,
        section: Section::Games,
        guild: Some(&view.guild_name),
        live: Some(&format!("/api/v1/events?game={id}")),
        body: game_view::view(&page),
    }))
}

/// Joins, and shows where that put them.
pub(crate) async fn join(
    State(web): State<Web>,
    GamePath(id): GamePath,
    form: SentForm,
) -> Result<Redirect, Problem> {
    games::join(web.ctx(), &form.visit.actor, id).await?;
    Ok(to_game(id))
}

/// Leaves.
pub(crate) async fn leave(
    State(web): State<Web>,
    GamePath(id): GamePath,
    form: SentForm,
) -> Result<Redirect, Problem> {
    games::leave(web.ctx(), &form.visit.actor, id).await?;
    Ok(to_game(id))
}

/// Asks whether it shall be cancelled.
pub(crate) async fn ask_to_cancel(
    State(web): State<Web>,
    GamePath(id): GamePath,
    visit: Visit,
) -> Result<Markup, Problem> {
    let view = super::game_to_run(&web, &visit, id).await?;
    let players = view.split.confirmed.len() + view.split.waitlist.len();
    Ok(visit.show(Content {
        title: "Cancel a game",
        section: Section::Games,
        guild: Some(&view.guild_name),
        live: None,
        body: cancel_view::view(&view.game, players, &visit.csrf),
    }))
}

/// Cancels it.
pub(crate) async fn cancel(
    State(web): State<Web>,
    GamePath(id): GamePath,
    form: SentForm,
) -> Result<Redirect, Problem> {
    games::cancel(web.ctx(), &form.visit.actor, id).await?;
    Ok(to_game(id))
}

/// Back to the game, so that a reload sends nothing again.
pub(super) fn to_game(id: GameId) -> Redirect {
    Redirect::to(&format!("/games/{id}"))
}
