//! What the page's forms do; each returns to the page that sent it.

use crate::app::{App, Shared};
use crate::faults::Faults;
use crate::interactions::{Outcome, carry_out};
use crate::state::{Filled, PlayError, Snowflake, World};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use axum::routing::post;
use axum::{Form, Router};
use clock::Clock;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// A browser waits this long for a deferred answer; the page shows later ones by itself.
const PATIENCE: Duration = Duration::from_secs(3);

/// Fields of a bot's form are told apart from the page's own by this.
pub(super) const FIELD: &str = "field.";

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/page/press", post(press))
        .route("/page/say", post(say))
        .route("/page/submit", post(submit))
        .route("/page/clock", post(clock))
        .route("/page/faults", post(faults))
        .route("/page/dms", post(dms))
}

/// Back to where the form was.
fn back(person: &str, place: &str) -> Redirect {
    Redirect::to(&format!("/?{}", form_urlencoded(&[("as", person), ("at", place)])))
}

/// Back with what has to be said, or with the form that the bot opened.
fn returned(person: &str, place: &str, outcome: Result<Option<Outcome>, PlayError>) -> Redirect {
    let extra = match outcome {
        Ok(None) => None,
        Ok(Some(outcome)) if outcome.data.is_some() => Some(("form", outcome.interaction.to_string())),
        Ok(Some(outcome)) => outcome.error.map(|error| ("told", error.to_owned())),
        Err(error) => Some(("told", sentence(&error.to_string()))),
    };
    let mut pairs = vec![("as", person), ("at", place)];
    if let Some((name, value)) = &extra {
        pairs.push((name, value));
    }
    Redirect::to(&format!("/?{}", form_urlencoded(&pairs)))
}

/// Pairs as a query; what isn't plain is percent-encoded.
fn form_urlencoded(pairs: &[(&str, &str)]) -> String {
    let encode = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect()
    };
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    pairs.join("&")
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

#[derive(Deserialize)]
struct Press {
    #[serde(rename = "as")]
    person: String,
    at: String,
    message: Snowflake,
    button: String,
}

async fn press(State(app): State<Shared>, Form(press): Form<Press>) -> impl IntoResponse {
    let deed = |world: &World| {
        let person = world.person(&press.person)?.id;
        world.press(person, press.message, &press.button, &[])
    };
    let outcome = carry_out(&app, PATIENCE, deed).await.map(Some);
    returned(&press.person, &press.at, outcome)
}

#[derive(Deserialize)]
struct Said {
    #[serde(rename = "as")]
    person: String,
    at: String,
    content: String,
}

async fn say(State(app): State<Shared>, Form(said): Form<Said>) -> impl IntoResponse {
    let outcome = if said.content.trim_start().starts_with('/') {
        run(&app, &said).await.map(Some)
    } else {
        speak(&app, &said).map(|()| None)
    };
    returned(&said.person, &said.at, outcome)
}

fn speak(app: &App, said: &Said) -> Result<(), PlayError> {
    app.change(|world, now| {
        let person = world.person(&said.person)?.id;
        if said.at == "dm" {
            world.direct_channel(person, now);
        }
        let channel = world.seen_channel(person, &said.at)?;
        world.say(person, channel, &said.content, now).map(|_| ())
    })
}

async fn run(app: &App, said: &Said) -> Result<Outcome, PlayError> {
    if said.at == "dm" {
        // A command in a direct message needs the channel that the first message would make.
        app.change(|world, now| Ok(world.direct_channel(world.person(&said.person)?.id, now)))?;
    }
    let deed = |world: &World| {
        let person = world.person(&said.person)?.id;
        let channel = world.seen_channel(person, &said.at)?;
        let (line, options) = command_line(world, &said.content);
        world.run(person, channel, &line, Filled { options: &options, focused: None })
    };
    carry_out(app, PATIENCE, deed).await
}

/// `/game create title:Moonfall at dawn seats:4` as the command and its options by name. A word with a colon begins
/// an option when some command has an option of that name; else it belongs to the value before it.
fn command_line(world: &World, text: &str) -> (String, Map<String, Value>) {
    let mut words = Vec::new();
    let mut options: Vec<(String, Vec<&str>)> = Vec::new();
    for word in text.split_whitespace() {
        match (word.split_once(':'), options.last_mut()) {
            (Some((name, value)), _) if world.commands.iter().any(|command| has_option(command, name)) => {
                options.push((name.to_owned(), if value.is_empty() { Vec::new() } else { vec![value] }));
            }
            (_, Some((_, values))) => values.push(word),
            (_, None) => words.push(word),
        }
    }
    let options = options.into_iter().map(|(name, values)| (name, json!(values.join(" ")))).collect();
    (words.join(" "), options)
}

fn has_option(node: &Value, name: &str) -> bool {
    let mut children = node["options"].as_array().into_iter().flatten();
    children.any(|child| child["name"].as_str() == Some(name) || has_option(child, name))
}

async fn submit(State(app): State<Shared>, Form(form): Form<HashMap<String, String>>) -> impl IntoResponse {
    let text = |name: &str| form.get(name).map_or("", String::as_str);
    let fields =
        form.iter().filter_map(|(name, value)| Some((name.strip_prefix(FIELD)?.to_owned(), json!(value))));
    let values: Map<String, Value> = fields.collect();
    let deed = |world: &World| {
        let person = world.person(text("as"))?.id;
        let gone = |_| PlayError::BadOption("that form is gone".to_owned());
        world.submit(person, text("interaction").parse().map_err(gone)?, &values)
    };
    let outcome = carry_out(&app, PATIENCE, deed).await.map(Some);
    returned(text("as"), text("at"), outcome)
}

#[derive(Deserialize)]
struct ClockMove {
    #[serde(rename = "as")]
    person: String,
    at: String,
    advance_seconds: Option<String>,
    run: Option<String>,
}

async fn clock(State(app): State<Shared>, Form(step): Form<ClockMove>) -> impl IntoResponse {
    if let Clock::Practice(clock) = &app.clock {
        match step.run.as_deref() {
            Some("stop") => clock.stop(),
            Some("resume") => clock.resume(),
            _ => {}
        }
        let seconds = step.advance_seconds.and_then(|seconds| seconds.parse::<i64>().ok());
        if let Some(seconds) = seconds.filter(|seconds| *seconds > 0) {
            clock.advance(SignedDuration::from_secs(seconds));
        }
        app.nudge();
    }
    back(&step.person, &step.at)
}

/// Checkboxes that are off aren't sent, so every field has a default.
#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a checkbox of its own")]
struct FaultsForm {
    #[serde(rename = "as")]
    person: String,
    at: String,
    outage: bool,
    closed_dms: bool,
    no_session_starts: bool,
    old_edits_refused: bool,
    require_allowed_mentions: bool,
    privileged_intents: bool,
    rate_limited: u32,
    lost_answers: u32,
    html_errors: u32,
    latency_milliseconds: u64,
}

async fn faults(State(app): State<Shared>, Form(form): Form<FaultsForm>) -> impl IntoResponse {
    let faults = Faults {
        outage: form.outage,
        closed_dms: form.closed_dms,
        latency_milliseconds: form.latency_milliseconds,
        lost_answers: form.lost_answers,
        rate_limited: form.rate_limited,
        html_errors: form.html_errors,
        no_session_starts: form.no_session_starts,
        old_edits_refused: form.old_edits_refused,
        require_allowed_mentions: form.require_allowed_mentions,
        privileged_intents: form.privileged_intents,
    };
    app.change(|world, _| world.faults = faults);
    back(&form.person, &form.at)
}

#[derive(Deserialize)]
struct Dms {
    #[serde(rename = "as")]
    person: String,
    at: String,
    open: bool,
}

async fn dms(State(app): State<Shared>, Form(form): Form<Dms>) -> impl IntoResponse {
    let result = app.change(|world, _| {
        let person = world.person(&form.person)?.id;
        world.set_dms(person, form.open);
        Ok(None)
    });
    returned(&form.person, &form.at, result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_words_and_options() {
        let mut world = World::new(String::new());
        world.commands.push(json!({ "name": "game", "options": [
            { "name": "create", "type": 1, "options": [{ "name": "title" }, { "name": "seats" }] },
        ] }));
        let (line, options) = command_line(&world, "/game create title:Moonfall at 19:30 seats:4");
        assert_eq!(line, "/game create");
        assert_eq!(Value::Object(options), json!({ "title": "Moonfall at 19:30", "seats": "4" }));
    }
}
