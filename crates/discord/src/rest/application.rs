//! The bot itself: who it is, where its gateway is, which commands it has.

use super::route::{Part, Route};
use super::{Rest, json};
use crate::RestError;
use crate::command::Command;
use domain::GuildId;
use reqwest::Method;
use serde::Deserialize;
use std::time::Duration;

/// The application that the token belongs to.
#[derive(Clone, Debug, Deserialize)]
pub struct Application {
    #[serde(deserialize_with = "crate::wire::id")]
    id: u64,
}

impl Application {
    /// Its id.
    pub const fn id(&self) -> u64 {
        self.id
    }
}

/// Where the gateway is and what it grants.
#[derive(Clone, Debug, Deserialize)]
pub struct GatewayInfo {
    /// The WebSocket address.
    pub url: String,
    /// How many shards Discord advises.
    pub shards: u32,
    /// How often the bot may still identify.
    pub session_start_limit: SessionStarts,
}

/// How often the bot may identify.
#[derive(Clone, Debug, Deserialize)]
pub struct SessionStarts {
    /// In a day.
    pub total: u32,
    /// Of those, left.
    pub remaining: u32,
    /// In how many milliseconds none is spent any more.
    pub reset_after: u64,
    /// How many shards may identify in any five seconds.
    pub max_concurrency: u32,
}

impl SessionStarts {
    /// How long to wait where none is left but what others may be about to take; Discord resets the token of a bot that
    /// takes more.
    pub fn spent_for(&self) -> Option<Duration> {
        (self.remaining <= self.max_concurrency).then(|| Duration::from_millis(self.reset_after))
    }
}

impl Rest {
    /// Asks who the token belongs to.
    pub async fn current_application(&self) -> Result<Application, RestError> {
        self.get(Route::new(Method::GET, ("GET", "/applications/@me"), vec![])).await
    }

    /// Asks where the gateway is.
    pub async fn gateway(&self) -> Result<GatewayInfo, RestError> {
        self.get(Route::new(Method::GET, ("GET", "/gateway/bot"), vec![])).await
    }

    /// Replaces the commands that the bot has in one guild; they are there at once.
    pub async fn set_guild_commands(
        &self,
        application: u64,
        guild: GuildId,
        commands: &[Command],
    ) -> Result<(), RestError> {
        let name = ("PUT", "/applications/{application.id}/guilds/{guild.id}/commands");
        let parts = vec![Part::Id(application), Part::Id(guild.get())];
        self.send(&Route::new(Method::PUT, name, parts), Some(json(&commands))).await.map(drop)
    }

    /// Replaces the commands that the bot has everywhere.
    pub async fn set_global_commands(&self, application: u64, commands: &[Command]) -> Result<(), RestError> {
        let name = ("PUT", "/applications/{application.id}/commands");
        let parts = vec![Part::Id(application)];
        self.send(&Route::new(Method::PUT, name, parts), Some(json(&commands))).await.map(drop)
    }
}
