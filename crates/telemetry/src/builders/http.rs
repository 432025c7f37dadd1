//! Spans of HTTP, after the semantic conventions for HTTP spans.

use std::borrow::Cow;

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use super::text;
use crate::measure::Measure;
use crate::span::{Parent, Start};
use crate::{Span, Telemetry, TraceContext, redact};

/// A request that we answer.
#[derive(Clone, Debug)]
pub struct HttpServer<'a> {
    /// As it came; an unknown one is recorded as `_OTHER`.
    pub method: &'a str,
    /// The template that matched, if one did.
    pub route: Option<&'a str>,
    /// The path without its query, free of secrets.
    pub path: &'a str,
    /// `http` or `https`.
    pub scheme: &'a str,
    /// The `traceparent` that a stranger sent: linked to, never trusted as a parent.
    pub link: Option<TraceContext>,
}

/// A request that we make.
#[derive(Clone, Copy, Debug)]
pub struct HttpClient<'a> {
    /// One of the methods that RFC 9110 and RFC 5789 name.
    pub method: &'static str,
    /// The path with placeholders; a placeholder named like a token is redacted in `url.full`.
    pub template: &'static str,
    /// Host name or address.
    pub server: &'a str,
    /// TCP port.
    pub port: u16,
    /// The absolute URL; its user, query, fragment and tokens are not recorded.
    pub url: &'a str,
}

impl Telemetry {
    /// Starts the span of a request that we answer: a new root, linked to what the client sent.
    pub fn http_server(&self, request: HttpServer<'_>) -> Span {
        let HttpServer { method: given, route, path, scheme, link } = request;
        let method = known_method(given);
        let name = match (method, route) {
            (None, _) => Cow::Borrowed("HTTP"),
            (Some(method), Some(route)) => Cow::Owned(format!("{method} {route}")),
            (Some(method), None) => Cow::Borrowed(method),
        };
        let mut shared = vec![
            KeyValue::new("http.request.method", method.unwrap_or("_OTHER")),
            text("url.scheme", scheme),
        ];
        shared.extend(route.map(|route| text("http.route", route)));
        let start = Start {
            name,
            kind: SpanKind::Server,
            operation: "http.server.request",
            parent: Parent::Root,
            link: link.as_ref(),
            measure: Some(Measure::HttpServer(shared.clone())),
        };
        self.start(start, || {
            let original = method.is_none().then(|| text("http.request.method_original", given));
            shared.into_iter().chain([text("url.path", path)]).chain(original)
        })
    }

    /// Starts the span of a request that we make; nothing is injected into the request.
    pub fn http_client(&self, request: HttpClient<'_>) -> Span {
        let shared = [
            KeyValue::new("http.request.method", request.method),
            KeyValue::new("url.template", request.template),
            text("server.address", request.server),
            KeyValue::new("server.port", i64::from(request.port)),
        ];
        let start = Start {
            name: Cow::Owned(format!("{} {}", request.method, request.template)),
            kind: SpanKind::Client,
            operation: "http.client.request",
            parent: Parent::Current,
            link: None,
            measure: Some(Measure::HttpClient(shared.to_vec())),
        };
        self.start(start, || {
            let full = redact::url(request.url, request.template);
            shared.into_iter().chain([KeyValue::new("url.full", full)])
        })
    }
}

/// The method as a constant, if it is one that the conventions know.
fn known_method(method: &str) -> Option<&'static str> {
    const METHODS: [&str; 9] =
        ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
    METHODS.into_iter().find(|known| *known == method)
}
