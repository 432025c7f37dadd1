//! `/webhooks/{application}/{token}`: what is sent with an interaction's token after the first answer.

use super::path::snowflake;
use super::{Answer, JsonBody};
use crate::app::Shared;
use crate::errors::{ApiError, Code};
use crate::state::BOT;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde_json::Value;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/webhooks/{application}/{token}", post(follow_up))
        .route("/webhooks/{application}/{token}/messages/{message}", get(one).patch(edit).delete(delete))
}

fn check_application(id: &str) -> Result<(), ApiError> {
    let id = snowflake("webhook_id", id)?;
    if id == BOT { Ok(()) } else { Err(Code::UnknownWebhook.into()) }
}

async fn follow_up(
    State(app): State<Shared>,
    Path((application, token)): Path<(String, String)>,
    JsonBody(body): JsonBody,
) -> Answer<Json<Value>> {
    check_application(&application)?;
    app.change(|world, now| world.follow_up(&token, &body, now)).map(Json)
}

type Target = Path<(String, String, String)>;

async fn one(State(app): State<Shared>, Path((application, token, which)): Target) -> Answer<Json<Value>> {
    check_application(&application)?;
    let now = app.clock.now();
    app.read(|world| world.get_response(&token, &which, now)).map(Json)
}

async fn edit(
    State(app): State<Shared>,
    Path((application, token, which)): Target,
    JsonBody(body): JsonBody,
) -> Answer<Json<Value>> {
    check_application(&application)?;
    app.change(|world, now| world.edit_response(&token, &which, &body, now)).map(Json)
}

async fn delete(State(app): State<Shared>, Path((application, token, which)): Target) -> Answer<StatusCode> {
    check_application(&application)?;
    app.change(|world, now| world.delete_response(&token, &which, now))?;
    Ok(StatusCode::NO_CONTENT)
}
