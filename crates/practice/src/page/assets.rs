//! The page's stylesheet, script and icon, part of the binary.

use crate::app::Shared;
use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode, header};
use std::hash::{DefaultHasher, Hash, Hasher};

pub(super) const STYLESHEET: &str = "/page/practice.css";
pub(super) const SCRIPT: &str = "/page/practice.js";
pub(super) const ICON: &str = "/page/icon.svg";

pub(super) fn routes() -> Router<Shared> {
    let file = |media_type: &'static str, text: &'static str| {
        get(async move |headers: HeaderMap| serve(&headers, media_type, text))
    };
    Router::new()
        .route(STYLESHEET, file("text/css; charset=utf-8", include_str!("../../assets/practice.css")))
        .route(SCRIPT, file("text/javascript; charset=utf-8", include_str!("../../assets/practice.js")))
        .route(ICON, file("image/svg+xml", include_str!("../../assets/icon.svg")))
}

fn serve(request: &HeaderMap, media_type: &'static str, text: &'static str) -> Response {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let known = request.get(header::IF_NONE_MATCH).is_some_and(|wanted| wanted.as_bytes() == tag.as_bytes());
    let caching = [(header::ETAG, tag), (header::CACHE_CONTROL, "no-cache".to_owned())];
    if known {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, [(header::CONTENT_TYPE, media_type)], text).into_response()
}
