//! Messages.

use super::route::{Part, Route};
use super::{Rest, json, parse};
use crate::RestError;
use crate::message::Message;
use crate::nonce::Marker;
use crate::wire;
use domain::{ChannelId, MessageId, UserId};
use reqwest::Method;
use serde::{Deserialize, Serialize};

/// Messages that Discord gives at once.
const PAGE_MAX: u8 = 100;
const MESSAGE: &str = "/channels/{channel.id}/messages/{message.id}";
const MESSAGES: &str = "/channels/{channel.id}/messages";

/// A message that Discord took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct SentMessage {
    /// Its id.
    pub id: MessageId,
    /// The channel that it is in.
    #[serde(rename = "channel_id")]
    pub channel: ChannelId,
}

/// A part of a channel's history, newest first.
#[derive(Clone, Debug)]
pub struct History(Vec<wire::Message>);

impl History {
    /// The message that a delivery made, if it is in this part.
    pub fn find(&self, marker: &Marker) -> Option<MessageId> {
        self.0.iter().find(|message| message.carries(marker)).map(|message| message.id)
    }

    /// The oldest message of this part, before which the next one begins.
    pub fn oldest(&self) -> Option<MessageId> {
        self.0.iter().map(|message| message.id).min()
    }
}

#[derive(Serialize)]
struct Create<'a> {
    #[serde(flatten)]
    message: &'a Message,
    nonce: &'a str,
    enforce_nonce: bool,
}

impl Rest {
    /// Opens the DM with a person, or gives the one that is open.
    pub async fn open_dm(&self, user: UserId) -> Result<ChannelId, RestError> {
        #[derive(Serialize)]
        struct Body {
            recipient_id: UserId,
        }
        let route = Route::new(Method::POST, ("POST", "/users/@me/channels"), vec![]);
        let answer = self.send(&route, Some(json(&Body { recipient_id: user }))).await?;
        parse::<wire::Identified<ChannelId>>(&answer).map(|channel| channel.id)
    }

    /// Sends a message. With the same nonce within a few minutes Discord gives back the message that is there
    /// already instead of making another one.
    pub async fn create_message(
        &self,
        channel: ChannelId,
        message: &Message,
        nonce: &str,
    ) -> Result<SentMessage, RestError> {
        let route = Route::new(Method::POST, ("POST", MESSAGES), vec![Part::Id(channel.get())]);
        let body = json(&Create { message, nonce, enforce_nonce: true });
        parse(&self.send(&route, Some(body)).await?)
    }

    /// Replaces everything in a message of ours.
    pub async fn edit_message(&self, sent: SentMessage, message: &Message) -> Result<(), RestError> {
        let parts = vec![Part::Id(sent.channel.get()), Part::Id(sent.id.get())];
        let route = Route::new(Method::PATCH, ("PATCH", MESSAGE), parts);
        self.send(&route, Some(json(&message.as_edit()))).await.map(drop)
    }

    /// Deletes a message.
    pub async fn delete_message(&self, sent: SentMessage) -> Result<(), RestError> {
        let parts = vec![Part::Id(sent.channel.get()), Part::Id(sent.id.get())];
        self.send(&Route::new(Method::DELETE, ("DELETE", MESSAGE), parts), None).await.map(drop)
    }

    /// Reads up to 100 messages of a channel, the newest or those before `before`.
    pub async fn messages(
        &self,
        channel: ChannelId,
        before: Option<MessageId>,
    ) -> Result<History, RestError> {
        let before = before.map(|id| format!("&before={id}")).unwrap_or_default();
        let route = Route::new(Method::GET, ("GET", MESSAGES), vec![Part::Id(channel.get())])
            .query(format!("limit={PAGE_MAX}{before}"));
        self.get(route).await.map(History)
    }
}
