//! GET `/games/{id}`.

use actions::games;
use axum::Json;
use axum::extract::State;

use crate::api::shapes::GameShape;
use crate::app::Web;
use crate::auth::Signed;
use crate::input::GamePath;
use crate::problem::Problem;

/// A game.
#[utoipa::path(get, path = "/games/{id}", tag = "games", params(("id" = Uuid, Path)),
    responses((status = 200, body = GameShape)))]
pub(crate) async fn show(
    State(web): State<Web>,
    GamePath(id): GamePath,
    signed: Signed,
) -> Result<Json<GameShape>, Problem> {
    Ok(Json(games::show(web.ctx(), &signed.actor, id).await?.into()))
}
