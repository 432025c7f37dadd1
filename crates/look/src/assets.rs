//! The stylesheet, the script and the sprite, compiled in and served with an entity tag.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::theme;

/// Where [`assets_router`] is mounted.
pub const ASSETS: &str = "/assets";

/// Seconds for which a browser keeps an asset that it asked for by its fingerprint.
const FINGERPRINTED: &str = "public, max-age=31536000, immutable";
/// An asset asked for by its bare name is checked again each time.
const BARE: &str = "no-cache";

/// A file that is part of the program.
pub(crate) struct Asset {
    name: &'static str,
    media_type: &'static str,
    text: &'static str,
    fingerprint: String,
}

impl Asset {
    fn new(name: &'static str, media_type: &'static str, text: &'static str) -> Self {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Self { name, media_type, text, fingerprint: format!("{:016x}", hasher.finish()) }
    }

    /// The address under which the present content may be kept for ever.
    pub(crate) fn href(&self) -> String {
        format!("{ASSETS}/{}?v={}", self.name, self.fingerprint)
    }

    fn answer(&self, request: &HeaderMap, query: Option<&str>) -> Response {
        let tag = format!("\"{}\"", self.fingerprint);
        let kept = query.and_then(|query| query.strip_prefix("v=")) == Some(self.fingerprint.as_str());
        let headers = [
            (header::ETAG, tag.clone()),
            (header::CACHE_CONTROL, if kept { FINGERPRINTED } else { BARE }.to_owned()),
        ];
        if request.get(header::IF_NONE_MATCH).is_some_and(|wanted| matches_tag(wanted, &tag)) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        let media_type = HeaderValue::from_static(self.media_type);
        (headers, [(header::CONTENT_TYPE, media_type)], self.text).into_response()
    }
}

/// RFC 9110 §13.1.2: a list of tags, weak ones compared weakly, or `*`.
fn matches_tag(wanted: &HeaderValue, tag: &str) -> bool {
    let Ok(wanted) = wanted.to_str() else { return false };
    wanted.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

pub(crate) static STYLESHEET: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("muster.css", "text/css; charset=utf-8", include_str!("../assets/muster.css"))
});
pub(crate) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("muster.js", "text/javascript; charset=utf-8", include_str!("../assets/muster.js"))
});
pub(crate) static SPRITE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("sprite.svg", "image/svg+xml", include_str!("../assets/sprite.svg")));
pub(crate) static FAVICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("favicon.svg", "image/svg+xml", include_str!("../assets/favicon.svg")));

/// Serves the shared files and the theme switch; to be nested at [`ASSETS`].
pub fn assets_router() -> Router {
    let serve = |asset: &'static LazyLock<Asset>| {
        get(
            move |headers: HeaderMap, uri: axum::http::Uri| async move { asset.answer(&headers, uri.query()) },
        )
    };
    Router::new()
        .route("/muster.css", serve(&STYLESHEET))
        .route("/muster.js", serve(&SCRIPT))
        .route("/sprite.svg", serve(&SPRITE))
        .route("/favicon.svg", serve(&FAVICON))
        .route("/theme", post(theme::switch))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking_for(tag: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_str(tag).unwrap())])
    }

    #[test]
    fn an_unchanged_file_is_not_sent_twice() {
        let first = STYLESHEET.answer(&HeaderMap::new(), None);
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(first.headers()[header::CONTENT_TYPE], "text/css; charset=utf-8");
        assert_eq!(first.headers()[header::CACHE_CONTROL], "no-cache");

        let tag = first.headers()[header::ETAG].to_str().unwrap();
        assert_eq!(STYLESHEET.answer(&asking_for(tag), None).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(STYLESHEET.answer(&asking_for(&format!("\"old\", W/{tag}")), None).status(), 304);
        assert_eq!(STYLESHEET.answer(&asking_for("\"old\""), None).status(), StatusCode::OK);
    }

    #[test]
    fn only_the_present_fingerprint_is_kept_for_ever() {
        let cache = |query: &str| {
            STYLESHEET.answer(&HeaderMap::new(), Some(query)).headers()[header::CACHE_CONTROL].clone()
        };
        let present = STYLESHEET.href();
        assert_eq!(cache(present.split_once('?').unwrap().1), FINGERPRINTED);
        assert_eq!(cache("v=0"), BARE);
    }
}
