//! Export over OTLP, off every path that a request takes.
//!
//! Spans and log records wait in bounded queues whose books are always right; one thread of this service's
//! own, with a small runtime on it, encodes and delivers them. Nothing here waits for a service, and no
//! service waits for what is here.

mod answer;
mod closing;
mod courier;
mod envelope;
mod grpc;
mod http;
mod metrics;
mod outage;
mod queue;
mod transport;
mod worker;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use opentelemetry::metrics::Histogram;
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tracing::Dispatch;

use crate::accounts::{Account, Accounts, Books};
use crate::exemplars::Exemplars;
use crate::{TelemetryConfig, TelemetryError};
use closing::Close;
use courier::Courier;
use envelope::Envelope;
pub(crate) use metrics::OtlpMetrics;
use outage::Outage;
pub(crate) use queue::Queue;
use transport::Transport;
use worker::Worker;

/// How much less urgent exporting is: a tenth of a service's share of a core that both want.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// A signal, as OTLP tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Traces,
    Metrics,
    Logs,
}

/// A request that is encoded and can be sent.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) kind: Kind,
    pub(crate) body: Bytes,
    pub(crate) items: u64,
    pub(crate) timeout: Duration,
}

/// The thread that speaks to the receiver, and what it works on.
#[derive(Debug)]
pub(crate) struct Exports {
    traces: Worker,
    logs: Worker,
    metrics: Arc<metrics::Lane>,
    outage: Arc<Outage>,
    close: Close,
    runtime: Option<Runtime>,
}

impl Exports {
    /// Starts the thread; the receiver is not asked for anything yet.
    pub(crate) fn start(config: &TelemetryConfig, resource: &Resource) -> Result<Self, TelemetryError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(2)
            .thread_name("telemetry-export")
            .on_thread_start(|| {
                // What is exported must not be about exporting.
                std::mem::forget(Context::enter_telemetry_suppressed_scope());
                step_back();
            })
            .enable_all()
            .build()?;
        let _entered = runtime.enter();
        let (close, outage) = (Close::new(), Arc::<Outage>::default());
        let courier = |kind| -> Result<Arc<Courier>, TelemetryError> {
            let transport = Transport::new(kind, config)?;
            Ok(Arc::new(Courier::new(kind, transport, close.watch(), Arc::clone(&outage))))
        };
        let handle = runtime.handle();
        let envelope = || Envelope::new(resource);
        let traces = Worker::start(handle, config.span_batches, courier(Kind::Traces)?, envelope());
        let logs = Worker::start(handle, config.log_batches, courier(Kind::Logs)?, envelope());
        let metrics = metrics::Lane::new(courier(Kind::Metrics)?, handle.clone());
        Ok(Self { traces, logs, metrics: Arc::new(metrics), outage, close, runtime: Some(runtime) })
    }

    /// From here on the beginning and the end of an outage are told to this dispatch.
    pub(crate) fn tell(&self, dispatch: &Dispatch) {
        self.outage.tell_to(dispatch);
    }

    /// Where spans wait when they have ended.
    pub(crate) fn span_queue(&self) -> Arc<Queue> {
        Arc::clone(self.traces.queue())
    }

    /// Where log records wait.
    pub(crate) fn log_queue(&self) -> Arc<Queue> {
        Arc::clone(self.logs.queue())
    }

    pub(crate) fn metrics(&self, config: &TelemetryConfig, exemplars: Arc<Exemplars>) -> OtlpMetrics {
        OtlpMetrics::new(Arc::clone(&self.metrics), config, exemplars)
    }

    /// Delivers elsewhere from now on; when one way can't be prepared, all stay as they are.
    pub(crate) fn redirect(&self, config: &TelemetryConfig) -> Result<(), TelemetryError> {
        let _entered = self.runtime.as_ref().map(Runtime::enter);
        let ways = [Kind::Traces, Kind::Metrics, Kind::Logs].map(|kind| Transport::new(kind, config));
        let [traces, metrics, logs] = ways;
        let (traces, metrics, logs) = (traces?, metrics?, logs?);
        self.courier(Kind::Traces).redirect(traces);
        self.courier(Kind::Metrics).redirect(metrics);
        self.courier(Kind::Logs).redirect(logs);
        Ok(())
    }

    /// What became of everything so far.
    pub(crate) fn accounts(&self) -> Accounts {
        Accounts {
            traces: self.account(Kind::Traces),
            metrics: self.account(Kind::Metrics),
            logs: self.account(Kind::Logs),
        }
    }

    pub(crate) fn account(&self, kind: Kind) -> Account {
        self.with_books(kind, |books| books.read().clone())
    }

    pub(crate) fn with_books<R>(&self, kind: Kind, read: impl FnOnce(&Books) -> R) -> R {
        match kind {
            Kind::Traces => self.traces.queue().with_books(read),
            Kind::Metrics => self.metrics.with_books(read),
            Kind::Logs => self.logs.queue().with_books(read),
        }
    }

    /// How many items of a signal may be queued.
    pub(crate) fn capacity(&self, kind: Kind) -> usize {
        match kind {
            Kind::Traces => self.traces.queue().limits().queue_items,
            Kind::Metrics => 0,
            Kind::Logs => self.logs.queue().limits().queue_items,
        }
    }

    /// What the self-metrics say of a signal's exporter.
    pub(crate) fn component(&self, kind: Kind) -> Vec<KeyValue> {
        self.courier(kind).transport().attributes(kind)
    }

    fn courier(&self, kind: Kind) -> &Courier {
        match kind {
            Kind::Traces => self.traces.courier(),
            Kind::Metrics => self.metrics.courier(),
            Kind::Logs => self.logs.courier(),
        }
    }

    /// Exports what waits now of spans and log records.
    pub(crate) async fn flush(&self) {
        let (traces, logs) = (self.traces.flush(), self.logs.flush());
        tokio::join!(traces, logs);
    }

    /// Does `work` for so long, whatever clock the caller's runtime has.
    pub(crate) async fn within<F: Future>(&self, limit: Duration, work: F) -> Option<F::Output> {
        let (tell, told) = oneshot::channel();
        if let Some(runtime) = &self.runtime {
            // Nobody waits for it: it ends by itself, or with its runtime.
            runtime.spawn(async move {
                tokio::time::sleep(limit).await;
                let _ = tell.send(());
            });
        }
        tokio::select! {
            output = work => Some(output),
            _ = told => None,
        }
    }

    /// Announces the end: nothing takes longer than until `deadline`.
    pub(crate) fn close(&self, deadline: Instant) {
        self.close.announce(deadline);
    }

    /// Waits until nothing waits any more, one way or the other.
    pub(crate) async fn closed(&self) {
        tokio::join!(self.traces.ended(), self.logs.ended());
    }

    /// Where the durations of exports are recorded.
    pub(crate) fn measure(&self, duration: &Histogram<f64>) {
        for kind in [Kind::Traces, Kind::Metrics, Kind::Logs] {
            self.courier(kind).measure(duration.clone());
        }
    }
}

/// Lets the threads of services go first: what is exported has a second's time, and who asks has none.
#[cfg(target_os = "linux")]
fn step_back() {
    // On Linux priorities belong to threads, and nobody is the caller (setpriority(2)). Where a sandbox refuses
    // it, all are equal.
    let _ = rustix::process::setpriority_process(None, NICENESS);
}

/// Elsewhere priorities belong to processes.
#[cfg(not(target_os = "linux"))]
const fn step_back() {}

impl Drop for Exports {
    fn drop(&mut self) {
        self.close.announce(Instant::now());
        if let Some(runtime) = self.runtime.take() {
            // A blocking drop would panic inside a service's runtime.
            runtime.shutdown_background();
        }
    }
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }

    /// As the names of the self-metrics' components have it.
    pub(crate) const fn singular(self) -> &'static str {
        match self {
            Self::Traces => "span",
            Self::Metrics => "metric",
            Self::Logs => "log",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Traces => 1,
            Self::Metrics => 2,
            Self::Logs => 4,
        }
    }

    /// The name that OTLP's JSON has for the number of rejected items.
    const fn rejected_field(self) -> &'static str {
        match self {
            Self::Traces => "rejectedSpans",
            Self::Metrics => "rejectedDataPoints",
            Self::Logs => "rejectedLogRecords",
        }
    }
}
