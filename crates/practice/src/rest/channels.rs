//! A channel, and typing in it.

use super::Answer;
use super::path::snowflake;
use crate::app::Shared;
use crate::errors::Code;
use crate::state::Place;
use crate::state::permissions::SEND_MESSAGES;
use crate::wire;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde_json::Value;

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/channels/{channel}", get(channel)).route("/channels/{channel}/typing", post(typing))
}

async fn channel(State(app): State<Shared>, Path(id): Path<String>) -> Answer<Json<Value>> {
    let id = snowflake("channel_id", &id)?;
    let shape = app.read(|world| {
        world.bot_may(id, 0)?;
        match world.place(id)? {
            Place::Guild(channel) => Ok(wire::channel(&world.guild, channel)),
            Place::Direct(person) => {
                let person = world.guild.member(person).ok_or(Code::UnknownChannel)?;
                Ok(wire::direct_channel(id, person))
            }
        }
    });
    let mut shape = shape.map_err(|code: Code| code)?;
    let last = app.read(|world| world.messages.of_channel(id).next_back().map(|message| message.id));
    shape["last_message_id"] = serde_json::to_value(last).unwrap_or_default();
    Ok(Json(shape))
}

async fn typing(State(app): State<Shared>, Path(id): Path<String>) -> Answer<StatusCode> {
    let id = snowflake("channel_id", &id)?;
    app.read(|world| world.bot_may(id, SEND_MESSAGES))?;
    Ok(StatusCode::NO_CONTENT)
}
