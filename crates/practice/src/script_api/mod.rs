//! `/practice/v1`: whatever the page lets a person do, for scripts. Described in docs/PRACTICE.md.

mod channels;
mod clock;
mod deeds;
mod faults;
mod guard;
mod messages;
mod oracle;
mod people;
mod problem;
mod roles;
mod server;

pub(crate) use guard::same_origin;

use crate::app::Shared;
use crate::page::security;
use axum::Router;
use axum::middleware::{from_fn, map_response};
use problem::Problem;

pub(crate) fn router() -> Router<Shared> {
    Router::new()
        .merge(people::routes())
        .merge(channels::routes())
        .merge(roles::routes())
        .merge(messages::routes())
        .merge(deeds::routes())
        .merge(clock::routes())
        .merge(oracle::routes())
        .merge(faults::routes())
        .merge(server::routes())
        .fallback(async || Problem::NotFound("there is no such path; see docs/PRACTICE.md".to_owned()))
        .layer(from_fn(same_origin))
        .layer(map_response(security))
}
