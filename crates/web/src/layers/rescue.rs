//! A handler that panics or never ends still gets an answer.

use std::any::Any;
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::{Problem, TOO_SLOW};

/// Until the response's headers are there; a stream may go on after that.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// A handler broke one of its own assumptions.
#[derive(Debug, thiserror::Error)]
#[error("a handler panicked: {0}")]
struct Panicked(String);

/// Turns a panic into a problem; the panic hook has told where it was.
#[expect(clippy::needless_pass_by_value, reason = "the shape that the layer calls")]
pub(crate) fn panicked(payload: Box<dyn Any + Send>) -> Response {
    let said = payload.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("without a message");
    Problem::internal(Panicked(said.to_owned())).into_response()
}

/// Gives up on a handler that takes too long, also for a client that sends its body too slowly.
pub(crate) async fn time_out(request: Request, next: Next) -> Response {
    match tokio::time::timeout(ANSWER_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(&TOO_SLOW, "We gave up after 30 seconds.").retry_after(5).into_response(),
    }
}
