//! `GET roles`, `PATCH`/`DELETE roles/{role}`.

use super::Problem;
use super::problem::Body;
use crate::app::Shared;
use crate::state::{Role, Snowflake, World};
use axum::extract::{Path, State};
use axum::routing::{get, patch};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/roles", get(list)).route("/roles/{role}", patch(change).delete(delete))
}

fn shape(role: &Role) -> Value {
    json!({ "id": role.id, "name": role.name, "permissions": role.permissions.to_string() })
}

async fn list(State(app): State<Shared>) -> Json<Value> {
    Json(app.read(|world| world.guild.roles.iter().map(shape).collect()))
}

fn find(world: &World, name: &str) -> Result<Snowflake, Problem> {
    let role = world.guild.role(name).map(|role| role.id);
    role.ok_or_else(|| Problem::NotFound(format!("there is no role {name:?}")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    name: Option<String>,
    /// Permission bits, as a string of digits.
    permissions: Option<String>,
}

async fn change(
    State(app): State<Shared>,
    Path(role): Path<String>,
    Body(change): Body<Change>,
) -> Result<Json<Value>, Problem> {
    let bits = change.permissions.map(|bits| bits.parse::<u64>()).transpose();
    let bits = bits.map_err(|_| Problem::Invalid("permissions are a string of digits".to_owned()))?;
    app.change(|world, _| {
        let id = find(world, &role)?;
        world.change_role(id, change.name, bits);
        let role = world.guild.roles.iter().find(|role| role.id == id).map(shape);
        Ok(Json(role.unwrap_or_default()))
    })
}

async fn delete(State(app): State<Shared>, Path(role): Path<String>) -> Result<StatusCode, Problem> {
    app.change(|world, _| {
        let id = find(world, &role)?;
        if id == world.guild.id {
            return Err(Problem::Conflict("@everyone can't be deleted".to_owned()));
        }
        world.delete_role(id);
        Ok(StatusCode::NO_CONTENT)
    })
}
