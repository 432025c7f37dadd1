//! A handler that panics or never ends still gets an answer.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::{Problem, TOO_SLOW};

/// Until the response's headers are there; a stream may go on after that.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// A handler broke one of its own assumptions. What the panic says may hold anything, and stays out; the panic hook
/// has told where it was.
#[derive(Debug, thiserror::Error)]
#[error("a handler panicked")]
struct Panicked;

/// A handler had no answer in time.
#[derive(Debug, thiserror::Error)]
#[error("a handler took longer than {ANSWER_TIMEOUT:?}")]
struct TookTooLong;

/// Turns a panic into a problem.
pub(crate) fn panicked(_payload: Box<dyn Any + Send>) -> Response {
    Problem::internal(Panicked).into_response()
}

/// Gives up on a handler that takes too long, also for a client that sends its body too slowly.
pub(crate) async fn time_out(request: Request, next: Next) -> Response {
    let answered = tokio::time::timeout(ANSWER_TIMEOUT, next.run(request)).await;
    answered.unwrap_or_else(|_| {
        let mut problem = Problem::new(&TOO_SLOW, "We gave up after 30 seconds.").retry_after(5);
        problem.cause = Some(Arc::new(TookTooLong));
        problem.into_response()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_panic_says_goes_nowhere() {
        let response = panicked(Box::new("a canary in a handler".to_owned()));

        let problem = response.extensions().get::<Problem>().unwrap();
        assert_eq!(problem.cause.as_ref().unwrap().to_string(), "a handler panicked");
        assert!(!format!("{problem:?} {response:?}").contains("canary"), "{problem:?}");
    }
}
