//! Interactions and the answers to callbacks.

use crate::state::permissions::{ATTACH_FILES, EMBED_LINKS, MENTION_EVERYONE, USE_EXTERNAL_EMOJIS};
use crate::state::{BOT, Interaction, Message, Place, World};
use crate::wire;
use serde_json::{Value, json};

const ATTACHMENT_LIMIT_BYTES: u64 = 10 * 1024 * 1024;
/// What an application may do in a direct message with its bot (interactions, "Interaction Structure").
const DIRECT_PERMISSIONS: u64 = ATTACH_FILES | EMBED_LINKS | MENTION_EVERYONE | USE_EXTERNAL_EMOJIS;

/// An interaction object as `INTERACTION_CREATE` carries it.
pub(crate) fn interaction(world: &World, interaction: &Interaction, data: &Value) -> Value {
    let mut whole = json!({
        "id": interaction.id,
        "application_id": BOT,
        "type": interaction.kind,
        "token": interaction.token,
        "version": 1,
        "data": data,
        "channel_id": interaction.channel,
        "locale": "en-US",
        "entitlements": [],
        "attachment_size_limit": ATTACHMENT_LIMIT_BYTES,
    });
    match world.place(interaction.channel) {
        Ok(Place::Guild(channel)) => add_guild(world, interaction, channel, &mut whole),
        Ok(Place::Direct(_)) => add_direct(world, interaction, &mut whole),
        Err(_) => {}
    }
    let pressed = interaction.message.and_then(|id| world.messages.get(interaction.channel, id));
    if let Some(message) = pressed {
        whole["message"] = wire::message(world, message);
    }
    whole
}

fn add_guild(world: &World, interaction: &Interaction, channel: &crate::state::Channel, whole: &mut Value) {
    let guild = &world.guild;
    let bits = |id| guild.member(id).map_or(0, |member| guild.permissions_in(member, channel)).to_string();
    if let Some(person) = guild.member(interaction.person) {
        let mut member = wire::member(person);
        member["permissions"] = json!(bits(person.id));
        whole["member"] = member;
    }
    let mut place = wire::channel(guild, channel);
    place["permissions"] = json!(bits(interaction.person));
    whole["channel"] = place;
    whole["guild_id"] = json!(guild.id);
    whole["guild"] = json!({ "id": guild.id, "locale": "en-US", "features": [] });
    whole["guild_locale"] = json!("en-US");
    whole["app_permissions"] = json!(bits(BOT));
    whole["authorizing_integration_owners"] = json!({ "0": guild.id });
    whole["context"] = json!(0);
}

fn add_direct(world: &World, interaction: &Interaction, whole: &mut Value) {
    if let Some(person) = world.guild.member(interaction.person) {
        whole["user"] = wire::user(person);
        whole["channel"] = wire::direct_channel(interaction.channel, person);
    }
    whole["app_permissions"] = json!(DIRECT_PERMISSIONS.to_string());
    whole["authorizing_integration_owners"] = json!({ "0": "0" });
    whole["context"] = json!(1);
}

/// The body that `with_response` asks for.
pub(crate) fn callback_response(
    world: &World,
    interaction: &Interaction,
    kind: u8,
    message: Option<&Message>,
) -> Value {
    let mut about = json!({ "id": interaction.id, "type": interaction.kind });
    let mut resource = json!({ "type": kind });
    if let Some(message) = message {
        about["response_message_id"] = json!(message.id);
        about["response_message_loading"] = json!(message.is_loading());
        about["response_message_ephemeral"] = json!(message.is_ephemeral());
        if matches!(kind, 4 | 5 | 7) {
            resource["message"] = wire::message(world, message);
        }
    }
    json!({ "interaction": about, "resource": resource })
}
