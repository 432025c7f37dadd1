//! POST `/games/{id}/leave`.

use actions::games;
use axum::Json;
use axum::extract::State;

use crate::api::shapes::GameShape;
use crate::app::Web;
use crate::auth::Signed;
use crate::input::GamePath;
use crate::problem::Problem;

/// Takes you off a game's roster. Who is not on it has left.
#[utoipa::path(post, path = "/games/{id}/leave", tag = "games", params(("id" = Uuid, Path)),
    responses((status = 200, body = GameShape)))]
pub(crate) async fn leave(
    State(web): State<Web>,
    GamePath(id): GamePath,
    signed: Signed,
) -> Result<Json<GameShape>, Problem> {
    Ok(Json(games::leave(web.ctx(), &signed.actor, id).await?.into()))
}
