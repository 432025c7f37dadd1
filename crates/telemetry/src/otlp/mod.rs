//! OTLP's messages, written straight into bytes
//! (<https://opentelemetry.io/docs/specs/otlp/>).
//!
//! What is said of a span becomes bytes while it is said, since nothing of ours reads it again: a span is one
//! piece of memory, and what waits for its export is one piece per batch.

pub(crate) mod fields;
pub(crate) mod record;
pub(crate) mod span;
pub(crate) mod text;
pub(crate) mod values;
pub(crate) mod wire;
