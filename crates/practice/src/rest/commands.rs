//! Application commands, global and of the guild.

use super::path::snowflake;
use super::{Answer, JsonBody};
use crate::app::Shared;
use crate::errors::{ApiError, Code};
use crate::state::{BOT, Snowflake};
use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

pub(super) fn routes() -> Router<Shared> {
    let all = || get(list).post(create).put(replace);
    let one = || get(one).patch(edit).delete(delete);
    Router::new()
        .route("/applications/{application}/commands", all())
        .route("/applications/{application}/commands/{command}", one())
        .route("/applications/{application}/guilds/{guild}/commands", all())
        .route("/applications/{application}/guilds/{guild}/commands/{command}", one())
}

#[derive(Deserialize)]
struct Target {
    application: String,
    guild: Option<String>,
    command: Option<String>,
}

impl Target {
    /// The guild when the path names one.
    fn scope(&self, app: &Shared) -> Result<Option<Snowflake>, ApiError> {
        let application = snowflake("application_id", &self.application)?;
        let guild = self.guild.as_deref().map(|guild| snowflake("guild_id", guild)).transpose()?;
        app.read(|world| {
            if application != BOT {
                return Err(Code::UnknownApplication.into());
            }
            if guild.is_some_and(|guild| guild != world.guild.id) {
                return Err(Code::MissingAccess.into());
            }
            Ok(guild)
        })
    }

    fn command(&self) -> Result<Snowflake, ApiError> {
        snowflake("command_id", self.command.as_deref().unwrap_or_default())
    }
}

async fn list(State(app): State<Shared>, Path(target): Path<Target>) -> Answer<Json<Value>> {
    let scope = target.scope(&app)?;
    Ok(Json(app.read(|world| world.commands_in(scope)).into()))
}

async fn create(
    State(app): State<Shared>,
    Path(target): Path<Target>,
    JsonBody(body): JsonBody,
) -> Answer<(StatusCode, Json<Value>)> {
    let scope = target.scope(&app)?;
    let (command, is_new) = app.change(|world, now| world.put_command(scope, &body, now))?;
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(command)))
}

async fn replace(
    State(app): State<Shared>,
    Path(target): Path<Target>,
    JsonBody(body): JsonBody,
) -> Answer<Json<Value>> {
    let scope = target.scope(&app)?;
    let commands = app.change(|world, now| world.replace_commands(scope, &body, now))?;
    Ok(Json(commands.into()))
}

async fn one(State(app): State<Shared>, Path(target): Path<Target>) -> Answer<Json<Value>> {
    let (scope, command) = (target.scope(&app)?, target.command()?);
    Ok(Json(app.read(|world| world.command(scope, command))?))
}

async fn edit(
    State(app): State<Shared>,
    Path(target): Path<Target>,
    JsonBody(body): JsonBody,
) -> Answer<Json<Value>> {
    let (scope, command) = (target.scope(&app)?, target.command()?);
    app.change(|world, now| world.edit_command(scope, command, &body, now)).map(Json)
}

async fn delete(State(app): State<Shared>, Path(target): Path<Target>) -> Answer<StatusCode> {
    let (scope, command) = (target.scope(&app)?, target.command()?);
    app.change(|world, _| world.delete_command(scope, command))?;
    Ok(StatusCode::NO_CONTENT)
}
