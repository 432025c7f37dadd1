//! `GET clock` and `POST clock`: the time that the practice guild lives in. Programs that live in it follow by
//! asking again and again for a setting other than the one they know.

use super::Problem;
use super::problem::Body;
use crate::app::{App, Shared};
use ::clock::{Clock, PracticeSetting};
use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// How long a question for another setting stays open.
const CHANGE_WITHIN: Duration = Duration::from_secs(20);

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/clock", get(show).post(set))
}

fn shape(app: &App) -> Value {
    let (movable, setting) = match &app.clock {
        Clock::System => (false, PracticeSetting::Running { offset: SignedDuration::ZERO }),
        Clock::Practice(clock) => (true, clock.setting()),
    };
    let running = matches!(setting, PracticeSetting::Running { .. });
    let now = app.clock.now();
    json!({ "now": now, "running": running, "movable": movable, "setting": setting.to_string() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    /// The setting that the caller knows: the answer waits until it is another one, for 20 seconds at most.
    unlike: Option<String>,
}

async fn show(State(app): State<Shared>, Query(known): Query<Known>) -> Result<Json<Value>, Problem> {
    let known: Option<PracticeSetting> = match known.unlike {
        Some(text) => Some(text.parse().map_err(|_| Problem::Invalid("`unlike` is no setting".to_owned()))?),
        None => None,
    };
    if let (Some(known), Clock::Practice(clock)) = (known, &app.clock) {
        tokio::select! {
            _ = clock.set_otherwise_than(known) => {}
            () = tokio::time::sleep(CHANGE_WITHIN) => {}
            () = app.stop.cancelled() => {}
        }
    }
    Ok(Json(shape(&app)))
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
