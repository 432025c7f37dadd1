//! `GET clock` and `POST clock`: the time that the practice guild lives in.

use super::Problem;
use super::problem::Body;
use crate::app::{App, Shared};
use ::clock::Clock;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/clock", get(show).post(set))
}

fn shape(app: &App) -> Value {
    let (movable, running) = match &app.clock {
        Clock::System => (false, true),
        Clock::Practice(clock) => (true, clock.is_running()),
    };
    json!({ "now": app.clock.now(), "running": running, "movable": movable })
}

async fn show(State(app): State<Shared>) -> Json<Value> {
    Json(shape(&app))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    advance_seconds: Option<i64>,
    #[serde(default)]
    stop: bool,
    #[serde(default)]
    resume: bool,
}

async fn set(State(app): State<Shared>, Body(wanted): Body<Move>) -> Result<Json<Value>, Problem> {
    let Clock::Practice(clock) = &app.clock else {
        return Err(Problem::Conflict(
            "this server runs on the machine's clock, which can't be moved".to_owned(),
        ));
    };
    if wanted.advance_seconds.is_some_and(|seconds| seconds < 0) {
        return Err(Problem::Invalid("the clock goes forward only".to_owned()));
    }
    if wanted.stop {
        clock.stop();
    }
    if let Some(seconds) = wanted.advance_seconds {
        clock.advance(SignedDuration::from_secs(seconds));
    }
    if wanted.resume {
        clock.resume();
    }
    app.nudge();
    Ok(Json(shape(&app)))
}
