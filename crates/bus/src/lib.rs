//! Events between the services: publish, consume, settle.
//!
//! A topic exchange, [`EXCHANGE`], routes messages by their routing key to queues. A queue keeps a message
//! until a consumer acknowledges it; a message that fails too often ends among the queue's dead letters. The
//! same suite, `tests/it/conformance.rs`, runs on every backend.
//!
//! ```no_run
//! # async fn consume(bus: bus::Bus, telemetry: telemetry::Telemetry) {
//! let mut consumer = bus.subscribe(bus::QueueSpec::durable("muster.bot", &["game.*"])).await;
//! while let Some(delivery) = consumer.next().await {
//!     let span = delivery.process_span(&telemetry);
//!     span.run(async {
//!         // … the effect, committed; then
//!         delivery.ack(&telemetry).await;
//!     })
//!     .await;
//! }
//! # }
//! ```

mod backend;
mod consumer;
mod error;
mod health;
mod in_process;
mod message;
mod rabbit;

pub use backend::{Bus, EXCHANGE};
pub use consumer::{Consumer, Delivery};
pub use error::{BrokerError, PublishError, RedriveError};
pub use health::Health;
pub use in_process::InProcessBus;
pub use message::{DeadLetter, Message, QueueSpec};
pub use rabbit::{BrokerReport, RabbitBus, RabbitConfig, check};
