//! The pages, drawn on the server: what is held, how it hangs together, how the collector itself does.

use std::{fmt, net::SocketAddr, sync::Arc};

use axum::{Router, routing::get};
use tokio_util::sync::CancellationToken;
use tower_http::compression::CompressionLayer;

use crate::{
    counters::{Counters, Health},
    forward,
    news::News,
    options::KnownNames,
    pipeline::{QUEUE_BYTES, QUEUE_ITEMS, QueueGauge},
    signal::Signal,
    store::{Caps, Reader},
};

pub(crate) mod api;
mod assets;
mod chart;
mod export_state;
mod failure;
mod filters;
mod format;
mod games;
mod health;
mod logs;
mod map;
mod metrics;
mod overview;
mod query;
mod samples;
mod settings;
mod shell;
mod story;
mod tiles;
mod trace;
mod traces;
mod tree;
mod waterfall;

pub use settings::{Setting, Settings};
pub use shell::Frame;

/// What the pages need.
#[derive(Clone)]
pub(crate) struct Observatory {
    pub(crate) reader: Reader,
    pub(crate) counters: Arc<Counters>,
    pub(crate) gauge: QueueGauge,
    pub(crate) forward: Option<forward::Watch>,
    pub(crate) setup: Setup,
    pub(crate) about: Arc<About>,
    pub(crate) news: News,
    /// Ends what follows.
    pub(crate) stop: CancellationToken,
}

/// What the program around the collector told it, for people to see.
#[derive(Debug, Default)]
pub(crate) struct About {
    pub(crate) known: Option<KnownNames>,
    /// What is scraped, and how often.
    pub(crate) scraped: Vec<String>,
}

/// How the collector was configured, as the Health page shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) caps: Caps,
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
    pub(crate) needs_token: bool,
    /// Senders present a certificate.
    pub(crate) knows_senders: bool,
}

impl fmt::Debug for Observatory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observatory").field("setup", &self.setup).finish_non_exhaustive()
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
            max_store_bytes: self.setup.caps.bytes,
            max_age_seconds: self.setup.caps.age.as_secs(),
            slices,
            signals: Signal::ALL.map(|signal| self.counters.counts(signal)),
            receivers: self.counters.receivers(),
            forward: self.forward.as_ref().map(forward::Watch::health),
        }
    }
}

/// Everything under `/observatory`.
pub(crate) fn router(observatory: Observatory) -> Router {
    Router::new()
        .route("/observatory", get(overview::page))
        .route("/observatory/traces", get(traces::page))
        .route("/observatory/traces/{trace_id}", get(trace::page))
        .route("/observatory/games", get(games::page))
        .route("/observatory/games/{id}", get(story::page))
        .route("/observatory/games/{id}/live", get(story::live::events))
        .route("/observatory/logs", get(logs::page))
        .route("/observatory/metrics", get(metrics::page))
        .route("/observatory/health", get(health::page))
        .route("/observatory/telemetry-config", get(settings::page))
        .route("/observatory/assets/observatory.css", get(assets::stylesheet))
        .route("/observatory/api/traces", get(api::traces))
        .route("/observatory/api/traces/{trace_id}", get(api::trace))
        .route("/observatory/api/traces/{trace_id}/otlp", get(api::otlp))
        .route("/observatory/api/games", get(api::games))
        .route("/observatory/api/games/{id}", get(api::game))
        .route("/observatory/api/logs", get(api::logs))
        .route("/observatory/api/metrics", get(api::metrics))
        .route("/observatory/api/health", get(api::health))
        .with_state(observatory)
        // A long trace is mostly the same words again. No secret stands beside them that a length could betray.
        .layer(CompressionLayer::new())
}
