//! `GET /metrics` and `GET /health` beside the doors.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{HeaderMap, StatusCode, header};

use crate::{
    counters::Health,
    now, own,
    prometheus::{Current, Format},
};

/// What the two pages are made of.
#[derive(Clone)]
pub(crate) struct Status {
    pub(crate) current: Current,
    pub(crate) health: Arc<dyn Fn(i64) -> Health + Send + Sync>,
    /// The collector's own `service.instance.id`.
    pub(crate) address: String,
}

/// The two pages.
pub(crate) fn router(status: Status) -> Router {
    Router::new().route("/metrics", get(metrics)).route("/health", get(health)).with_state(status)
}

async fn metrics(State(status): State<Status>, headers: HeaderMap) -> Response {
    let format = Format::asked_for(&headers);
    let now_ns = now::unix_nanos();
    status.current.put(&own::export(&(status.health)(now_ns), &status.address, now_ns), now_ns);
    ([(header::CONTENT_TYPE, format.content_type())], status.current.render(format, now_ns)).into_response()
}

/// 200 while what is taken is stored, else 503; the body says how full is what.
async fn health(State(status): State<Status>) -> Response {
    let health = (status.health)(now::unix_nanos());
    let code = if health.turning { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(health)).into_response()
}
