//! Messages.

use super::route::{Part, Route};
use super::{Rest, json, parse};
use crate::RestError;
use crate::message::Message;
use crate::nonce::Marker;
use crate::wire;
use domain::{ChannelId, MessageId, UserId};
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde::{Deserialize, Serialize};

/// Messages that Discord gives at once.
const PAGE_MAX: u8 = 100;
/// DMs are counted whoever they are with.
const EVERYBODY: u64 = 0;
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

/// Milliseconds from 1970 to the first second of 2015, where snowflakes begin (Discord, "Snowflakes").
const SNOWFLAKE_EPOCH_MILLIS: i64 = 1_420_070_400_000;
/// From this age on Discord limits how often a message is edited.
const OLD: SignedDuration = SignedDuration::from_hours(1);

/// Whether a message is so old that Discord limits its edits further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageAge {
    /// An hour at most.
    Fresh,
    /// More than an hour.
    Old,
}

/// When a message was sent, as its id tells.
pub fn sent_at(message: MessageId) -> Timestamp {
    let millis = i64::try_from(message.get() >> 22).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(millis.saturating_add(SNOWFLAKE_EPOCH_MILLIS)).unwrap_or(Timestamp::MAX)
}

impl SentMessage {
    /// How old it is, for its edits.
    pub fn age(self, now: Timestamp) -> MessageAge {
        if now.duration_since(sent_at(self.id)) > OLD { MessageAge::Old } else { MessageAge::Fresh }
    }
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
    ///
    /// # Errors
    /// [`RestError::Rationed`] when nothing was sent, since too many were opened lately by all processes together.
    pub async fn open_dm(&self, user: UserId) -> Result<ChannelId, RestError> {
        #[derive(Serialize)]
        struct Body {
            recipient_id: UserId,
        }
        let route = Route::new(Method::POST, ("POST", "/users/@me/channels"), vec![]);
        let body = json(&Body { recipient_id: user });
        let call = Box::pin(self.send(&route, Some(body)));
        let answer = self.rationed((&self.shared.unannounced.new_dms, EVERYBODY), call).await?;
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

    /// Replaces everything in a message of ours, which is so old.
    ///
    /// # Errors
    /// [`RestError::Rationed`] when nothing was sent, since too many old messages of its channel were edited lately by
    /// all processes together.
    pub async fn edit_message(
        &self,
        sent: SentMessage,
        age: MessageAge,
        message: &Message,
    ) -> Result<(), RestError> {
        let parts = vec![Part::Id(sent.channel.get()), Part::Id(sent.id.get())];
        let route = Route::new(Method::PATCH, ("PATCH", MESSAGE), parts);
        let call = Box::pin(self.send(&route, Some(json(&message.as_edit()))));
        match age {
            MessageAge::Fresh => call.await.map(drop),
            MessageAge::Old => {
                let channel = (&self.shared.unannounced.old_edits, sent.channel.get());
                self.rationed(channel, call).await.map(drop)
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snowflake_tells_its_time() {
        // The example of Discord's own page on snowflakes.
        let message = MessageId::new(175_928_847_299_117_063);
        assert_eq!(sent_at(message).to_string(), "2016-04-30T11:18:25.796Z");
        let sent = SentMessage { id: message, channel: ChannelId::new(1) };
        assert_eq!(sent.age(sent_at(message) + OLD), MessageAge::Fresh);
        assert_eq!(sent.age(sent_at(message) + SignedDuration::from_mins(61)), MessageAge::Old);
    }
}
