//! A daemon that runs beside the API in one house.

use actions::Ctx;
use domain::due::Duty;
use scheduler::Hints;
use std::collections::BTreeMap;
use telemetry::{Captured, CapturedSpan, ServiceName};
use testkit::House;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::instrument::WithSubscriber as _;

/// One of the two daemons, running.
pub(crate) struct Daemon {
    pub(crate) ctx: Ctx,
    pub(crate) captured: Captured,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// A house whose guild is known and in which no daemon runs yet.
pub(crate) async fn house() -> House {
    let house = House::open(ServiceName::Api).await;
    house.know_the_guild().await;
    house
}

impl Daemon {
    /// Starts a daemon, and waits until it has looked at the schedule once.
    pub(crate) async fn start(house: &House, duty: Duty) -> Self {
        Self::start_with(house, duty, |_| Hints::none()).await
    }

    /// The same, with hints.
    pub(crate) async fn start_with(house: &House, duty: Duty, hints: impl FnOnce(&Ctx) -> Hints) -> Self {
        let daemon = Self::begin_with(house, duty, hints);
        house
            .until("its first turn", async |_| {
                daemon.captured.metric("muster.loop.last_turn.age").is_some_and(|age| !age.points.is_empty())
            })
            .await;
        daemon
    }

    /// Starts a daemon, and waits for nothing.
    pub(crate) fn begin(house: &House, duty: Duty) -> Self {
        Self::begin_with(house, duty, |_| Hints::none())
    }

    fn begin_with(house: &House, duty: Duty, hints: impl FnOnce(&Ctx) -> Hints) -> Self {
        let service = match duty {
            Duty::Notify => ServiceName::NotificationDaemon,
            Duty::Transition => ServiceName::StatusTransitionDaemon,
        };
        let (ctx, captured) = house.beside(service);
        let stop = house.stop.child_token();
        let daemon = scheduler::Daemon { ctx: ctx.clone(), duty, hints: hints(&ctx) };
        let logs = ctx.telemetry.log_dispatch();
        let task = telemetry::spawn(scheduler::run(daemon, stop.clone()).with_subscriber(logs));
        Self { ctx, captured, stop, task }
    }

    /// Stops it in good order.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    /// The spans of that name, once there are so many.
    pub(crate) async fn spans(&self, house: &House, name: &str, count: usize) -> Vec<CapturedSpan> {
        house.until(name, async |_| self.named(name).len() >= count).await;
        self.named(name)
    }

    fn named(&self, name: &str) -> Vec<CapturedSpan> {
        self.captured.spans().into_iter().filter(|span| span.name == name).collect()
    }
}

/// Some attributes of a span on one line.
pub(crate) fn told(span: &CapturedSpan, keys: &[&str]) -> String {
    let value = |attributes: &BTreeMap<String, String>, key: &str| {
        attributes.get(key).cloned().unwrap_or_else(|| "-".to_owned())
    };
    keys.iter().map(|key| value(&span.attributes, key)).collect::<Vec<_>>().join(" ")
}
