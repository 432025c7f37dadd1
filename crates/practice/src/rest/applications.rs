//! The bot's own application.

use super::Answer;
use crate::app::Shared;
use crate::errors::Code;
use crate::state::{BOT, World};
use crate::wire;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

/// Application flags: the three privileged intents, in the form for bots in fewer than 100 guilds.
const LIMITED_PRIVILEGED_INTENTS: u64 = 1 << 13 | 1 << 15 | 1 << 19;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/applications/@me", get(application))
        .route("/oauth2/applications/@me", get(application))
}

async fn application(State(app): State<Shared>) -> Answer<Json<Value>> {
    Ok(Json(app.read(shape).ok_or(Code::UnknownApplication)?))
}

/// The application's public flags.
pub(crate) fn flags(world: &World) -> u64 {
    if world.faults.privileged_intents { LIMITED_PRIVILEGED_INTENTS } else { 0 }
}

fn shape(world: &World) -> Option<Value> {
    let bot = world.guild.member(BOT)?;
    let owner = world.guild.member(world.guild.owner)?;
    Some(json!({
        "id": bot.id,
        "name": bot.global_name,
        "icon": null,
        "description": "Schedules games for Discord communities",
        "summary": "",
        "type": null,
        "bot": wire::user(bot),
        "bot_public": false,
        "bot_require_code_grant": false,
        "owner": wire::user(owner),
        "team": null,
        "guild_id": world.guild.id,
        "approximate_guild_count": 1,
        "approximate_user_install_count": 0,
        "redirect_uris": [],
        "interactions_endpoint_url": null,
        "role_connections_verification_url": null,
        "flags": flags(world),
        "tags": [],
        "integration_types_config": { "0": {} },
        "verify_key": "0".repeat(64),
        "rpc_origins": [],
        "hook": true,
    }))
}
