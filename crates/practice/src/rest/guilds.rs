//! The guild, its channels, roles and members.

use super::Answer;
use super::path::snowflake;
use crate::app::Shared;
use crate::errors::{ApiError, Code, Problems};
use crate::state::{Guild, Member, Snowflake};
use crate::wire;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

const PAGE_LIMIT: usize = 1000;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/guilds/{guild}", get(guild))
        .route("/guilds/{guild}/channels", get(channels))
        .route("/guilds/{guild}/roles", get(roles))
        .route("/guilds/{guild}/members", get(members))
        .route("/guilds/{guild}/members/search", get(search))
        .route("/guilds/{guild}/members/{user}", get(member))
}

/// Looks at the guild when `id` is its id.
fn look<R>(app: &Shared, id: &str, look: impl FnOnce(&Guild) -> R) -> Result<R, ApiError> {
    let id = snowflake("guild_id", id)?;
    let seen = app.read(|world| (world.guild.id == id).then(|| look(&world.guild)));
    seen.ok_or_else(|| Code::UnknownGuild.into())
}

#[derive(Deserialize)]
struct WithCounts {
    with_counts: Option<String>,
}

/// Discord takes `true`, `True` and `1` for true.
pub(super) fn is_true(text: Option<&str>) -> bool {
    text.is_some_and(|text| text == "1" || text.eq_ignore_ascii_case("true"))
}

async fn guild(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Query(query): Query<WithCounts>,
) -> Answer<Json<Value>> {
    let (mut whole, members) = look(&app, &id, |guild| (wire::guild(guild), guild.members.len()))?;
    if is_true(query.with_counts.as_deref()) {
        whole["approximate_member_count"] = json!(members);
        whole["approximate_presence_count"] = json!(members);
    }
    Ok(Json(whole))
}

async fn channels(State(app): State<Shared>, Path(id): Path<String>) -> Answer<Json<Value>> {
    let shape = |guild: &Guild| guild.channels.iter().map(|channel| wire::channel(guild, channel)).collect();
    Ok(Json(look(&app, &id, shape)?))
}

async fn roles(State(app): State<Shared>, Path(id): Path<String>) -> Answer<Json<Value>> {
    Ok(Json(look(&app, &id, |guild| guild.roles.iter().map(wire::role).collect())?))
}

async fn member(
    State(app): State<Shared>,
    Path((guild, user)): Path<(String, String)>,
) -> Answer<Json<Value>> {
    let user = snowflake("user_id", &user)?;
    let found = look(&app, &guild, |guild| guild.member(user).map(wire::member))?;
    Ok(Json(found.ok_or(Code::UnknownMember)?))
}

#[derive(Deserialize)]
struct Page {
    limit: Option<usize>,
    after: Option<Snowflake>,
}

/// Needs the `GUILD_MEMBERS` intent to be enabled for the application (guild resource, "List Guild Members").
async fn members(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Query(page): Query<Page>,
) -> Answer<Json<Value>> {
    if !app.read(|world| world.faults.privileged_intents) {
        return Err(Code::MissingAccess.into());
    }
    let limit = checked_limit(page.limit)?;
    let shape = |guild: &Guild| {
        let mut members: Vec<&Member> = guild.members.iter().collect();
        members.sort_by_key(|member| member.id);
        let later = members.into_iter().filter(|member| Some(member.id) > page.after);
        later.take(limit).map(wire::member).collect()
    };
    Ok(Json(look(&app, &id, shape)?))
}

#[derive(Deserialize)]
struct Search {
    query: Option<String>,
    limit: Option<usize>,
}

async fn search(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Query(search): Query<Search>,
) -> Answer<Json<Value>> {
    let Some(query) = search.query.filter(|query| !query.is_empty()) else {
        let mut problems = Problems::default();
        problems.required("query");
        return Err(problems.into());
    };
    let limit = checked_limit(search.limit)?;
    let query = query.to_lowercase();
    let begins = |member: &&Member| {
        member.name.to_lowercase().starts_with(&query)
            || member.global_name.to_lowercase().starts_with(&query)
    };
    let shape = |guild: &Guild| guild.members.iter().filter(begins).take(limit).map(wire::member).collect();
    Ok(Json(look(&app, &id, shape)?))
}

fn checked_limit(limit: Option<usize>) -> Result<usize, Problems> {
    let limit = limit.unwrap_or(1);
    if (1..=PAGE_LIMIT).contains(&limit) {
        return Ok(limit);
    }
    let message = format!("int value should be between 1 and {PAGE_LIMIT}.");
    Err(Problems::one("limit", "NUMBER_TYPE_RANGE", message))
}
