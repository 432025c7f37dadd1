//! The gateway, version 10, with JSON and optional zlib-stream compression (events, "Gateway").

mod close;
mod compression;
mod connection;
mod identify;
mod members;

use crate::app::{App, Shared};
use crate::errors::ApiError;
use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, header};
use serde::Deserialize;
use std::sync::Arc;

/// How often a client is asked for a heartbeat; Discord's usual figure.
const HEARTBEAT_INTERVAL_MILLISECONDS: u64 = 41_250;

pub(crate) fn router() -> Router<Shared> {
    // Libraries append `/?v=10…` or `?v=10…` to the address they are given.
    Router::new().route("/gateway", get(connect)).route("/gateway/", get(connect))
}

/// The gateway's address as the client of a request can reach it.
pub(crate) fn address(app: &App, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.map_or_else(|| format!("ws://{}/gateway", app.address), |host| format!("ws://{host}/gateway"))
}

/// What a client asks for in the address.
#[derive(Clone, Debug, Deserialize)]
struct Wishes {
    v: Option<String>,
    encoding: Option<String>,
    compress: Option<String>,
}

async fn connect(
    State(app): State<Shared>,
    Query(wishes): Query<Wishes>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if app.read(|world| world.faults.outage) {
        return ApiError::Unavailable.into_response();
    }
    let address = address(&app, &headers);
    // The upgraded connection is a task of axum's; the tracker makes shutdown wait for it.
    let tracked = app.tasks.token();
    upgrade.on_upgrade(async move |socket| {
        connection::run(Arc::clone(&app), socket, wishes, address).await;
        drop(tracked);
    })
}
