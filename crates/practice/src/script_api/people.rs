//! `GET people`, `PATCH people/{name}`, `GET people/{name}/messages`.

use super::Problem;
use super::problem::Body;
use crate::app::Shared;
use crate::interactions::described;
use crate::state::{Member, Snowflake, World};
use axum::extract::{Path, State};
use axum::routing::{get, patch};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/people", get(list))
        .route("/people/{name}", patch(change))
        .route("/people/{name}/messages", get(messages))
}

async fn list(State(app): State<Shared>) -> Json<Value> {
    Json(app.read(|world| world.guild.people().map(|person| shape(world, person)).collect()))
}

fn shape(world: &World, person: &Member) -> Value {
    let roles = world.guild.roles.iter().filter(|role| person.roles.contains(&role.id));
    json!({
        "id": person.id,
        "name": person.name,
        "global_name": person.global_name,
        "roles": roles.map(|role| role.name.clone()).collect::<Vec<_>>(),
        "owner": person.id == world.guild.owner,
        "dms_open": person.dms_open,
        "dm_channel": world.find_direct(person.id),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    roles: Option<Vec<String>>,
    dms_open: Option<bool>,
}

async fn change(
    State(app): State<Shared>,
    Path(name): Path<String>,
    Body(change): Body<Change>,
) -> Result<Json<Value>, Problem> {
    app.change(|world, _| {
        let id = world.person(&name)?.id;
        if let Some(names) = &change.roles {
            let roles: Result<Vec<_>, _> = names.iter().map(|name| role_id(world, name)).collect();
            world.set_roles(id, roles?);
        }
        if let Some(open) = change.dms_open {
            world.set_dms(id, open);
        }
        Ok(Json(shape(world, world.person(&name)?)))
    })
}

/// The role of that name; @everyone is held by everybody and can't be given.
fn role_id(world: &World, name: &str) -> Result<Snowflake, Problem> {
    let role = world.guild.role(name).filter(|role| role.id != world.guild.id);
    role.map(|role| role.id).ok_or_else(|| Problem::Invalid(format!("there is no role {name:?} to give")))
}

/// The direct messages between the bot and a person; empty before the first.
async fn messages(State(app): State<Shared>, Path(name): Path<String>) -> Result<Json<Value>, Problem> {
    app.read(|world| {
        let person = world.person(&name)?.id;
        let Some(channel) = world.find_direct(person) else { return Ok(Json(json!([]))) };
        let messages = world.messages.of_channel(channel);
        Ok(Json(messages.map(|message| described(world, message)).collect()))
    })
}
