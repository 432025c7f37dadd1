//! The bot's answers to interactions: the first one, its `@original`, and follow-ups.

use super::interactions::{AUTOCOMPLETE, Answer, COMMAND, COMPONENT, Interaction, MODAL_SUBMIT};
use super::messages::{EPHEMERAL, LOADING, Message, Origin};
use super::posting::Post;
use super::{BOT, Snowflake, World};
use crate::errors::{ApiError, Code, Problems};
use crate::validate::{self, Draft, Purpose};
use crate::wire;
use jiff::Timestamp;
use serde_json::Value;

/// Discord's interaction callback types.
mod callback {
    pub(super) const PONG: u64 = 1;
    pub(super) const MESSAGE: u64 = 4;
    pub(super) const DEFERRED_MESSAGE: u64 = 5;
    pub(super) const DEFERRED_UPDATE: u64 = 6;
    pub(super) const UPDATE: u64 = 7;
    pub(super) const AUTOCOMPLETE: u64 = 8;
    pub(super) const MODAL: u64 = 9;
}

impl World {
    /// Takes the first answer; gives the body for `with_response`.
    pub(crate) fn answer(
        &mut self,
        id: Snowflake,
        token: &str,
        body: &Value,
        now: Timestamp,
    ) -> Result<Value, ApiError> {
        let interaction = self.interactions.get(&id).filter(|interaction| interaction.token == token);
        let interaction = interaction.ok_or(Code::UnknownInteraction)?.clone();
        if interaction.answer.is_some() {
            return Err(Code::AlreadyAcknowledged.into());
        }
        if interaction.is_overdue(now) {
            return Err(Code::UnknownInteraction.into());
        }
        let kind = callback_kind(&interaction, body)?;
        let message = self.carry_out(&interaction, kind, &body["data"], now).map_err(under_data)?;
        let data = kept_data(kind, &body["data"]).map_err(|problems| problems.under("data"))?;
        let known = self.interactions.get_mut(&id).ok_or(Code::UnknownInteraction)?;
        known.answer = Some(Answer { kind, at: now, data });
        known.original = message.as_ref().map(|message| message.id);
        Ok(wire::callback_response(self, &interaction, kind, message.as_ref()))
    }

    fn carry_out(
        &mut self,
        interaction: &Interaction,
        kind: u8,
        data: &Value,
        now: Timestamp,
    ) -> Result<Option<Message>, ApiError> {
        let required = self.faults.require_allowed_mentions;
        match u64::from(kind) {
            callback::MESSAGE => {
                let draft = validate::message(data, Purpose::Create, required)?;
                Ok(Some(self.respond(interaction, draft, now)))
            }
            callback::DEFERRED_MESSAGE => {
                let flags = data["flags"].as_u64().unwrap_or(0) & EPHEMERAL | LOADING;
                Ok(Some(self.respond(interaction, Draft { flags, ..Draft::default() }, now)))
            }
            callback::DEFERRED_UPDATE => {
                let pressed = interaction.message.and_then(|id| self.messages.get(interaction.channel, id));
                Ok(pressed.cloned())
            }
            callback::UPDATE => {
                let draft = validate::message(data, Purpose::Edit, required)?;
                let pressed = interaction.message.ok_or(Code::UnknownMessage)?;
                self.edit(interaction.channel, pressed, draft, now).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn respond(&mut self, interaction: &Interaction, draft: Draft, now: Timestamp) -> Message {
        let only_for = (draft.flags & EPHEMERAL != 0).then_some(interaction.person);
        let origin = Some(Origin {
            interaction: interaction.id,
            kind: interaction.kind,
            person: interaction.person,
            name: interaction.name.clone(),
            message: interaction.message,
        });
        let (channel, author) = (interaction.channel, BOT);
        self.post(Post { channel, author, draft, only_for, origin }, now)
    }

    /// The interaction of a live token that was answered.
    fn answered(&self, token: &str, now: Timestamp) -> Result<&Interaction, Code> {
        let interaction = self.interactions.values().find(|interaction| interaction.token == token);
        let interaction = interaction.ok_or(Code::UnknownWebhook)?;
        if !interaction.is_alive(now) {
            return Err(Code::InvalidWebhookToken);
        }
        interaction.answer.as_ref().ok_or(Code::UnknownWebhook)?;
        Ok(interaction)
    }

    /// The message that `which` (`@original` or an id) means for that token: its channel and id.
    fn response(&self, token: &str, which: &str, now: Timestamp) -> Result<(Snowflake, Snowflake), Code> {
        let interaction = self.answered(token, now)?;
        let id = if which == "@original" {
            interaction.original
        } else {
            let id = which.parse().map_err(|_| Code::UnknownMessage)?;
            let own = interaction.original == Some(id) || interaction.followups.contains(&id);
            own.then_some(id)
        };
        Ok((interaction.channel, id.ok_or(Code::UnknownMessage)?))
    }

    /// A message that was sent with a token.
    pub(crate) fn get_response(&self, token: &str, which: &str, now: Timestamp) -> Result<Value, ApiError> {
        let (channel, id) = self.response(token, which, now)?;
        let message = self.messages.get(channel, id).ok_or(Code::UnknownMessage)?;
        Ok(wire::message(self, message))
    }

    /// Changes a message that was sent with a token.
    pub(crate) fn edit_response(
        &mut self,
        token: &str,
        which: &str,
        body: &Value,
        now: Timestamp,
    ) -> Result<Value, ApiError> {
        let (channel, id) = self.response(token, which, now)?;
        let draft = validate::message(body, Purpose::Edit, self.faults.require_allowed_mentions)?;
        let message = self.edit(channel, id, draft, now)?;
        Ok(wire::message(self, &message))
    }

    /// Deletes a message that was sent with a token.
    pub(crate) fn delete_response(
        &mut self,
        token: &str,
        which: &str,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        let (channel, id) = self.response(token, which, now)?;
        self.messages.get(channel, id).ok_or(Code::UnknownMessage)?;
        self.remove(channel, id, now);
        Ok(())
    }

    /// Sends a further message; right after a deferred answer it fills that one in instead (as Discord
    /// documents under "Create Followup Message").
    pub(crate) fn follow_up(&mut self, token: &str, body: &Value, now: Timestamp) -> Result<Value, ApiError> {
        let interaction = self.answered(token, now)?.clone();
        let draft = validate::message(body, Purpose::Create, self.faults.require_allowed_mentions)?;
        let deferred = interaction.original.and_then(|id| self.messages.get(interaction.channel, id));
        let message =
            if let Some(id) = deferred.filter(|message| message.is_loading()).map(|message| message.id) {
                self.edit(interaction.channel, id, draft, now)?
            } else {
                let message = self.respond(&interaction, draft, now);
                if let Some(known) = self.interactions.get_mut(&interaction.id) {
                    known.followups.push(message.id);
                }
                message
            };
        Ok(wire::message(self, &message))
    }
}

/// What is wrong with a callback's data, told as of the whole body.
fn under_data(error: ApiError) -> ApiError {
    match error {
        ApiError::Invalid(problems) => ApiError::Invalid(problems.under("data")),
        other => other,
    }
}

/// The data that is kept of an answer which isn't a message.
fn kept_data(kind: u8, data: &Value) -> Result<Option<Value>, Problems> {
    match u64::from(kind) {
        callback::AUTOCOMPLETE => validate::choices(data).map(Some),
        callback::MODAL => validate::form(data).map(Some),
        _ => Ok(None),
    }
}

/// The callback type of a body, when that kind of interaction may be answered so.
fn callback_kind(interaction: &Interaction, body: &Value) -> Result<u8, Problems> {
    use callback as c;
    let Some(kind) = body["type"].as_u64() else {
        let mut problems = Problems::default();
        problems.required("type");
        return Err(problems);
    };
    let allowed: &[u64] = match interaction.kind {
        COMMAND => &[c::PONG, c::MESSAGE, c::DEFERRED_MESSAGE, c::MODAL],
        COMPONENT => &[c::PONG, c::MESSAGE, c::DEFERRED_MESSAGE, c::DEFERRED_UPDATE, c::UPDATE, c::MODAL],
        MODAL_SUBMIT => &[c::PONG, c::MESSAGE, c::DEFERRED_MESSAGE, c::DEFERRED_UPDATE, c::UPDATE],
        AUTOCOMPLETE => &[c::AUTOCOMPLETE],
        _ => &[],
    };
    match u8::try_from(kind) {
        Ok(small) if allowed.contains(&kind) => Ok(small),
        _ => {
            let choices: Vec<String> = allowed.iter().map(u64::to_string).collect();
            let mut problems = Problems::default();
            problems.choice("type", &choices.join(", "));
            Err(problems)
        }
    }
}
