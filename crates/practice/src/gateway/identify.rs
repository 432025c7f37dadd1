//! Logging in: IDENTIFY and RESUME.

use super::close::Close;
use crate::rest::applications;
use crate::state::{BOT, Session, World, intents};
use crate::wire;
use serde_json::{Value, json};

/// How the client's `d` of IDENTIFY reads.
#[derive(Debug)]
struct Identify<'a> {
    token: &'a str,
    intents: u64,
    shard: (u64, u64),
}

impl<'a> Identify<'a> {
    fn read(data: &'a Value) -> Result<Self, Close> {
        let token = data["token"].as_str().ok_or(Close::DECODE_ERROR)?;
        if !data["properties"].is_object() {
            return Err(Close::DECODE_ERROR);
        }
        let intents = data["intents"].as_u64().ok_or(Close::INVALID_INTENTS)?;
        let shard = match &data["shard"] {
            Value::Null => (0, 1),
            pair => {
                let number = pair[0].as_u64().ok_or(Close::INVALID_SHARD)?;
                let count = pair[1].as_u64().ok_or(Close::INVALID_SHARD)?;
                (number, count)
            }
        };
        if shard.0 >= shard.1 {
            return Err(Close::INVALID_SHARD);
        }
        Ok(Self { token, intents, shard })
    }
}

fn is_bots(world: &World, token: &str) -> bool {
    token.strip_prefix("Bot ").unwrap_or(token) == world.token
}

/// What a session needs to know of its connection.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) connection: u64,
    /// Where a RESUME should go.
    pub(super) address: String,
    /// The id of a session that may come to be.
    pub(super) session_id: String,
}

/// Opens a session; READY and `GUILD_CREATE` wait in it.
pub(super) fn identify(world: &mut World, data: &Value, line: Line) -> Result<String, Close> {
    let wanted = Identify::read(data)?;
    if !is_bots(world, wanted.token) {
        return Err(Close::AUTHENTICATION_FAILED);
    }
    if wanted.intents & !intents::DOCUMENTED != 0 {
        return Err(Close::INVALID_INTENTS);
    }
    if wanted.intents & intents::PRIVILEGED != 0 && !world.faults.privileged_intents {
        return Err(Close::DISALLOWED_INTENTS);
    }
    let bot = BOT;
    let mut session = Session::new(line.session_id.clone(), wanted.intents, wanted.shard, line.connection);
    let has_guild = session.has_guild(Some(world.guild.id.0));
    let guilds = if has_guild { json!([{ "id": world.guild.id, "unavailable": true }]) } else { json!([]) };
    let ready = json!({
        "v": 10,
        "user": world.guild.member(bot).map(wire::bot_user),
        "guilds": guilds,
        "session_id": line.session_id,
        "session_type": "normal",
        "resume_gateway_url": line.address,
        "shard": [wanted.shard.0, wanted.shard.1],
        "application": { "id": bot, "flags": applications::flags(world) },
        "private_channels": [],
        "relationships": [],
        "user_settings": {},
        "presences": [],
        "guild_join_requests": [],
        "geo_ordered_rtc_regions": [],
    });
    session.push("READY", &ready);
    if has_guild && wanted.intents & intents::GUILDS != 0 {
        session.push("GUILD_CREATE", &wire::guild_create(&world.guild, bot, wanted.intents));
    }
    world.sessions.open(session);
    Ok(line.session_id)
}

/// What became of a RESUME.
#[derive(Debug)]
pub(super) enum Resumed {
    /// Everything after this sequence number is sent again.
    From { session: String, sequence: u64 },
    /// The session is unknown or too old: opcode 9.
    Invalid,
}

/// Takes up a session where its client left it.
pub(super) fn resume(world: &mut World, data: &Value, connection: u64) -> Result<Resumed, Close> {
    let token = data["token"].as_str().ok_or(Close::DECODE_ERROR)?;
    let id = data["session_id"].as_str().ok_or(Close::DECODE_ERROR)?;
    let sequence = data["seq"].as_u64().ok_or(Close::DECODE_ERROR)?;
    if !is_bots(world, token) {
        return Err(Close::AUTHENTICATION_FAILED);
    }
    let Some(session) = world.sessions.get(id) else { return Ok(Resumed::Invalid) };
    if sequence > session.sequence() {
        return Err(Close::INVALID_SEQUENCE);
    }
    if session.after(sequence).is_none() {
        return Ok(Resumed::Invalid);
    }
    session.connection = Some(connection);
    session.orders.clear();
    session.push("RESUMED", &json!({}));
    Ok(Resumed::From { session: id.to_owned(), sequence })
}
