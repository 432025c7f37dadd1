//! The telemetry contract in code.
//!
//! A service is given one [`Telemetry`] value and hands it to every room. It makes typed spans (one builder
//! per kind, whose argument struct holds what the semantic conventions require), records the metrics that
//! belong to them, carries logs to stdout and OTLP, and exports the three signals without ever blocking its
//! caller. Nothing is global: several services live in one process, each with its own resource.

mod accounts;
mod attribute;
mod builders;
mod captured;
mod config;
mod console;
mod entry;
mod error;
mod exemplars;
mod export;
mod flush;
mod instruments;
mod lines;
mod logs;
mod measure;
mod metrics;
mod otlp;
mod panics;
mod people;
mod pool;
mod process_metrics;
mod propagation;
mod providers;
mod recorder;
mod records;
mod redact;
pub mod registry;
mod resource;
mod runtime_metrics;
mod sampler;
mod secret;
mod self_metrics;
mod series;
mod service;
mod shape;
mod span;
mod task;
mod telemetry;
mod words;

pub use accounts::{Account, Accounts};
pub use attribute::{Attr, attr};
pub use builders::daemons::{Cycle, Daemon, Delivery, Dispatch, Transition};
pub use builders::discord::{GatewayEvent, Interaction};
pub use builders::http::{HttpClient, HttpServer};
pub use builders::messaging::{MessagingSystem, Process, Publish, Settle, Settlement};
pub use builders::storage::{CacheCall, CacheSystem, Database, DbSystem, Statement};
pub use builders::verb::Verb;
pub use captured::{Captured, CapturedLog, CapturedMetric, CapturedPoint, CapturedSpan, SeriesCount};
pub use config::{
    Batching, Effective, ExemplarFilter, Exporter, Identity, Limits, LogFormat, Pem, Protocol, Sampling,
    Setting, Signal, TelemetryConfig, TemporalityPreference, Tls, UserIds,
};
pub use error::TelemetryError;
pub use metrics::Metrics;
pub use panics::tell_panics;
pub use pool::{Lease, Pool, PoolMetrics, PoolState, connection_opened};
pub use propagation::TraceContext;
pub use runtime_metrics::RuntimeProbe;
pub use secret::{Personal, Secret};
pub use service::ServiceName;
pub use shape::shape;
pub use span::Span;
pub use task::spawn;
pub use telemetry::Telemetry;
