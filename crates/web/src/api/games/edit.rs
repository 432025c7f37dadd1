//! PATCH `/games/{id}`.

use actions::games;
use axum::extract::State;

use crate::api::shapes::{GamePatch, GameShape};
use crate::app::Web;
use crate::auth::Signed;
use crate::input::{GamePath, Json};
use crate::problem::Problem;

/// Changes a game; its players are told of a new time or place.
#[utoipa::path(patch, path = "/games/{id}", tag = "games", params(("id" = Uuid, Path)),
    request_body = GamePatch, responses((status = 200, body = GameShape)))]
pub(crate) async fn edit(
    State(web): State<Web>,
    GamePath(id): GamePath,
    signed: Signed,
    Json(patch): Json<GamePatch>,
) -> Result<axum::Json<GameShape>, Problem> {
    Ok(axum::Json(games::edit(web.ctx(), &signed.actor, id, patch.into()).await?.into()))
}
