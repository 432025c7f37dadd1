//! Messages.

use crate::state::{BOT, Message, Origin, Place, Snowflake, World};
use crate::wire;
use serde_json::{Value, json};

/// A message object.
pub(crate) fn message(world: &World, message: &Message) -> Value {
    let person = |id: &Snowflake| world.guild.member(*id).map(wire::user);
    let mut whole = json!({
        "id": message.id,
        "channel_id": message.channel,
        "type": message.origin.as_ref().map_or(0, Origin::message_type),
        "author": author(world, message.author),
        "content": message.content,
        "timestamp": wire::time(message.created),
        "edited_timestamp": message.edited.map(wire::time),
        "tts": false,
        "pinned": false,
        "flags": message.flags,
        "attachments": [],
        "embeds": message.embeds,
        "components": message.components,
        "mention_everyone": message.mentions.everyone,
        "mention_roles": message.mentions.roles,
        "mentions": message.mentions.users.iter().filter_map(person).collect::<Vec<_>>(),
    });
    if let Some(nonce) = &message.nonce {
        whole["nonce"] = nonce.clone();
    }
    if let Some(origin) = &message.origin {
        add_origin(world, origin, message, &mut whole);
    }
    whole
}

/// A message as gateway events carry it: with its guild and its author's membership.
pub(crate) fn message_event(world: &World, message: &Message) -> Value {
    let mut whole = self::message(world, message);
    if let Ok(Place::Guild(_)) = world.place(message.channel) {
        whole["guild_id"] = json!(world.guild.id);
        whole["member"] = world.guild.member(message.author).map_or(Value::Null, wire::member_without_user);
    }
    whole
}

fn author(world: &World, id: Snowflake) -> Value {
    world.guild.member(id).map_or_else(|| json!({ "id": id, "username": "gone" }), wire::user)
}

fn add_origin(world: &World, origin: &Origin, message: &Message, whole: &mut Value) {
    let user = world.guild.member(origin.person).map_or(Value::Null, wire::user);
    let owners = if world.guild_of(message.channel).is_some() { json!(world.guild.id) } else { json!("0") };
    let mut metadata = json!({
        "id": origin.interaction,
        "type": origin.kind,
        "user": user,
        "authorizing_integration_owners": { "0": owners },
    });
    if let Some(pressed) = origin.message {
        metadata["interacted_message_id"] = json!(pressed);
    }
    if origin.kind == crate::state::COMMAND {
        metadata["name"] = json!(origin.name);
        metadata["command_type"] = json!(1);
        whole["interaction"] =
            json!({ "id": origin.interaction, "type": origin.kind, "name": origin.name, "user": user });
    }
    whole["interaction_metadata"] = metadata;
    whole["application_id"] = json!(BOT);
    whole["webhook_id"] = json!(BOT);
}
