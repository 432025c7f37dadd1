//! What our own services ask of the API, on a listener of their own.
//!
//! A request that a sibling has signed goes on in its caller's trace. Any other is a stranger's, as on the public
//! listener: it starts a trace of its own, is told 401, and nothing of it is done.

mod admit;
mod hints;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::post;
use sibling::Verifier;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::{App, Web};
use crate::layers::observe::observe;
use crate::layers::present::present;
use crate::layers::rescue::{panicked, time_out};
use crate::problem::{METHOD_NOT_ALLOWED, Problem};
use crate::server::{ServeError, accept};

pub(crate) use admit::Admission;

/// Serves siblings on `listener` until `stop` is cancelled. Of the application, the routes of others stay outside.
///
/// # Errors
/// When the listener is not one.
pub async fn serve_internal(
    listener: TcpListener,
    (app, verifier): (App, Verifier),
    stop: CancellationToken,
) -> Result<(), ServeError> {
    listener.local_addr()?;
    accept(listener, internal_router(app, verifier, stop.clone()), stop).await;
    Ok(())
}

/// Everything under `/internal`.
pub fn internal_router(app: App, verifier: Verifier, stop: CancellationToken) -> Router {
    let (web, _) = Web::new(app, stop);
    Router::new()
        .route("/internal/v1/hints", post(hints::hints))
        .fallback(async || Problem::not_found("Siblings ask for nothing here."))
        .method_not_allowed_fallback(async || {
            Problem::new(&METHOD_NOT_ALLOWED, "See the Allow header for what is.")
        })
        .layer(from_fn(admit::only_siblings))
        .layer(from_fn(time_out))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(web.clone(), present))
        .layer(from_fn_with_state(web.clone(), observe))
        .layer(from_fn_with_state(verifier, admit::admit))
        .with_state(web)
}
