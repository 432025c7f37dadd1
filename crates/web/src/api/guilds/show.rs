//! GET `/guilds/{guild}`.

use actions::guilds;
use axum::Json;
use axum::extract::State;

use crate::api::shapes::GuildShape;
use crate::app::Web;
use crate::auth::Signed;
use crate::input::GuildPath;
use crate::problem::Problem;

/// A guild that you are a member of.
#[utoipa::path(get, path = "/guilds/{guild}", tag = "guilds", operation_id = "show_guild",
    params(("guild" = String, Path)), responses((status = 200, body = GuildShape)))]
pub(crate) async fn show(
    State(web): State<Web>,
    GuildPath(guild): GuildPath,
    signed: Signed,
) -> Result<Json<GuildShape>, Problem> {
    Ok(Json(guilds::show(web.ctx(), &signed.actor, guild).await?.into()))
}
