//! Pages for people: plain HTML that works without a script.

mod cancel_view;
mod cards;
mod form;
mod form_input;
mod form_view;
mod game;
mod game_view;
mod games;
mod home;
mod preview;
mod problems;
mod sign_in;
mod visit;
mod words;

use actions::AccessError;
use actions::games::GameView;
use actions::guilds::{self, GuildView};
use axum::Router;
use axum::routing::{get, post};
use domain::{Game, GameId, GuildId, Template};
use url::form_urlencoded;

use crate::app::Web;
use crate::problem::Problem;
use visit::Visit;

/// The pages.
pub(crate) fn router() -> Router<Web> {
    Router::new()
        .route("/", get(home::home))
        .route("/sign-in", get(sign_in::ask).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/games", get(games::list))
        .route("/games/new", get(form::new).post(form::create))
        .route("/games/{id}", get(game::show))
        .route("/games/{id}/join", post(game::join))
        .route("/games/{id}/leave", post(game::leave))
        .route("/games/{id}/edit", get(form::edit).post(form::change))
        .route("/games/{id}/cancel", get(game::ask_to_cancel).post(game::cancel))
        .route("/problems", get(problems::all))
        .route("/problems/{slug}", get(problems::one))
}

/// Where a person signs in who wants to see `next` afterwards.
pub(crate) fn sign_in_address(next: &str) -> String {
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    format!("/sign-in?{query}")
}

/// A game, for those who run it.
async fn game_to_run(web: &Web, visit: &Visit, id: GameId) -> Result<GameView, Problem> {
    let view = actions::games::show(web.ctx(), &visit.actor, id).await?;
    if view.may_run { Ok(view) } else { Err(AccessError::Forbidden.into()) }
}

async fn guilds_of(web: &Web, visit: &Visit) -> Result<Vec<GuildView>, Problem> {
    Ok(guilds::list(web.ctx(), &visit.actor).await?)
}

/// The guild that an address names, else the first one; none when there is none at all.
fn chosen<'a>(guilds: &'a [GuildView], named: Option<&str>) -> Result<Option<&'a GuildView>, Problem> {
    let Some(named) = named else { return Ok(guilds.first()) };
    let found = guilds.iter().find(|view| view.guild.id.to_string() == named);
    found.map(Some).ok_or_else(|| Problem::not_found("There is no such guild."))
}

async fn templates_of(web: &Web, visit: &Visit, guild: GuildId) -> Result<Vec<Template>, Problem> {
    Ok(guilds::templates(web.ctx(), &visit.actor, guild).await?)
}

/// The name of the channel that a game is announced in, as far as it is known.
async fn channel_name(web: &Web, visit: &Visit, game: &Game) -> Result<Option<String>, Problem> {
    let channels = guilds::channels(web.ctx(), &visit.actor, game.guild).await?;
    Ok(channels.into_iter().find(|channel| channel.id == game.terms.channel).map(|channel| channel.name))
}
