//! Refuses changes that another site asks for in a person's name.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::Url;

use crate::auth::bearer;
use crate::problem::{CROSS_SITE, Problem};

/// Lets a change through when it comes from our own pages, or isn't a browser's at all.
///
/// A request with a bearer token needs no such proof: a browser never adds one by itself, as it does with
/// cookies and basic credentials.
pub(crate) async fn guard(request: Request, next: Next) -> Response {
    if is_safe(request.method()) || bearer(request.headers()).is_some() || is_own(request.headers()) {
        return next.run(request).await;
    }
    Problem::new(&CROSS_SITE, "This change was asked for by another site, so it was not made.")
        .into_response()
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

/// `Sec-Fetch-Site` where the browser sends it (it can't be forged by a page), else `Origin` against `Host`;
/// a request with neither is no browser's cross-site form: those have always sent `Origin` with a POST.
fn is_own(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    if !headers.contains_key(header::ORIGIN) {
        return true;
    }
    let origin = text(header::ORIGIN).and_then(|origin| Url::parse(origin).ok());
    origin.is_some_and(|origin| authority(&origin) == text(header::HOST).map(str::to_ascii_lowercase))
}

fn authority(origin: &Url) -> Option<String> {
    let host = origin.host_str()?;
    Some(origin.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn own(pairs: &[(&'static str, &'static str)]) -> bool {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        is_own(&pairs.iter().map(pair).collect())
    }

    #[test]
    fn only_our_own_pages_may_ask_for_changes() {
        assert!(own(&[("sec-fetch-site", "same-origin")]));
        assert!(own(&[("sec-fetch-site", "none")]));
        assert!(!own(&[
            ("sec-fetch-site", "cross-site"),
            ("origin", "http://localhost:8080"),
            ("host", "localhost:8080")
        ]));
        assert!(!own(&[("sec-fetch-site", "same-site")]));
        assert!(own(&[("origin", "http://localhost:8080"), ("host", "LOCALHOST:8080")]));
        assert!(own(&[("origin", "https://muster.example"), ("host", "muster.example")]));
        assert!(!own(&[("origin", "http://localhost:8081"), ("host", "localhost:8080")]));
        assert!(!own(&[("origin", "null"), ("host", "localhost:8080")]));
        assert!(own(&[("host", "localhost:8080")]));
    }
}
