//! A service of this process: a tokio runtime of its own, whose threads log in the service's name.

use crate::failure::Failure;
use std::future::Future;
use std::time::Duration;
use telemetry::{RuntimeProbe, Telemetry};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// How long a runtime waits at the end for what can't be interrupted.
const LAST_CALL: Duration = Duration::from_secs(1);

/// What a service ends with: nothing when it was asked to, a sentence when it gave up.
pub(crate) type Ended = Result<(), String>;

/// A running service. Its panic or busy loop stays in its own threads.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) task: Option<JoinHandle<Ended>>,
    probe: RuntimeProbe,
    runtime: Runtime,
}

impl Service {
    /// Starts `work` on so many threads of its own, and measures how they do.
    pub(crate) fn start(
        (telemetry, workers): (&Telemetry, usize),
        work: impl Future<Output = Ended> + Send + 'static,
    ) -> Result<Self, Failure> {
        let name = telemetry.service().as_str();
        let runtime = runtime(name, telemetry, workers)?;
        let probe = telemetry.observe_runtime(runtime.handle());
        let task = runtime.spawn(work);
        Ok(Self { name, task: Some(task), probe, runtime })
    }

    /// Ends its threads. Never inside of another runtime, which would not be allowed to wait.
    pub(crate) fn close(self) {
        drop(self.probe);
        self.runtime.shutdown_timeout(LAST_CALL);
    }
}

/// A runtime whose threads carry the service's log dispatch.
pub(crate) fn runtime(name: &'static str, telemetry: &Telemetry, workers: usize) -> Result<Runtime, Failure> {
    let dispatch = telemetry.log_dispatch();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .thread_name(name)
        .enable_all()
        // The guard is never dropped: the dispatch is the thread's for as long as it lives.
        .on_thread_start(move || std::mem::forget(tracing::dispatcher::set_default(&dispatch)))
        .build()?;
    Ok(runtime)
}
