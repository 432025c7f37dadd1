//! What a pool of connections says of itself, after the semantic conventions for database connection pools
//! (<https://opentelemetry.io/docs/specs/semconv/database/database-metrics/>).

use std::cell::Cell;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundCounter, BoundHistogram, Histogram, Meter};

use crate::Telemetry;
use crate::instruments::DATABASE_SECONDS;

/// How a pool is known and how large it may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// `db.client.connection.pool.name`: one of few words.
    pub name: &'static str,
    /// The most connections that it opens.
    pub max: u32,
}

/// The connections of a pool at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolState {
    /// Open and free.
    pub idle: u32,
    /// Open and lent.
    pub used: u32,
}

tokio::task_local! {
    /// Whether a connection was opened for whoever waits for one.
    static OPENED: Cell<bool>;
}

/// Says that the borrower in whose task this is called gets a connection that was opened for it.
pub fn connection_opened() {
    // Who opens one and borrows none measures it by itself.
    let _ = OPENED.try_with(|opened| opened.set(true));
}

/// Measures the borrowing of connections.
#[derive(Clone, Debug)]
pub struct PoolMetrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pending: Arc<AtomicI64>,
    wait_time: BoundHistogram<f64>,
    use_time: BoundHistogram<f64>,
    create_time: BoundHistogram<f64>,
    timeouts: BoundCounter<u64>,
}

/// A borrowed connection; the time of its use ends when this is dropped.
#[derive(Debug)]
pub struct Lease {
    metrics: PoolMetrics,
    since: Instant,
}

/// Somebody waits for a connection.
struct Pending<'a>(&'a AtomicI64);

impl Telemetry {
    /// Observes a pool whenever metrics are collected; gives what measures its use.
    pub fn connection_pool(
        &self,
        pool: Pool,
        state: impl Fn() -> PoolState + Send + Sync + 'static,
    ) -> PoolMetrics {
        let meter = self.meter();
        let name = [KeyValue::new("db.client.connection.pool.name", pool.name)];
        let pending = Arc::new(AtomicI64::new(0));
        observe_count(meter, &name, state);
        up_down(meter, ("db.client.connection.max", "{connection}"), &name, move || i64::from(pool.max));
        let waiting = Arc::clone(&pending);
        up_down(meter, ("db.client.connection.pending_requests", "{request}"), &name, move || {
            waiting.load(Ordering::Relaxed)
        });
        let timeouts = meter.u64_counter("db.client.connection.timeouts").with_unit("{timeout}").build();
        PoolMetrics(Arc::new(Inner {
            pending,
            wait_time: seconds(meter, "db.client.connection.wait_time").bind(&name),
            use_time: seconds(meter, "db.client.connection.use_time").bind(&name),
            create_time: seconds(meter, "db.client.connection.create_time").bind(&name),
            timeouts: timeouts.bind(&name),
        }))
    }
}

impl PoolMetrics {
    /// Waits for a connection and lends it; `is_timeout` tells whether an error is that of waiting too long.
    ///
    /// A pool opens connections while somebody waits for one, and has to say so ([`connection_opened`]).
    ///
    /// # Errors
    /// Those of the pool.
    pub async fn borrow<C, E>(
        &self,
        connection: impl Future<Output = Result<C, E>>,
        is_timeout: impl FnOnce(&E) -> bool,
    ) -> Result<(C, Lease), E> {
        let began = Instant::now();
        let pending = Pending::new(&self.0.pending);
        let waiting = async { (connection.await, OPENED.with(Cell::get)) };
        let (result, opened) = OPENED.scope(Cell::new(false), waiting).await;
        drop(pending);
        match result {
            Ok(connection) => {
                let waited = began.elapsed();
                self.0.wait_time.record(waited.as_secs_f64());
                if opened {
                    self.created(waited);
                }
                Ok((connection, Lease { metrics: self.clone(), since: Instant::now() }))
            }
            Err(error) => {
                if is_timeout(&error) {
                    self.0.timeouts.add(1);
                }
                Err(error)
            }
        }
    }

    /// A connection was opened.
    pub fn created(&self, took: Duration) {
        self.0.create_time.record(took.as_secs_f64());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.metrics.0.use_time.record(self.since.elapsed().as_secs_f64());
    }
}

impl<'a> Pending<'a> {
    fn new(count: &'a AtomicI64) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn observe_count(meter: &Meter, name: &[KeyValue; 1], state: impl Fn() -> PoolState + Send + Sync + 'static) {
    let in_state = |word| [name[0].clone(), KeyValue::new("db.client.connection.state", word)];
    let (idle, used) = (in_state("idle"), in_state("used"));
    let _count = meter
        .i64_observable_up_down_counter("db.client.connection.count")
        .with_unit("{connection}")
        .with_description("Connections that are open.")
        .with_callback(move |observer| {
            let now = state();
            observer.observe(now.idle.into(), &idle);
            observer.observe(now.used.into(), &used);
        })
        .build();
}

fn up_down(
    meter: &Meter,
    (name, unit): (&'static str, &'static str),
    attributes: &[KeyValue; 1],
    read: impl Fn() -> i64 + Send + Sync + 'static,
) {
    let attributes = attributes.clone();
    let _counter = meter
        .i64_observable_up_down_counter(name)
        .with_unit(unit)
        .with_callback(move |observer| observer.observe(read(), &attributes))
        .build();
}

fn seconds(meter: &Meter, name: &'static str) -> Histogram<f64> {
    meter.f64_histogram(name).with_unit("s").with_boundaries(DATABASE_SECONDS.to_vec()).build()
}
