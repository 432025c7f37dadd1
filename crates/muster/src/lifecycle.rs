//! How the process ends: asked to by a signal, or because a service gave up.

use crate::failure::Failure;
use crate::service::{Ended, Service};
use crate::services::BACKGROUND_WITHIN;
use actions::ENDS_WITHIN;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

/// From the signal to the end of the services; telemetry is flushed after that.
const DRAIN: Duration = Duration::from_secs(9);
/// A service that takes all of its time is not one that didn't stop.
const _: () = assert!(ENDS_WITHIN.as_secs() + BACKGROUND_WITHIN.as_secs() < DRAIN.as_secs());

/// Why the process ends.
#[derive(Debug)]
pub(crate) enum End {
    /// Ctrl-C or SIGTERM.
    Asked,
    /// A service that should run on has ended.
    Died(&'static str, String),
}

/// Ctrl-C and SIGTERM, listened to from the moment this is made: before anybody is told that the process runs.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(crate) fn listen() -> Result<Self, Failure> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    pub(crate) async fn asked_to_stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Waits for a signal, or for a service that ends by itself.
pub(crate) async fn wait(services: &mut [Service], signals: &mut Signals) -> End {
    tokio::select! {
        () = signals.asked_to_stop() => End::Asked,
        (name, why) = first_death(services) => End::Died(name, why),
    }
}

async fn first_death(services: &mut [Service]) -> (&'static str, String) {
    let tasks = services.iter_mut().filter_map(|service| {
        let name = service.name;
        let task = service.task.as_mut()?;
        Some(Box::pin(async move { (name, reason(task.await)) }))
    });
    let tasks: Vec<_> = tasks.collect();
    if tasks.is_empty() {
        return std::future::pending().await;
    }
    let (death, at, rest) = futures_util::future::select_all(tasks).await;
    drop(rest);
    if let Some(service) = services.iter_mut().filter(|service| service.task.is_some()).nth(at) {
        service.task = None;
    }
    death
}

fn reason(ended: Result<Ended, JoinError>) -> String {
    match ended {
        Ok(Ok(())) => "it ended although nobody had asked it to".to_owned(),
        Ok(Err(why)) => why,
        Err(_) => "it panicked".to_owned(),
    }
}

/// Lets everything run on for so long; a second signal ends the process at once.
pub(crate) async fn linger(time: Duration, signals: &mut Signals) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = signals.asked_to_stop() => std::process::exit(1),
    }
}

/// Asks every service to end, and waits for them; a second signal ends the process at once.
pub(crate) async fn stop(
    services: &mut [Service],
    stop: &CancellationToken,
    signals: &mut Signals,
) -> Result<(), Failure> {
    stop.cancel();
    let all = async {
        for service in services {
            if let Some(task) = service.task.take()
                && let Err(why) = reason_to_worry(task.await)
            {
                return Err(Failure::ServiceDied(service.name, why));
            }
        }
        Ok(())
    };
    tokio::select! {
        ended = tokio::time::timeout(DRAIN, all) => ended.unwrap_or(Err(Failure::SlowStop)),
        () = signals.asked_to_stop() => std::process::exit(1),
    }
}

/// A service that was asked to end may end; it may not fail.
fn reason_to_worry(ended: Result<Ended, JoinError>) -> Ended {
    ended.unwrap_or_else(|_| Err("it panicked".to_owned()))
}
