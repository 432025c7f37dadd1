//! The page: three columns as people know them from Discord, plain HTML with forms.

mod actions;
mod assets;
mod form;
mod headers;
mod layout;
mod live;
mod markdown;
mod messages;
mod time;
mod viewer;

use crate::app::Shared;
use crate::script_api::same_origin;
use axum::Router;
use axum::extract::State;
use axum::middleware::{from_fn, map_response};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use viewer::Viewer;

pub(crate) use headers::security;

pub(crate) fn router() -> Router<Shared> {
    Router::new()
        .route("/", get(show))
        .merge(actions::routes())
        .merge(assets::routes())
        .merge(live::routes())
        .layer(from_fn(same_origin))
        .layer(map_response(security))
}

async fn show(State(app): State<Shared>, viewer: Viewer) -> Response {
    if !viewer.is_placed {
        return (viewer.cookie(), Redirect::to(&viewer.address())).into_response();
    }
    let now = app.clock.now();
    let clock = layout::ClockFace::of(&app.clock);
    let page = app.read(|world| layout::page(world, &viewer, clock, now));
    (viewer.cookie(), page).into_response()
}
