//! `POST press`, `POST command`, `POST autocomplete`, `POST submit` and `GET commands`.

use super::Problem;
use super::problem::Body;
use crate::app::Shared;
use crate::interactions::{ANSWER_WITHIN, Outcome, carry_out};
use crate::state::{Filled, Snowflake, World};
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/press", post(press))
        .route("/command", post(command))
        .route("/autocomplete", post(autocomplete))
        .route("/submit", post(submit))
        .route("/commands", get(commands))
}

/// The longest that a caller may ask to wait for a deferred answer.
const PATIENCE_LIMIT_MILLISECONDS: u64 = 60_000;

fn patience(wait_ms: Option<u64>) -> Duration {
    wait_ms.map_or(ANSWER_WITHIN, |wait| Duration::from_millis(wait.min(PATIENCE_LIMIT_MILLISECONDS)))
}

fn shape(outcome: &Outcome) -> Json<Value> {
    let milliseconds = outcome.acknowledged.map(|time| (time.as_secs_f64() * 100_000.0).round() / 100.0);
    let mut shape = json!({
        "interaction": outcome.interaction,
        "acknowledged_ms": milliseconds,
        "reply": outcome.reply,
        "error": outcome.error,
    });
    if let Some(data) = &outcome.data {
        shape["data"] = data.clone();
    }
    Json(shape)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Press {
    #[serde(rename = "as")]
    person: String,
    message: Snowflake,
    /// Its label or its `custom_id`.
    button: String,
    /// What is chosen, when it is a select menu.
    #[serde(default)]
    values: Vec<String>,
    wait_ms: Option<u64>,
}

async fn press(State(app): State<Shared>, Body(press): Body<Press>) -> Result<Json<Value>, Problem> {
    let deed = |world: &World| {
        let person = world.person(&press.person)?.id;
        world.press(person, press.message, &press.button, &press.values)
    };
    Ok(shape(&carry_out(&app, patience(press.wait_ms), deed).await?))
}

#[derive(Deserialize)]
struct Run {
    #[serde(rename = "as")]
    person: String,
    channel: String,
    /// The command and its subcommands, with or without a slash.
    command: String,
    #[serde(default)]
    options: Map<String, Value>,
    wait_ms: Option<u64>,
}

async fn command(State(app): State<Shared>, Body(run): Body<Run>) -> Result<Json<Value>, Problem> {
    perform(&app, &run, None).await
}

async fn perform(app: &Shared, run: &Run, focused: Option<&str>) -> Result<Json<Value>, Problem> {
    let deed = |world: &World| {
        let person = world.person(&run.person)?.id;
        let channel = world.seen_channel(person, &run.channel)?;
        world.run(person, channel, &run.command, Filled { options: &run.options, focused })
    };
    Ok(shape(&carry_out(app, patience(run.wait_ms), deed).await?))
}

#[derive(Deserialize)]
struct Typing {
    #[serde(flatten)]
    run: Run,
    /// The option that is being typed in.
    focused: String,
}

async fn autocomplete(State(app): State<Shared>, Body(typing): Body<Typing>) -> Result<Json<Value>, Problem> {
    perform(&app, &typing.run, Some(&typing.focused)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Submit {
    #[serde(rename = "as")]
    person: String,
    /// The interaction that the bot answered with a form.
    interaction: Snowflake,
    /// What is filled in, by `custom_id`.
    values: Map<String, Value>,
    wait_ms: Option<u64>,
}

async fn submit(State(app): State<Shared>, Body(submit): Body<Submit>) -> Result<Json<Value>, Problem> {
    let deed = |world: &World| {
        let person = world.person(&submit.person)?.id;
        world.submit(person, submit.interaction, &submit.values)
    };
    Ok(shape(&carry_out(&app, patience(submit.wait_ms), deed).await?))
}

/// Every registered command as Discord gives it back, global ones and the guild's.
async fn commands(State(app): State<Shared>) -> Json<Value> {
    Json(app.read(|world| world.commands.iter().cloned().collect()))
}
