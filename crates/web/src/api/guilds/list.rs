//! GET `/guilds`.

use actions::guilds;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::shapes::GuildShape;
use crate::app::Web;
use crate::auth::Signed;
use crate::problem::Problem;

/// Guilds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Guilds {
    guilds: Vec<GuildShape>,
}

/// The guilds that you share with Muster.
#[utoipa::path(get, path = "/guilds", tag = "guilds", operation_id = "list_guilds",
    responses((status = 200, body = Guilds)))]
pub(crate) async fn list(State(web): State<Web>, signed: Signed) -> Result<Json<Guilds>, Problem> {
    let guilds = guilds::list(web.ctx(), &signed.actor).await?;
    Ok(Json(Guilds { guilds: guilds.into_iter().map(GuildShape::from).collect() }))
}
