//! `bot-service`: interactions, deliveries, cards.

use super::{Plan, beside, finish};
use crate::failure::Failure;
use crate::service::Service;
use bot::BotConfig;
use telemetry::{Secret, Telemetry};
use url::Url;

impl Plan<'_> {
    /// `dashboard` is where people reach it.
    pub(crate) fn bot(
        &self,
        telemetry: &Telemetry,
        (dashboard, token): (Url, Secret<String>),
    ) -> Result<Service, Failure> {
        let ctx = self.rooms.ctx(telemetry);
        let stop = self.stop.clone();
        let address = dashboard.as_str().trim_end_matches('/').to_owned();
        let config = BotConfig { token, dashboard: Some(address), shards: self.settings.shards };
        Service::start((telemetry, self.settings.workers), async move {
            let beside = beside(&ctx, &stop, []);
            let ended = bot::run(ctx.clone(), config, stop).await;
            finish(ctx, beside).await;
            ended.map_err(|error| error.to_string())
        })
    }
}
