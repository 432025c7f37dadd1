//! The JSON API under `/api/v1`: one endpoint a file.

mod document;
mod events;
mod games;
mod guilds;
mod me;
mod session;
mod shapes;

use axum::Router;
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Web;
use crate::health;

pub use document::openapi;
pub(crate) use games::{cursor, part};

/// Where the API begins.
const BASE: &str = "/api/v1";

/// Every endpoint that the document lists, except for the health checks.
fn endpoints() -> OpenApiRouter<Web> {
    let endpoints = OpenApiRouter::new()
        .routes(routes!(me::me))
        .routes(routes!(session::sign_in))
        .routes(routes!(session::sign_out))
        .routes(routes!(guilds::list))
        .routes(routes!(guilds::show))
        .routes(routes!(guilds::channels))
        .routes(routes!(guilds::templates))
        .routes(routes!(events::events))
        .merge(games::routes());
    OpenApiRouter::new().nest(BASE, endpoints)
}

/// The API and its document.
pub(crate) fn router() -> Router<Web> {
    let (router, _) = endpoints().split_for_parts();
    router.route("/api/v1/openapi.json", get(document::serve))
}

fn health_endpoints() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
        .routes(routes!(health::version))
}

/// What supervisors ask; without spans, since they ask every few seconds.
pub(crate) fn health_router(web: Web) -> Router {
    let (router, _) = health_endpoints().split_for_parts();
    router.with_state(web)
}
