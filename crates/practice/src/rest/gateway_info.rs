//! `GET /gateway` and `GET /gateway/bot`.

use crate::app::Shared;
use crate::gateway::address;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use http::HeaderMap;
use serde_json::{Value, json};

pub(super) fn without_token() -> Router<Shared> {
    Router::new().route("/gateway", get(gateway))
}

pub(super) fn with_token() -> Router<Shared> {
    Router::new().route("/gateway/bot", get(gateway_bot))
}

async fn gateway(State(app): State<Shared>, headers: HeaderMap) -> Json<Value> {
    Json(json!({ "url": address(&app, &headers) }))
}

async fn gateway_bot(State(app): State<Shared>, headers: HeaderMap) -> Json<Value> {
    Json(json!({
        "url": address(&app, &headers),
        "shards": 1,
        "session_start_limit": { "total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1 },
    }))
}
