//! The embedded collector: OTLP in over HTTP and gRPC, a bounded pipeline, a capped SQLite store, and the Observatory.
//!
//! ```text
//! receive/http ─┐                      ┌─ store/traces ──┐
//!               ├─ validate ─ pipeline ─┼─ store/metrics ─┼─ observatory (pages and JSON)
//! receive/grpc ─┘    (bounded)          └─ store/logs ────┘
//! ```
//!
//! It knows nothing of games or Discord: any OpenTelemetry sender may write to it. The one name of ours it indexes is
//! the attribute `muster.game.id`, so that everything that happened to one game can be found.

mod collector;
mod counters;
mod debug;
mod forward;
mod ids;
mod now;
mod observatory;
mod options;
mod own;
mod pipeline;
mod prometheus;
mod receive;
mod scrape;
mod signal;
mod store;
mod story;

pub use collector::{Collector, CollectorConfig, StartError};
pub use counters::{Health, SignalCounts};
pub use forward::{
    Destination, DestinationError, ForwardConfig, ForwardCounts, ForwardError, ForwardHealth, Pace, Sampling,
};
pub use observatory::{Frame, Setting, Settings};
pub use options::{KnownNames, OptionError, Options};
pub use scrape::{ScrapeConfig, Target, TargetError};
pub use signal::Signal;
pub use store::OpenError;
