//! GET `/guilds/{guild}/templates`.

use actions::guilds;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::shapes::TemplateShape;
use crate::app::Web;
use crate::auth::Signed;
use crate::input::GuildPath;
use crate::problem::Problem;

/// Templates.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Templates {
    /// In their order.
    templates: Vec<TemplateShape>,
}

/// What games of a guild are made from.
#[utoipa::path(get, path = "/guilds/{guild}/templates", tag = "guilds", params(("guild" = String, Path)),
    responses((status = 200, body = Templates)))]
pub(crate) async fn templates(
    State(web): State<Web>,
    GuildPath(guild): GuildPath,
    signed: Signed,
) -> Result<Json<Templates>, Problem> {
    let templates = guilds::templates(web.ctx(), &signed.actor, guild).await?;
    Ok(Json(Templates { templates: templates.into_iter().map(TemplateShape::from).collect() }))
}
