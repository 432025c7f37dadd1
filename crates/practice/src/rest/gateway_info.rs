//! `GET /gateway` and `GET /gateway/bot`.

use crate::app::Shared;
use crate::gateway::address;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use http::HeaderMap;
use serde_json::{Value, json};

/// Sessions that a bot may begin in a day (gateway documentation, "Session Start Limit").
const SESSIONS_A_DAY: u32 = 1000;
const DAY_MILLISECONDS: u32 = 86_400_000;
/// What is said when they are spent, by a fault: nobody waits for a day here.
const SPENT_MILLISECONDS: u32 = 1000;

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
    let (begun, spent) = app.read(|world| (world.sessions.begun(), world.faults.no_session_starts));
    let remaining = if spent { 0 } else { SESSIONS_A_DAY.saturating_sub(begun) };
    Json(json!({
        "url": address(&app, &headers),
        "shards": 1,
        "session_start_limit": {
            "total": SESSIONS_A_DAY,
            "remaining": remaining,
            "reset_after": if spent { SPENT_MILLISECONDS } else { DAY_MILLISECONDS },
            "max_concurrency": 1,
        },
    }))
}
