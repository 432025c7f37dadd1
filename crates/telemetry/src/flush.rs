//! Blocking work of the SDK, done beside the caller and within a deadline.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use tokio::sync::oneshot;

use crate::TelemetryError;

/// One signal's flush or shutdown.
pub(crate) struct Job {
    pub(crate) signal: &'static str,
    pub(crate) work: Box<dyn FnOnce() -> OTelSdkResult + Send>,
}

/// Does all jobs at once, each on a thread of its own, and waits for them until the deadline.
///
/// The SDK's calls block and some ignore their timeouts: a thread that is late is left behind.
pub(crate) async fn within(deadline: Duration, jobs: Vec<Job>) -> Result<(), TelemetryError> {
    let (answer, answered) = oneshot::channel();
    thread::Builder::new().name("telemetry-flush".to_owned()).spawn(move || {
        let _ = answer.send(wait_for(jobs, deadline));
    })?;
    answered.await.map_err(|_| TelemetryError::Flush("its thread died".to_owned()))?
}

fn wait_for(jobs: Vec<Job>, deadline: Duration) -> Result<(), TelemetryError> {
    let until = Instant::now() + deadline;
    let (sender, receiver) = mpsc::channel();
    let mut waiting: Vec<&'static str> = jobs.iter().map(|job| job.signal).collect();
    for job in jobs {
        let sender = sender.clone();
        thread::Builder::new().name(format!("telemetry-{}", job.signal)).spawn(move || {
            let _ = sender.send((job.signal, (job.work)()));
        })?;
    }
    let mut failures = Vec::new();
    while !waiting.is_empty() {
        let Ok((signal, result)) = receiver.recv_timeout(until.saturating_duration_since(Instant::now()))
        else {
            failures.push(format!("{} not done after {deadline:?}", waiting.join(", ")));
            break;
        };
        waiting.retain(|name| *name != signal);
        match result {
            Ok(()) | Err(OTelSdkError::AlreadyShutdown) => {}
            Err(error) => failures.push(format!("{signal}: {error}")),
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(TelemetryError::Flush(failures.join("; "))) }
}
