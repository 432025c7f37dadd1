//! `GET oracle`: every message that was ever visible.

use crate::app::Shared;
use crate::state::{BOT, Message, World};
use crate::wire::time;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/oracle", get(oracle))
}

async fn oracle(State(app): State<Shared>) -> Json<Value> {
    Json(app.read(|world| {
        let mut messages: Vec<&Message> = world.messages.all().collect();
        messages.sort_by_key(|message| message.id);
        messages.into_iter().map(|message| shape(world, message)).collect()
    }))
}

fn shape(world: &World, message: &Message) -> Value {
    let name = |id| world.guild.member(id).map(|member| member.global_name.clone());
    let direct = world.direct.get(&message.channel).copied();
    let custom_ids: Vec<&str> =
        message.controls().filter_map(|control| control["custom_id"].as_str()).collect();
    json!({
        "id": message.id,
        "nonce": message.nonce,
        "channel": message.channel,
        "channel_name": world.guild.channel(message.channel).map(|channel| channel.name.clone()),
        "dm_with": direct.and_then(name),
        "author": name(message.author),
        "by_bot": message.author == BOT,
        "only_for": message.only_for.and_then(name),
        "interaction": message.origin.as_ref().map(|origin| origin.interaction),
        "loading": message.is_loading(),
        "content": message.content,
        "embeds": message.embeds,
        "custom_ids": custom_ids,
        "mentions": {
            "users": message.mentions.users,
            "roles": message.mentions.roles,
            "everyone": message.mentions.everyone,
        },
        "created": time(message.created),
        "edited": message.edited.map(time),
        "edits": message.edits,
        "deleted": message.deleted.map(time),
    })
}
