//! DELETE `/games/{id}`.

use actions::games;
use axum::Json;
use axum::extract::State;

use crate::api::shapes::GameShape;
use crate::app::Web;
use crate::auth::Signed;
use crate::input::GamePath;
use crate::problem::Problem;

/// Cancels a game: it stays, nothing stays pending for it, and its players are told. Twice is once.
#[utoipa::path(delete, path = "/games/{id}", tag = "games", params(("id" = Uuid, Path)),
    responses((status = 200, body = GameShape)))]
pub(crate) async fn cancel(
    State(web): State<Web>,
    GamePath(id): GamePath,
    signed: Signed,
) -> Result<Json<GameShape>, Problem> {
    Ok(Json(games::cancel(web.ctx(), &signed.actor, id).await?.into()))
}
