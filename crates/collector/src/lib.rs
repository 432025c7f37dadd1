//! The embedded collector: OTLP in over HTTP and gRPC, infrastructure asked for its numbers, a bounded pipeline, a
//! capped SQLite store with the Observatory over it, `/metrics` for a Prometheus, and a way on to another endpoint.
//!
//! ```text
//! receive/http ─┐                       ┌─ store ─────── observatory (pages and JSON)
//! receive/grpc ─┼─ validate ─ pipeline ─┼─ prometheus ── GET /metrics
//! scrape ───────┘     (bounded)         ├─ debug ─────── standard error
//!                                       └─ forward ───── segments on disk ─ sample ─ POST
//! ```
//!
//! It links to no other room: any OpenTelemetry sender may write to it. Of Muster it knows names of attributes only:
//! `muster.game.id` is indexed, and `story` reads what the spans of a game say about who did what and who was told.

mod account;
pub mod cloud;
mod collector;
mod counters;
mod debug;
mod forward;
mod ids;
mod news;
mod now;
mod observatory;
mod options;
mod own;
mod pipeline;
mod prometheus;
mod receive;
mod receiver;
mod scrape;
mod signal;
mod store;
mod story;

pub use cloud::Finding;
pub use collector::{Collector, CollectorConfig, StartError};
pub use counters::{Health, ReceiverCounts, SignalCounts};
pub use forward::{
    Destination, DestinationError, ForwardConfig, ForwardCounts, ForwardError, ForwardHealth, Pace, Sampling,
};
pub use observatory::{Frame, Setting, Settings};
pub use options::{KnownNames, OptionError, Options};
pub use receive::tls::{ServerTls, TlsError};
pub use receiver::Receiver;
pub use scrape::{ScrapeConfig, Target, TargetError};
pub use signal::Signal;
pub use store::OpenError;
