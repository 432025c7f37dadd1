//! The four services of `muster up`, a file each: which loops they run.

mod api;
mod bot;
mod daemon;

use crate::failure::Failure;
use crate::listeners::Bound;
use crate::service::Service;
use crate::settings::Settings;
use crate::wiring::{self, Rooms, Telemetries};
use actions::{Ctx, ENDS_WITHIN, relay};
use axum::Router;
use domain::due::Duty;
use sibling::Key;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;
use telemetry::Secret;
use tokio_util::sync::CancellationToken;
use url::Url;

/// What the services are started with.
pub(crate) struct Plan<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) rooms: &'a Rooms,
    /// The page of the practice Discord, when there is one.
    pub(crate) practice: Option<Url>,
    /// With which they sign what they ask of each other.
    pub(crate) key: Key,
    pub(crate) stop: &'a CancellationToken,
}

impl Plan<'_> {
    /// Starts all four; what runs stands in `running` also when a later one can't be started.
    pub(crate) fn start(
        &self,
        (running, telemetries): (&mut Vec<Service>, &Telemetries),
        (dashboard, internal, token): (Bound, Bound, Secret<String>),
        observatory: Router,
    ) -> Result<(), Failure> {
        let siblings = wiring::http_url("MUSTER_INTERNAL_LISTEN", &format!("http://{}", internal.address))?;
        running.push(self.bot(&telemetries.bot, (self.public_url(dashboard.address)?, token))?);
        running.push(self.daemon(&telemetries.notification, (Duty::Notify, Some(siblings.clone())))?);
        running.push(self.daemon(&telemetries.status_transition, (Duty::Transition, Some(siblings)))?);
        running.push(self.api(&telemetries.api, (dashboard, internal), observatory)?);
        Ok(())
    }

    /// Where people reach the dashboard that listens there.
    pub(crate) fn public_url(&self, dashboard: SocketAddr) -> Result<Url, Failure> {
        match &self.settings.public_url {
            Some(url) => Ok(url.clone()),
            None => wiring::http_url("MUSTER_LISTEN", &format!("http://{dashboard}")),
        }
    }
}

/// What runs beside; it ends with nothing when it was not done in time.
type Beside = tokio::task::JoinHandle<Option<()>>;
type Work = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

fn boxed(work: impl Future<Output = ()> + Send + 'static) -> Work {
    Box::pin(work)
}

/// How long what goes on after answers were given may still take when all else has ended.
pub(crate) const BACKGROUND_WITHIN: Duration = Duration::from_secs(2);

/// Starts what runs beside a service's main loop: its relay, and more.
fn beside(ctx: &Ctx, stop: &CancellationToken, more: impl IntoIterator<Item = Work>) -> Vec<Beside> {
    let relay = boxed(relay::run(ctx.clone(), stop.clone()));
    let in_time = |work| {
        let stop = stop.clone();
        telemetry::spawn(async move { actions::unless_stopped_for((&stop, ENDS_WITHIN), work).await })
    };
    std::iter::once(relay).chain(more).map(in_time).collect()
}

/// Waits for what ran beside, and for what goes on after answers were given.
async fn finish(ctx: Ctx, beside: Vec<Beside>) {
    for task in beside {
        // A panic there has been logged; the service itself has ended well.
        let _ = task.await;
    }
    ctx.background.close();
    let _ = tokio::time::timeout(BACKGROUND_WITHIN, ctx.background.wait()).await;
}
