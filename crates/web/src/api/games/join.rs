//! POST `/games/{id}/join`.

use actions::games;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::shapes::{GameShape, SeatShape};
use crate::app::Web;
use crate::auth::Signed;
use crate::input::GamePath;
use crate::problem::Problem;

/// What joining came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Joined {
    /// Where that puts you.
    seat: SeatShape,
    /// You were on the roster before.
    already: bool,
    /// The game as it is now.
    game: GameShape,
}

/// Puts you on a game's roster, or on its waitlist when it is full. Joining twice is joining once.
#[utoipa::path(post, path = "/games/{id}/join", tag = "games", params(("id" = Uuid, Path)),
    responses((status = 200, body = Joined)))]
pub(crate) async fn join(
    State(web): State<Web>,
    GamePath(id): GamePath,
    signed: Signed,
) -> Result<Json<Joined>, Problem> {
    let joined = games::join(web.ctx(), &signed.actor, id).await?;
    Ok(Json(Joined { seat: joined.seat.into(), already: joined.already, game: joined.view.into() }))
}
