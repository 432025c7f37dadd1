//! Whether a request is a sibling's.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Limited};
use sibling::{Arrived, Refused, Verifier};
use telemetry::TraceContext;

use crate::problem::{BODY_TOO_LARGE, Problem, UNSIGNED};

/// A hint is small.
const BODY_BYTES: usize = 4 << 10;
/// Siblings are near: what takes longer is not from one.
const BODY_WITHIN: Duration = Duration::from_secs(5);

/// What a request on the internal listener is. No other listener has it among a request's extensions.
#[derive(Clone, Debug)]
pub(crate) enum Admission {
    /// A sibling's, with the trace that its caller is in.
    Sibling(TraceContext),
    /// Not a sibling's, or not for the first time.
    Refused(Refused),
    /// It is too large or too slow to be read.
    Unread,
}

/// Finds out what a request is before its span begins, since that decides what the span hangs from. Without a
/// signature its body isn't even read.
pub(crate) async fn admit(State(verifier): State<Verifier>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let (admission, body) = if Verifier::is_claimed(&parts.headers) {
        match tokio::time::timeout(BODY_WITHIN, Limited::new(body, BODY_BYTES).collect()).await {
            Ok(Ok(body)) => verify(&verifier, &parts, body.to_bytes()),
            _ => (Admission::Unread, Body::empty()),
        }
    } else {
        (Admission::Refused(Refused::Unsigned), Body::empty())
    };
    let mut request = Request::from_parts(parts, body);
    request.extensions_mut().insert(admission);
    next.run(request).await
}

fn verify(verifier: &Verifier, parts: &Parts, body: Bytes) -> (Admission, Body) {
    let arrived = Arrived {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        headers: &parts.headers,
        body: &body,
    };
    match verifier.admit(arrived) {
        Ok(caller) => (Admission::Sibling(caller), Body::from(body)),
        Err(refused) => (Admission::Refused(refused), Body::empty()),
    }
}

/// Nobody else gets any further.
pub(crate) async fn only_siblings(request: Request, next: Next) -> Response {
    match request.extensions().get::<Admission>() {
        Some(Admission::Sibling(_)) => next.run(request).await,
        Some(Admission::Unread) => {
            Problem::new(&BODY_TOO_LARGE, "A body may have 4 KiB here, and has to come within 5 seconds.")
                .into_response()
        }
        Some(Admission::Refused(refused)) => refuse(*refused),
        None => refuse(Refused::Unsigned),
    }
}

fn refuse(refused: Refused) -> Response {
    tracing::warn!(
        name: "internal.refused",
        target: "web",
        { reason = refused.as_str() },
        "A request on the internal listener was not a sibling's; nothing of it was done."
    );
    Problem::new(&UNSIGNED, format!("The request was refused: {refused}.")).into_response()
}
