//! `DELETE messages/{id}` and `POST say`: what people do with messages.

use super::Problem;
use super::problem::Body;
use crate::app::Shared;
use crate::interactions::described;
use crate::state::{PlayError, Snowflake};
use axum::extract::{Path, State};
use axum::routing::{delete, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/messages/{message}", delete(remove)).route("/say", post(say))
}

/// Deletes a message as somebody with the right to would.
async fn remove(State(app): State<Shared>, Path(id): Path<Snowflake>) -> Result<StatusCode, Problem> {
    app.change(|world, now| {
        let channel = world.messages.find(id).map(|message| message.channel);
        let channel = channel.ok_or(PlayError::UnknownMessage(id))?;
        world.remove(channel, id, now);
        Ok(StatusCode::NO_CONTENT)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    #[serde(rename = "as")]
    person: String,
    /// A channel, or `dm` for the direct messages with the bot.
    channel: String,
    content: String,
}

async fn say(State(app): State<Shared>, Body(said): Body<Said>) -> Result<Json<Value>, Problem> {
    app.change(|world, now| {
        let person = world.person(&said.person)?.id;
        if said.channel.eq_ignore_ascii_case("dm") {
            world.direct_channel(person, now);
        }
        let channel = world.seen_channel(person, &said.channel)?;
        let message = world.say(person, channel, &said.content, now)?;
        Ok(Json(described(world, &message)))
    })
}
