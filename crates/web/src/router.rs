//! Which layers stand around which routes.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::Response;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::{App, Web};
use crate::auth::introduce;
use crate::layers::guard::guard;
use crate::layers::observe::observe;
use crate::layers::present::present;
use crate::layers::rescue::{panicked, time_out};
use crate::problem::{METHOD_NOT_ALLOWED, Problem};
use crate::{api, pages};

/// 1 MiB.
const BODY_BYTES: usize = 1 << 20;

/// The whole dashboard. Streams end when `stop` is cancelled.
pub fn router(app: App, stop: CancellationToken) -> Router {
    let (web, extra) = Web::new(app, stop);
    let seen = web.clone();
    let rooms = pages::router()
        .merge(api::router())
        .fallback(async || Problem::not_found("No page and no resource has this address."))
        .method_not_allowed_fallback(async || {
            Problem::new(&METHOD_NOT_ALLOWED, "See the Allow header for what is.")
        });
    surrounded(rooms, &web)
        .merge(api::health_router(web))
        .nest(look::ASSETS, look::assets_router())
        .merge(extra.layer(from_fn_with_state(seen, introduce)).layer(CatchPanicLayer::custom(panicked)))
        .layer(map_response(look::security_headers))
}

/// What a person sees is theirs: no shared cache keeps it, and a browser asks again.
async fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    response
}

/// From the inside out: what is listed last sees a request first.
fn surrounded(rooms: Router<Web>, web: &Web) -> Router {
    rooms
        .layer(map_response(private))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(from_fn(guard))
        .layer(from_fn(time_out))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(web.clone(), present))
        .layer(from_fn_with_state(web.clone(), observe))
        .with_state(web.clone())
}
