//! Users, and direct message channels with them.

use super::path::snowflake;
use super::{Answer, JsonBody};
use crate::app::Shared;
use crate::errors::{Code, Problems};
use crate::state::{BOT, Snowflake};
use crate::wire;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/users/@me", get(me))
        .route("/users/@me/guilds", get(my_guilds))
        .route("/users/@me/channels", post(open_direct))
        .route("/users/{user}", get(user))
}

async fn me(State(app): State<Shared>) -> Answer<Json<Value>> {
    let user = app.read(|world| world.guild.member(BOT).map(wire::bot_user));
    Ok(Json(user.ok_or(Code::UnknownUser)?))
}

async fn my_guilds(State(app): State<Shared>) -> Json<Value> {
    let guild = app.read(|world| {
        let permissions = world.guild.member(BOT).map_or(0, |bot| world.guild.permissions(bot));
        let guild = &world.guild;
        json!({ "id": guild.id, "name": guild.name, "icon": null, "banner": null, "owner": false,
                "permissions": permissions.to_string(), "features": [] })
    });
    Json(json!([guild]))
}

async fn user(State(app): State<Shared>, Path(id): Path<String>) -> Answer<Json<Value>> {
    let id = snowflake("user_id", &id)?;
    let user = app.read(|world| world.guild.member(id).map(wire::user));
    Ok(Json(user.ok_or(Code::UnknownUser)?))
}

async fn open_direct(State(app): State<Shared>, JsonBody(body): JsonBody) -> Answer<Json<Value>> {
    let recipient = body.get("recipient_id").cloned().unwrap_or_default();
    let recipient: Snowflake = serde_json::from_value(recipient).map_err(|_| {
        let message = "Value is not snowflake.";
        Problems::one("recipient_id", "NUMBER_TYPE_COERCE", message)
    })?;
    let channel = app.change(|world, now| {
        let person = world.guild.member(recipient).filter(|member| !member.is_bot).cloned()?;
        let channel = world.direct_channel(recipient, now);
        Some(wire::direct_channel(channel, &person))
    });
    let invalid = || Problems::one("recipient_id", "INVALID_RECIPIENT", "Cannot send messages to this user");
    Ok(Json(channel.ok_or_else(invalid)?))
}
