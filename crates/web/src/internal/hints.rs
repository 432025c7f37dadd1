//! POST `/internal/v1/hints`: something has happened to a game.

use axum::extract::{Extension, State};
use axum::http::StatusCode;
use domain::Event;

use crate::app::Web;
use crate::input::Json;
use crate::layers::observe::Facts;
use crate::problem::Problem;

/// Tells open pages at once of an event that comes over the bus, too: whichever is first is told. Losing a hint
/// costs a moment, and nothing else.
pub(crate) async fn hints(
    State(web): State<Web>,
    Extension(facts): Extension<Facts>,
    Json(event): Json<Event>,
) -> Result<StatusCode, Problem> {
    facts.guild(event.guild);
    if let Some(game) = event.game {
        facts.game(game);
    }
    web.live().tell(event);
    Ok(StatusCode::NO_CONTENT)
}
