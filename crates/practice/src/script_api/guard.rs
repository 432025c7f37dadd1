//! Other sites may not act here through a visitor's browser.

use super::Problem;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, header};

/// Refuses a request that changes something when a browser says that another site sent it. Scripts send neither
/// header and pass.
pub(crate) async fn same_origin(request: Request, next: Next) -> Response {
    let changes_something = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes_something && is_foreign(request.headers()) {
        return Problem::Forbidden("this request came from another site".to_owned()).into_response();
    }
    next.run(request).await
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(header::ORIGIN) else { return false };
    let origin_host = origin.split_once("://").map(|(_, host)| host);
    origin_host.is_none() || origin_host != text(header::HOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn a_browser_on_another_site_is_told_apart() {
        let foreign = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            is_foreign(&headers)
        };
        assert!(!foreign(&[("host", "localhost:8081")]), "a script");
        assert!(!foreign(&[("host", "localhost:8081"), ("origin", "http://localhost:8081")]));
        assert!(foreign(&[("host", "localhost:8081"), ("origin", "https://elsewhere.example")]));
        assert!(foreign(&[("host", "localhost:8081"), ("origin", "null")]));
        assert!(foreign(&[("sec-fetch-site", "cross-site")]));
        assert!(!foreign(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
    }
}
