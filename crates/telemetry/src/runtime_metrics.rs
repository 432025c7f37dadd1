//! The health of a service's tokio runtime: how busy it is, and how long work waits for a thread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry::metrics::{Histogram, Meter};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::{Telemetry, registry};

const BUSY: &str = "muster.tokio.busy_ratio";
const WAITS: &str = "muster.tokio.scheduled.duration";
const BLOCKING: &str = "muster.tokio.blocking.queue";

/// How often a task is spawned to see how long it waits.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// From a tenth of a millisecond to a second, in seconds.
const WAIT_SECONDS: [f64; 9] = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.01, 0.05, 0.25, 1.0];

/// Measures a runtime until it is dropped.
#[derive(Debug)]
pub struct RuntimeProbe {
    task: JoinHandle<()>,
    watched: Arc<Mutex<Option<Watched>>>,
}

/// The runtime, and what was seen of it last.
#[derive(Debug)]
struct Watched {
    handle: Handle,
    seen: Instant,
    busy: Duration,
}

impl Telemetry {
    /// Observes a runtime; the probe is kept as long as the runtime works.
    ///
    /// `muster.tokio.busy_ratio` is the share of its threads' time since the last collection that they did not
    /// sleep, `muster.tokio.scheduled.duration` how long a task that is ready waits for a thread, and
    /// `muster.tokio.blocking.queue` how many of the blocking jobs that are started to see (one per
    /// collection) still wait: tokio itself does not tell in a stable way.
    pub fn observe_runtime(&self, handle: &Handle) -> RuntimeProbe {
        probe(self.meter(), handle, PROBE_EVERY)
    }
}

impl Drop for RuntimeProbe {
    fn drop(&mut self) {
        self.task.abort();
        // What the meter keeps must not keep the runtime.
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn probe(meter: &Meter, handle: &Handle, every: Duration) -> RuntimeProbe {
    let watched = Watched { handle: handle.clone(), seen: Instant::now(), busy: busy(handle) };
    let watched = Arc::new(Mutex::new(Some(watched)));
    observe_busy_ratio(meter, &watched);
    observe_blocking_queue(meter, &watched);
    let waits = meter
        .f64_histogram(WAITS)
        .with_unit(registry::metric(WAITS).0)
        .with_description(registry::metric(WAITS).1)
        .with_boundaries(WAIT_SECONDS.to_vec())
        .build();
    RuntimeProbe { task: handle.spawn(measure_waits(handle.clone(), waits, every)), watched }
}

async fn measure_waits(handle: Handle, waits: Histogram<f64>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        let ready = Instant::now();
        // A runtime that is ending gives no answer, and ends this loop too.
        let Ok(waited) = handle.spawn(async move { ready.elapsed() }).await else { return };
        waits.record(waited.as_secs_f64(), &[]);
    }
}

fn observe_busy_ratio(meter: &Meter, watched: &Arc<Mutex<Option<Watched>>>) {
    let watched = Arc::clone(watched);
    let _gauge = meter
        .f64_observable_gauge(BUSY)
        .with_unit(registry::metric(BUSY).0)
        .with_description(registry::metric(BUSY).1)
        .with_callback(move |observer| {
            let mut watched = watched.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(ratio) = watched.as_mut().and_then(Watched::busy_ratio) {
                observer.observe(ratio, &[]);
            }
        })
        .build();
}

fn observe_blocking_queue(meter: &Meter, watched: &Arc<Mutex<Option<Watched>>>) {
    let (watched, waiting) = (Arc::clone(watched), Arc::new(AtomicU64::new(0)));
    let _gauge = meter
        .u64_observable_gauge(BLOCKING)
        .with_unit(registry::metric(BLOCKING).0)
        .with_description(registry::metric(BLOCKING).1)
        .with_callback(move |observer| {
            let watched = watched.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(watched) = watched.as_ref() else { return };
            observer.observe(waiting.load(Ordering::Relaxed), &[]);
            waiting.fetch_add(1, Ordering::Relaxed);
            let started = Started(Arc::clone(&waiting));
            // Its result is that it started.
            drop(watched.handle.spawn_blocking(move || drop(started)));
        })
        .build();
}

/// A blocking job that waits until it starts, or never will.
struct Started(Arc<AtomicU64>);

impl Drop for Started {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Watched {
    /// The share of all threads' time since the last look that they were busy.
    fn busy_ratio(&mut self) -> Option<f64> {
        let (now, total) = (Instant::now(), busy(&self.handle));
        let threads = u32::try_from(self.handle.metrics().num_workers()).unwrap_or(1);
        let available = now.duration_since(self.seen).checked_mul(threads)?;
        let worked = total.saturating_sub(self.busy);
        (self.seen, self.busy) = (now, total);
        (!available.is_zero()).then(|| worked.div_duration_f64(available).min(1.0))
    }
}

fn busy(handle: &Handle) -> Duration {
    let metrics = handle.metrics();
    (0..metrics.num_workers()).map(|worker| metrics.worker_total_busy_duration(worker)).sum()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::{Captured, ServiceName};

    fn value(captured: &Captured, name: &str) -> Option<f64> {
        captured.metric(name).map(|metric| metric.points[0].value)
    }

    #[test]
    fn a_runtime_tells_how_it_is() {
        let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime =
            builder.worker_threads(1).max_blocking_threads(1).enable_all().build().expect("threads");
        let probe = probe(telemetry.meter(), runtime.handle(), Duration::from_millis(1));

        let (release, released) = mpsc::channel::<()>();
        let (tell, started) = mpsc::channel();
        runtime.spawn_blocking(move || {
            tell.send(()).expect("somebody waits");
            let _ = released.recv();
        });
        started.recv().expect("it runs");
        let (busy, first) =
            (value(&captured, "muster.tokio.busy_ratio"), value(&captured, "muster.tokio.blocking.queue"));
        let second = value(&captured, "muster.tokio.blocking.queue");
        drop(release);

        assert!(busy.is_some_and(|ratio| (0.0..=1.0).contains(&ratio)), "{busy:?}");
        assert!(first >= Some(0.0) && second > first, "{first:?}, then {second:?}");
        let waits = || captured.metric("muster.tokio.scheduled.duration");
        assert!(std::iter::repeat_with(waits).take(100_000).any(|metric| metric.is_some()), "no task ran");
        drop(probe);
        runtime.shutdown_background();
    }
}
