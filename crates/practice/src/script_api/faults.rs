//! `GET faults` and `PUT faults`: what goes wrong on purpose.

use super::Problem;
use super::problem::Body;
use crate::app::Shared;
use crate::faults::Faults;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/faults", get(show).put(set))
}

async fn show(State(app): State<Shared>) -> Json<Faults> {
    Json(app.read(|world| world.faults.clone()))
}

/// Replaces all of them; what is left out goes back to its default.
async fn set(State(app): State<Shared>, Body(faults): Body<Faults>) -> Result<Json<Faults>, Problem> {
    app.change(|world, _| world.faults = faults.clone());
    Ok(Json(faults))
}
