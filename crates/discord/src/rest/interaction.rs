//! Answers to interactions.

use super::Rest;
use super::json;
use super::route::{Part, Route};
use crate::RestError;
use crate::interaction::Interaction;
use crate::message::Message;
use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json as value};

/// The flag of an answer that only the person who asked can see.
const EPHEMERAL: u32 = 1 << 6;

/// The first answer to an interaction, due within three seconds (Discord, "Interaction Callback Type").
#[derive(Clone, Debug)]
pub enum Response {
    /// Pong, to Discord's ping.
    Pong,
    /// A message.
    Message(Message),
    /// "Thinking…", seen by the person who asked; the message follows.
    DeferredEphemeral,
    /// Nothing visible; the message with the button may be edited later.
    DeferredUpdate,
    /// Another state of the message with the button.
    Update(Message),
}

#[derive(Serialize)]
struct Callback {
    r#type: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
}

impl Response {
    fn body(&self) -> Callback {
        let (kind, data) = match self {
            Self::Pong => (1, None),
            Self::Message(message) => (4, serde_json::to_value(message).ok()),
            Self::DeferredEphemeral => (5, Some(value!({ "flags": EPHEMERAL }))),
            Self::DeferredUpdate => (6, None),
            Self::Update(message) => (7, serde_json::to_value(message.as_edit()).ok()),
        };
        Callback { r#type: kind, data }
    }
}

impl Rest {
    /// Gives the first answer to an interaction.
    pub async fn respond(&self, to: &Interaction, response: &Response) -> Result<(), RestError> {
        let name = ("POST", "/interactions/{interaction.id}/{interaction.token}/callback");
        let parts = vec![Part::Id(to.id), Part::Token(to.token.clone())];
        let route = Route::new(Method::POST, name, parts).of_interaction(to.id);
        self.send(&route, Some(json(&response.body()))).await.map(drop)
    }

    /// Replaces the first answer to an interaction; possible for 15 minutes.
    pub async fn edit_response(&self, to: &Interaction, message: &Message) -> Result<(), RestError> {
        let name = ("PATCH", "/webhooks/{application.id}/{interaction.token}/messages/@original");
        let parts = vec![Part::Id(to.application), Part::Token(to.token.clone())];
        let route = Route::new(Method::PATCH, name, parts).of_interaction(to.id);
        self.send(&route, Some(json(&message.as_edit()))).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callback_types() {
        let message = Message::text("Done.").ephemeral();
        let kinds: Vec<_> = [
            Response::Pong,
            Response::Message(message.clone()),
            Response::DeferredEphemeral,
            Response::DeferredUpdate,
            Response::Update(message),
        ]
        .iter()
        .map(|response| serde_json::to_value(response.body()).unwrap())
        .map(|body| (body["type"].as_u64().unwrap(), body["data"]["flags"].as_u64()))
        .collect();
        assert_eq!(kinds, [(1, None), (4, Some(64)), (5, Some(64)), (6, None), (7, None)]);
    }
}
