//! The collector's account of itself, in its own store beside everybody else's: what the doors took and refused, what
//! waits, what the store holds, what went on.
//!
//! One export in an interval, always of the same series: what it adds to its own counts is the same each time, so it
//! feeds on nothing. Nothing else that the collector does is told to itself.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, MissedTickBehavior};

use crate::{counters::Health, now, own, pipeline::Pipeline, receiver::Receiver};

/// Tells the state of a moment, in Unix nanoseconds.
pub(crate) type Tell = Arc<dyn Fn(i64) -> Health + Send + Sync>;

/// Keeps the account; never ends by itself. The first entry comes after one interval.
pub(crate) async fn keep(tell: Tell, address: String, interval: Duration, pipeline: Pipeline) {
    let mut ticks = tokio::time::interval_at(Instant::now() + interval, interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now_ns = now::unix_nanos();
        // A full queue refuses this as it refuses senders; /metrics tells it nevertheless.
        let _ = pipeline.offer(own::export(&tell(now_ns), &address, now_ns), Receiver::Collector);
    }
}
