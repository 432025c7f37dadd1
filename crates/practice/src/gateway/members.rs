//! `GUILD_MEMBERS_CHUNK`: the answer to opcode 8.

use crate::state::{Member, World};
use crate::wire;
use serde_json::{Value, json};

/// Everybody whom the request asks for, in one chunk (gateway events, "Request Guild Members").
pub(super) fn chunk(world: &World, data: &Value) -> Value {
    let query = data["query"].as_str().unwrap_or_default().to_lowercase();
    let ids: Vec<String> = match &data["user_ids"] {
        Value::Array(ids) => ids.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(id) => vec![id.clone()],
        _ => Vec::new(),
    };
    let wanted = |member: &&Member| {
        if ids.is_empty() {
            member.name.to_lowercase().starts_with(&query)
                || member.global_name.to_lowercase().starts_with(&query)
        } else {
            ids.contains(&member.id.to_string())
        }
    };
    let members: Vec<Value> = world.guild.members.iter().filter(wanted).map(wire::member).collect();
    let mut chunk =
        json!({ "guild_id": world.guild.id, "members": members, "chunk_index": 0, "chunk_count": 1 });
    if let Some(nonce) = data.get("nonce").filter(|nonce| !nonce.is_null()) {
        chunk["nonce"] = nonce.clone();
    }
    chunk
}
