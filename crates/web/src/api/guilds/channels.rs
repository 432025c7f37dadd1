//! GET `/guilds/{guild}/channels`.

use actions::guilds;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Web;
use crate::auth::Signed;
use crate::input::GuildPath;
use crate::problem::Problem;

/// Channels.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Channels {
    /// In their order.
    channels: Vec<ChannelShape>,
}

/// A channel.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChannelShape {
    id: String,
    name: String,
    /// Discord's channel type: 0 is a text channel.
    #[serde(rename = "type")]
    kind: u8,
    /// The bot is known not to be allowed to write there.
    forbidden: bool,
}

/// A guild's channels.
#[utoipa::path(get, path = "/guilds/{guild}/channels", tag = "guilds", params(("guild" = String, Path)),
    responses((status = 200, body = Channels)))]
pub(crate) async fn channels(
    State(web): State<Web>,
    GuildPath(guild): GuildPath,
    signed: Signed,
) -> Result<Json<Channels>, Problem> {
    let channels = guilds::channels(web.ctx(), &signed.actor, guild).await?;
    let shapes = channels.into_iter().map(|channel| ChannelShape {
        id: channel.id.to_string(),
        name: channel.name,
        kind: channel.kind,
        forbidden: channel.forbidden_since.is_some(),
    });
    Ok(Json(Channels { channels: shapes.collect() }))
}
