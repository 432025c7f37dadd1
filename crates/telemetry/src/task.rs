//! Tasks that carry the trace with them.

use std::future::Future;

use opentelemetry::context::FutureExt as _;
use tokio::task::JoinHandle;

/// Spawns a task that works in the trace of its spawner; the caller keeps the handle and waits for it.
#[expect(clippy::disallowed_methods, reason = "this is the one place that may: it carries the context along")]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future.with_current_context())
}
