//! Messages in a channel.

use super::path::snowflake;
use super::{Answer, JsonBody, layers};
use crate::app::Shared;
use crate::errors::{ApiError, Code, Problems};
use crate::state::permissions::READ_MESSAGE_HISTORY;
use crate::state::{Message, Snowflake, World};
use crate::wire;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

const PAGE_LIMIT: usize = 100;
const DEFAULT_PAGE: usize = 50;
/// What a refused edit of an old message asks to wait.
const OLD_EDIT_RETRY_AFTER: Duration = Duration::from_mins(1);

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/channels/{channel}/messages", get(list).post(create))
        .route("/channels/{channel}/messages/{message}", get(one).patch(edit).delete(delete))
}

fn place(channel: &str, message: &str) -> Result<(Snowflake, Snowflake), ApiError> {
    Ok((snowflake("channel_id", channel)?, snowflake("message_id", message)?))
}

#[derive(Deserialize)]
struct Page {
    limit: Option<usize>,
    before: Option<Snowflake>,
    after: Option<Snowflake>,
    around: Option<Snowflake>,
}

async fn list(
    State(app): State<Shared>,
    Path(channel): Path<String>,
    Query(page): Query<Page>,
) -> Answer<Json<Value>> {
    let channel = snowflake("channel_id", &channel)?;
    let limit = page.limit.unwrap_or(DEFAULT_PAGE);
    if !(1..=PAGE_LIMIT).contains(&limit) {
        let message = format!("int value should be between 1 and {PAGE_LIMIT}.");
        return Err(Problems::one("limit", "NUMBER_TYPE_RANGE", message).into());
    }
    app.read(|world| {
        world.bot_may(channel, 0)?;
        // Without the right to read history Discord gives an empty list.
        if world.bot_may(channel, READ_MESSAGE_HISTORY).is_err() {
            return Ok(Json(Value::Array(Vec::new())));
        }
        let messages = select(world, channel, &page, limit);
        Ok(Json(messages.into_iter().map(|message| wire::message(world, message)).collect()))
    })
}

/// A page of messages, newest first.
fn select<'a>(world: &'a World, channel: Snowflake, page: &Page, limit: usize) -> Vec<&'a Message> {
    let all = || world.messages.of_channel(channel).filter(|message| !message.is_ephemeral());
    if let Some(after) = page.after {
        let mut found: Vec<_> = all().filter(|message| message.id > after).take(limit).collect();
        found.reverse();
        return found;
    }
    if let Some(around) = page.around {
        let newer = all().filter(|message| message.id > around).take(limit / 2);
        let older = all().rev().filter(|message| message.id <= around).take(limit - limit / 2);
        let mut found: Vec<_> = newer.chain(older).collect();
        found.sort_by_key(|message| std::cmp::Reverse(message.id));
        return found;
    }
    let before = page.before.unwrap_or(Snowflake(u64::MAX));
    all().rev().filter(|message| message.id < before).take(limit).collect()
}

async fn one(
    State(app): State<Shared>,
    Path((channel, message)): Path<(String, String)>,
) -> Answer<Json<Value>> {
    let (channel, id) = place(&channel, &message)?;
    app.read(|world| {
        world.bot_may(channel, READ_MESSAGE_HISTORY)?;
        let message = world.messages.get(channel, id).filter(|message| !message.is_ephemeral());
        Ok(Json(wire::message(world, message.ok_or(Code::UnknownMessage)?)))
    })
}

async fn create(
    State(app): State<Shared>,
    Path(channel): Path<String>,
    JsonBody(body): JsonBody,
) -> Answer<Json<Value>> {
    let channel = snowflake("channel_id", &channel)?;
    app.change(|world, now| world.create_message(channel, &body, now)).map(Json)
}

async fn edit(
    State(app): State<Shared>,
    Path((channel, message)): Path<(String, String)>,
    JsonBody(body): JsonBody,
) -> Answer<Response> {
    let (channel, id) = place(&channel, &message)?;
    let now = app.clock.now();
    if app.read(|world| world.faults.old_edits_refused && world.is_old(channel, id, now)) {
        return Ok(layers::too_many("shared", OLD_EDIT_RETRY_AFTER, Some(30046)));
    }
    let edited = app.change(|world, now| world.edit_message(channel, id, &body, now))?;
    Ok(Json(edited).into_response())
}

async fn delete(
    State(app): State<Shared>,
    Path((channel, message)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let (channel, id) = place(&channel, &message)?;
    app.change(|world, now| world.delete_message(channel, id, now))?;
    Ok(StatusCode::NO_CONTENT)
}
