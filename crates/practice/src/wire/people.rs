//! Users and guild members.

use crate::state::{Guild, Member};
use serde_json::{Value, json};

/// When everyone joined the practice guild.
const JOINED_AT: &str = "2024-01-25T12:00:00.000000+00:00";

/// A user object.
pub(crate) fn user(member: &Member) -> Value {
    let mut user = json!({
        "id": member.id,
        "username": member.name,
        "global_name": if member.is_bot { Value::Null } else { json!(member.global_name) },
        "discriminator": if member.is_bot { "0001" } else { "0" },
        "avatar": null,
        "avatar_decoration_data": null,
        "collectibles": null,
        "primary_guild": null,
        "public_flags": 0,
        "flags": 0,
        "banner": null,
        "accent_color": null,
    });
    if member.is_bot {
        user["bot"] = json!(true);
    }
    user
}

/// The bot's own user object, with what only it is told.
pub(crate) fn bot_user(member: &Member) -> Value {
    let mut user = user(member);
    for (name, value) in [("verified", json!(true)), ("mfa_enabled", json!(true)), ("email", Value::Null)] {
        user[name] = value;
    }
    user["locale"] = json!("en-US");
    user
}

/// A guild member object.
pub(crate) fn member(member: &Member) -> Value {
    let mut whole = member_without_user(member);
    whole["user"] = user(member);
    whole
}

/// A guild member object without its user, as it stands in message events.
pub(crate) fn member_without_user(member: &Member) -> Value {
    json!({
        "nick": null,
        "avatar": null,
        "banner": null,
        "avatar_decoration_data": null,
        "roles": member.roles,
        "joined_at": JOINED_AT,
        "premium_since": null,
        "deaf": false,
        "mute": false,
        "flags": 0,
        "pending": false,
        "communication_disabled_until": null,
    })
}

/// A guild member without its user but with its permissions, as it stands in resolved data.
pub(crate) fn member_in_interaction(guild: &Guild, member: &Member) -> Value {
    let mut partial = member_without_user(member);
    partial["permissions"] = json!(guild.permissions(member).to_string());
    partial
}
