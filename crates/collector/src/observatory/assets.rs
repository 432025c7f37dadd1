//! The stylesheet of the Observatory's own pieces; the rest of the look is `look`'s.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::LazyLock,
};

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};

const STYLESHEET: &str = include_str!("../../assets/observatory.css");
/// For an address that carries the content's fingerprint, and for one that does not.
const CACHING: [&str; 2] = ["public, max-age=31536000, immutable", "no-cache"];

static FINGERPRINT: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    STYLESHEET.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
});

/// The address under which the present stylesheet may be kept for ever.
pub(super) fn stylesheet_href() -> String {
    format!("/observatory/assets/observatory.css?v={}", *FINGERPRINT)
}

/// `GET assets/observatory.css`, with an entity tag.
pub(crate) async fn stylesheet(headers: HeaderMap, uri: Uri) -> Response {
    let tag = format!("\"{}\"", *FINGERPRINT);
    let is_kept = uri.query().and_then(|query| query.strip_prefix("v=")) == Some(&FINGERPRINT);
    let caching = if is_kept { CACHING[0] } else { CACHING[1] };
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known =
        known.is_some_and(|tags| tags.split(',').any(|one| one.trim().trim_start_matches("W/") == tag));
    let answer = [(header::ETAG, tag), (header::CACHE_CONTROL, caching.to_owned())];
    if is_known {
        return (StatusCode::NOT_MODIFIED, answer).into_response();
    }
    let media_type = [(header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"))];
    (answer, media_type, STYLESHEET).into_response()
}
