//! `GET channels`, `PATCH`/`DELETE channels/{channel}`, `GET channels/{channel}/messages`.

use super::Problem;
use super::problem::Body;
use crate::app::Shared;
use crate::interactions::described;
use crate::state::permissions::SEND_MESSAGES;
use crate::state::{Channel, PlayError, Snowflake, TEXT, World};
use axum::extract::{Path, Query, State};
use axum::routing::{get, patch};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

/// Newest messages given unless asked for more.
const DEFAULT_LIMIT: usize = 100;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/channels", get(list))
        .route("/channels/{channel}", patch(change).delete(delete))
        .route("/channels/{channel}/messages", get(messages))
}

async fn list(State(app): State<Shared>) -> Json<Value> {
    let texts = |channel: &&Channel| channel.kind == TEXT;
    Json(app.read(|world| {
        world.guild.channels.iter().filter(texts).map(|channel| shape(world, channel)).collect()
    }))
}

fn shape(world: &World, channel: &Channel) -> Value {
    let sees = |person: &&crate::state::Member| world.person_may(person, channel, 0);
    let seen_by: Vec<&str> =
        world.guild.people().filter(sees).map(|person| person.global_name.as_str()).collect();
    json!({
        "id": channel.id,
        "name": channel.name,
        "topic": channel.topic,
        "seen_by": seen_by,
        "bot_sees": world.bot_may(channel.id, 0).is_ok(),
        "bot_writes": world.bot_may(channel.id, SEND_MESSAGES).is_ok(),
    })
}

fn find(world: &World, name: &str) -> Result<Snowflake, PlayError> {
    let channel = world.guild.text_channel(name).map(|channel| channel.id);
    channel.ok_or_else(|| PlayError::UnknownChannel(name.to_owned()))
}

#[derive(Deserialize)]
struct Reader {
    #[serde(rename = "as")]
    person: String,
    limit: Option<usize>,
}

/// What that person sees there, oldest first, ephemeral answers to the person included.
async fn messages(
    State(app): State<Shared>,
    Path(channel): Path<String>,
    Query(reader): Query<Reader>,
) -> Result<Json<Value>, Problem> {
    app.read(|world| {
        let person = world.person(&reader.person)?.id;
        let channel = world.seen_channel(person, &channel)?;
        let visible = world.messages.of_channel(channel).filter(|message| message.is_visible_to(person));
        let newest = visible.rev().take(reader.limit.unwrap_or(DEFAULT_LIMIT));
        let mut shapes: Vec<Value> = newest.map(|message| described(world, message)).collect();
        shapes.reverse();
        Ok(Json(shapes.into()))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    name: Option<String>,
    bot_sees: Option<bool>,
    bot_writes: Option<bool>,
}

async fn change(
    State(app): State<Shared>,
    Path(channel): Path<String>,
    Body(change): Body<Change>,
) -> Result<Json<Value>, Problem> {
    app.change(|world, _| {
        let id = find(world, &channel)?;
        if let Some(name) = &change.name {
            world.rename_channel(id, name);
        }
        if change.bot_sees.is_some() || change.bot_writes.is_some() {
            world.set_bot_access(id, change.bot_sees, change.bot_writes);
        }
        let channel = world.guild.channel(id).map(|channel| shape(world, channel));
        Ok(Json(channel.unwrap_or_default()))
    })
}

async fn delete(State(app): State<Shared>, Path(channel): Path<String>) -> Result<StatusCode, Problem> {
    app.change(|world, now| {
        let id = find(world, &channel)?;
        world.delete_channel(id, now);
        Ok(StatusCode::NO_CONTENT)
    })
}
