//! `notification-daemon` and `status-transition-daemon`: one loop, two duties.

use super::{Plan, beside, boxed, finish};
use crate::failure::Failure;
use crate::service::Service;
use actions::Ctx;
use clock::Clock;
use domain::due::Duty;
use scheduler::{Daemon, Hints};
use sibling::{Caller, Sibling};
use std::time::Duration;
use telemetry::Telemetry;
use tokio_util::sync::CancellationToken;
use url::Url;

/// How often old events and answers are swept away.
const SWEEP_EVERY: Duration = Duration::from_hours(1);

impl Plan<'_> {
    /// `api` is where hints go; none: nobody is hurried.
    pub(crate) fn daemon(
        &self,
        telemetry: &Telemetry,
        (duty, api): (Duty, Option<Url>),
    ) -> Result<Service, Failure> {
        let ctx = self.rooms.ctx(telemetry);
        let stop = self.stop.clone();
        let daemon = Daemon { ctx: ctx.clone(), duty, hints: self.hints(telemetry, api)? };
        Service::start((telemetry, self.settings.workers), async move {
            let sweeping = (duty == Duty::Transition).then(|| boxed(sweep(ctx.clone(), stop.clone())));
            let beside = beside(&ctx, &stop, sweeping);
            scheduler::run(daemon, stop).await;
            finish(ctx, beside).await;
            Ok(())
        })
    }

    fn hints(&self, telemetry: &Telemetry, api: Option<Url>) -> Result<Hints, Failure> {
        let Some(address) = api else { return Ok(Hints::none()) };
        let sibling = Sibling { address, key: self.key.clone() };
        // By the machine's clock: a practice clock that jumps would make what is signed look old.
        let ambience = (Clock::System, self.rooms.chance.clone());
        let caller = Caller::new(sibling, telemetry.clone(), ambience)
            .map_err(|error| std::io::Error::other(error.to_string()))?;
        Ok(Hints::to(caller))
    }
}

/// Forgets, every hour, what nobody asks for any more.
async fn sweep(ctx: Ctx, stop: CancellationToken) {
    while stop.run_until_cancelled(ctx.clock.sleep(SWEEP_EVERY)).await.is_some() {
        match actions::sweep(&ctx).await {
            Ok(rows) => tracing::info!(name: "sweep.done", { rows }, "Old rows were swept away."),
            Err(error) => tracing::warn!(
                name: "sweep.failed",
                { error.r#type = %error.error_type() },
                "Old rows could not be swept away; the next hour tries again."
            ),
        }
    }
}
