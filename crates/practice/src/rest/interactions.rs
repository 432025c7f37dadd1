//! `POST /interactions/{id}/{token}/callback`: the first answer.

use super::guilds::is_true;
use super::{Answer, JsonBody};
use crate::app::Shared;
use crate::errors::Code;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/interactions/{interaction}/{token}/callback", post(callback))
}

#[derive(Deserialize)]
struct WithResponse {
    with_response: Option<String>,
}

async fn callback(
    State(app): State<Shared>,
    Path((id, token)): Path<(String, String)>,
    Query(query): Query<WithResponse>,
    JsonBody(body): JsonBody,
) -> Answer<Response> {
    let id = id.parse().map_err(|_| Code::UnknownInteraction)?;
    let response = app.change(|world, now| world.answer(id, &token, &body, now))?;
    if is_true(query.with_response.as_deref()) {
        Ok(Json(response).into_response())
    } else {
        Ok(StatusCode::NO_CONTENT.into_response())
    }
}
