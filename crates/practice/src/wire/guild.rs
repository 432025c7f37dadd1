//! The guild, its roles and channels.

use crate::state::{CATEGORY, Channel, DIRECT, Guild, Member, Overwrite, Role, Snowflake, intents};
use crate::wire;
use serde_json::{Value, json};

/// A role object.
pub(crate) fn role(role: &Role) -> Value {
    let mut whole = json!({
        "id": role.id,
        "name": role.name,
        "description": null,
        "color": role.color,
        "colors": { "primary_color": role.color, "secondary_color": null, "tertiary_color": null },
        "hoist": role.color != 0,
        "icon": null,
        "unicode_emoji": null,
        "position": role.position,
        "permissions": role.permissions.to_string(),
        "managed": role.managed,
        "mentionable": false,
        "flags": 0,
    });
    if role.managed {
        whole["tags"] = json!({ "bot_id": Snowflake(crate::cast::APPLICATION_ID) });
    }
    whole
}

/// A guild channel object.
pub(crate) fn channel(guild: &Guild, channel: &Channel) -> Value {
    let overwrite = |overwrite: &Overwrite| {
        json!({
            "id": overwrite.id,
            "type": u8::from(overwrite.is_member),
            "allow": overwrite.allow.to_string(),
            "deny": overwrite.deny.to_string(),
        })
    };
    let mut whole = json!({
        "id": channel.id,
        "type": channel.kind,
        "guild_id": guild.id,
        "name": channel.name,
        "position": channel.position,
        "parent_id": channel.parent,
        "permission_overwrites": channel.overwrites.iter().map(overwrite).collect::<Vec<_>>(),
        "flags": 0,
    });
    if channel.kind != CATEGORY {
        whole["topic"] = json!(channel.topic);
        whole["nsfw"] = json!(false);
        whole["rate_limit_per_user"] = json!(0);
        whole["last_message_id"] = Value::Null;
    }
    whole
}

/// A channel as it stands in an interaction's resolved data.
pub(crate) fn partial_channel(guild: &Guild, channel: &Channel) -> Value {
    let mut partial = self::channel(guild, channel);
    partial["permissions"] = json!("0");
    partial
}

/// A direct message channel object.
pub(crate) fn direct_channel(id: Snowflake, person: &Member) -> Value {
    json!({
        "id": id,
        "type": DIRECT,
        "last_message_id": null,
        "flags": 0,
        "recipients": [wire::user(person)],
    })
}

/// A guild object as REST gives it: without channels and members.
pub(crate) fn guild(guild: &Guild) -> Value {
    json!({
        "id": guild.id,
        "name": guild.name,
        "icon": null,
        "splash": null,
        "discovery_splash": null,
        "description": null,
        "banner": null,
        "home_header": null,
        "owner_id": guild.owner,
        "application_id": null,
        "region": "deprecated",
        "afk_channel_id": null,
        "afk_timeout": 300,
        "system_channel_id": null,
        "system_channel_flags": 0,
        "widget_enabled": false,
        "widget_channel_id": null,
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw": false,
        "nsfw_level": 0,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": false,
        "preferred_locale": "en-US",
        "rules_channel_id": null,
        "public_updates_channel_id": null,
        "safety_alerts_channel_id": null,
        "vanity_url_code": null,
        "max_presences": null,
        "max_members": 500_000,
        "max_video_channel_users": 25,
        "max_stage_video_channel_users": 50,
        "features": [],
        "emojis": [],
        "stickers": [],
        "incidents_data": null,
        "roles": guild.roles.iter().map(role).collect::<Vec<_>>(),
    })
}

/// The guild as `GUILD_CREATE` carries it: the members are all with `GUILD_MEMBERS` and `GUILD_PRESENCES`, else the
/// bot alone (gateway events, "Guild Create").
pub(crate) fn guild_create(guild: &Guild, bot: Snowflake, wanted: u64) -> Value {
    let everyone = wanted & (intents::GUILD_MEMBERS | intents::GUILD_PRESENCES) != 0;
    let shown = |member: &&Member| everyone || member.id == bot;
    let channels: Vec<Value> = guild.channels.iter().map(|channel| self::channel(guild, channel)).collect();
    let mut whole = self::guild(guild);
    let more = json!({
        "joined_at": "2024-01-25T12:00:00.000000+00:00",
        "large": false,
        "unavailable": false,
        "member_count": guild.members.len(),
        "voice_states": [],
        "members": guild.members.iter().filter(shown).map(wire::member).collect::<Vec<_>>(),
        "channels": channels,
        "threads": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    });
    if let (Value::Object(whole), Value::Object(more)) = (&mut whole, more) {
        whole.extend(more);
    }
    whole
}
