//! `bot-service`: interactions, deliveries, cards.

use super::{Plan, beside, finish};
use crate::failure::Failure;
use crate::service::Service;
use bot::BotConfig;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use telemetry::Secret;

impl Plan<'_> {
    pub(super) fn bot(&self, dashboard: SocketAddr, token: Secret<String>) -> Result<Service, Failure> {
        let ctx = self.rooms.ctx(&self.telemetries.bot);
        let stop = self.stop.clone();
        let address = self.public_url(dashboard)?.as_str().trim_end_matches('/').to_owned();
        let config = BotConfig { token, dashboard: Some(address), shards: NonZeroU32::MIN };
        Service::start(&self.telemetries.bot, async move {
            let beside = beside(&ctx, &stop, []);
            let ended = bot::run(ctx.clone(), config, stop).await;
            finish(ctx, beside).await;
            ended.map_err(|error| error.to_string())
        })
    }
}
