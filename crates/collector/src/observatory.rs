//! The pages, drawn on the server: what is held, how it hangs together, how the collector itself does.

use std::{fmt, sync::Arc};

use axum::{Router, routing::get};

use crate::{
    counters::{Counters, Health},
    pipeline::{QUEUE_BYTES, QUEUE_ITEMS, QueueGauge},
    signal::Signal,
    store::{Caps, Reader},
};

pub(crate) mod api;
pub(crate) mod query;

/// What the pages need.
#[derive(Clone)]
pub(crate) struct Observatory {
    pub(crate) reader: Reader,
    pub(crate) counters: Arc<Counters>,
    pub(crate) gauge: QueueGauge,
    pub(crate) caps: Caps,
}

impl fmt::Debug for Observatory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observatory").field("caps", &self.caps).finish_non_exhaustive()
    }
}

impl Observatory {
    /// The state of the collector at a moment.
    pub(crate) fn health(&self, now_ns: i64) -> Health {
        let (store_bytes, slices) = self.counters.store();
        Health {
            turning: self.counters.turning(now_ns),
            queued_items: self.gauge.items() as u64,
            queue_capacity_items: QUEUE_ITEMS as u64,
            queued_bytes: self.gauge.bytes() as u64,
            queue_capacity_bytes: QUEUE_BYTES as u64,
            store_bytes,
            max_store_bytes: self.caps.bytes,
            max_age_seconds: self.caps.age.as_secs(),
            slices,
            signals: Signal::ALL.map(|signal| self.counters.counts(signal)),
        }
    }
}

/// Everything under `/observatory`.
pub(crate) fn router(observatory: Observatory) -> Router {
    Router::new()
        .route("/observatory/api/traces", get(api::traces))
        .route("/observatory/api/traces/{trace_id}", get(api::trace))
        .route("/observatory/api/traces/{trace_id}/otlp", get(api::otlp))
        .route("/observatory/api/logs", get(api::logs))
        .route("/observatory/api/metrics", get(api::metrics))
        .route("/observatory/api/health", get(api::health))
        .with_state(observatory)
}
