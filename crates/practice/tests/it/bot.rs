//! A bot made with twilight, as Muster's own client is.

use crate::stage::Stage;
use std::error::Error;
use twilight_gateway::{ConfigBuilder, Event, EventTypeFlags, Intents, Shard, ShardId, StreamExt as _};
use twilight_http::Client;
use twilight_model::application::interaction::Interaction;
use twilight_model::gateway::payload::incoming::GuildCreate;

pub const INTENTS: Intents = Intents::GUILDS.union(Intents::GUILD_MESSAGES).union(Intents::DIRECT_MESSAGES);

pub struct Bot {
    pub http: Client,
    pub shard: Shard,
}

pub fn client(stage: &Stage) -> Client {
    Client::builder()
        .proxy(stage.practice.address().to_string(), true)
        .ratelimiter(None)
        .token(stage.practice.token().to_owned())
        .build()
}

impl Bot {
    /// Logs in and reads up to `GUILD_CREATE`.
    pub async fn log_in(stage: &Stage) -> (Self, twilight_model::guild::Guild) {
        let http = client(stage);
        let gateway = http.gateway().authed().await.unwrap().model().await.unwrap();
        let config =
            ConfigBuilder::new(stage.practice.token().to_owned(), INTENTS).proxy_url(gateway.url).build();
        let mut bot = Self { http, shard: Shard::with_config(ShardId::ONE, config) };
        loop {
            if let Event::GuildCreate(guild) = bot.event().await
                && let GuildCreate::Available(guild) = *guild
            {
                return (bot, guild);
            }
        }
    }

    /// The next event of any kind.
    pub async fn event(&mut self) -> Event {
        match self.shard.next_event(EventTypeFlags::all()).await.expect("the stream goes on") {
            Ok(event) => event,
            Err(error) => panic!("the gateway sent something unreadable: {error} {:?}", error.source()),
        }
    }

    /// The next interaction.
    pub async fn interaction(&mut self) -> Interaction {
        loop {
            if let Event::InteractionCreate(interaction) = self.event().await {
                return interaction.0;
            }
        }
    }
}
