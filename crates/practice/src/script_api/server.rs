//! `GET bot`, `POST gateway`, `POST reset`.

use super::Problem;
use super::problem::Body;
use crate::app::Shared;
use crate::gateway::address;
use crate::state::{BOT, Order};
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/bot", get(bot)).route("/gateway", post(gateway)).route("/reset", post(reset))
}

/// What a bot needs to log in here.
async fn bot(State(app): State<Shared>, headers: HeaderMap) -> Json<Value> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.map_or_else(|| app.address.to_string(), str::to_owned);
    let gateway = address(&app, &headers);
    Json(app.read(|world| {
        json!({
            "token": world.token,
            "application_id": BOT,
            "guild_id": world.guild.id,
            "api": format!("http://{host}/api/v10"),
            "gateway": gateway,
            "connected_sessions": world.sessions.connected(),
            "shards": world.sessions.shards(),
        })
    }))
}

#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
enum GatewayOrder {
    /// Opcode 7.
    Reconnect,
    /// Opcode 9.
    InvalidSession {
        #[serde(default)]
        resumable: bool,
    },
    /// Close with a code.
    Close { code: u16 },
}

async fn gateway(State(app): State<Shared>, Body(wanted): Body<GatewayOrder>) -> Result<StatusCode, Problem> {
    let order = match wanted {
        GatewayOrder::Reconnect => Order::Reconnect,
        GatewayOrder::InvalidSession { resumable } => Order::InvalidSession { resumable },
        GatewayOrder::Close { code } if (1000..5000).contains(&code) => Order::Close { code },
        GatewayOrder::Close { code } => return Err(Problem::Invalid(format!("{code} is no close code"))),
    };
    app.change(|world, _| world.sessions.order(order));
    Ok(StatusCode::NO_CONTENT)
}

async fn reset(State(app): State<Shared>) -> StatusCode {
    app.change(|world, _| {
        world.reset();
        world.announce_guild();
    });
    StatusCode::NO_CONTENT
}
