//! Spans of HTTP, after the semantic conventions for HTTP spans.

use std::borrow::Cow;
use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use super::{shared_text, text};
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
    /// Starts the span of a request that a stranger makes: a new root, linked to what they sent.
    pub fn http_server(&self, request: HttpServer<'_>) -> Span {
        self.answer(request, Parent::Root)
    }

    /// Starts the span of a request that a service of ours makes and has signed: a child of its call.
    pub fn http_server_of_sibling(&self, request: HttpServer<'_>, caller: &TraceContext) -> Span {
        self.answer(request, Parent::Remote(caller))
    }

    fn answer(&self, request: HttpServer<'_>, parent: Parent<'_>) -> Span {
        let HttpServer { method: given, route, path, scheme, link } = request;
        let (method, scheme) = (known_method(given), known_scheme(scheme));
        let found = self.instruments().http_server.find(
            (method, scheme, route.is_some()),
            route.unwrap_or_default(),
            || {
                let method = KeyValue::new("http.request.method", method.unwrap_or(OTHER));
                let route = route.map(|route| shared_text("http.route", route));
                [method, KeyValue::new("url.scheme", scheme)].into_iter().chain(route).collect()
            },
        );
        let name = match (method, route.filter(|_| !found.is_overflow())) {
            (None, _) => Cow::Borrowed("HTTP"),
            (Some(method), Some(route)) => Cow::Owned(format!("{method} {route}")),
            (Some(method), None) => Cow::Borrowed(method),
        };
        let (link, group) = (link.as_ref(), Some(Arc::clone(&found)));
        let operation = "http.server.request";
        self.start(Start { name, kind: SpanKind::Server, operation, parent, link, group }, || {
            let original = method.is_none().then(|| text("http.request.method_original", given));
            let path =
                KeyValue::new("url.path", redact::path(path, route.unwrap_or_default(), self.people()));
            found.attributes().chain([path]).chain(original).collect::<Vec<_>>()
        })
    }

    /// Starts the span of a request that we make; nothing is injected into the request.
    pub fn http_client(&self, request: HttpClient<'_>) -> Span {
        let key = (request.method, request.template, request.port);
        let group = self.instruments().http_client.find(key, request.server, || {
            vec![
                KeyValue::new("http.request.method", request.method),
                KeyValue::new("url.template", request.template),
                shared_text("server.address", request.server),
                KeyValue::new("server.port", i64::from(request.port)),
            ]
        });
        let start = Start {
            name: Cow::Owned(format!("{} {}", request.method, request.template)),
            kind: SpanKind::Client,
            operation: "http.client.request",
            parent: Parent::Current,
            link: None,
            group: Some(Arc::clone(&group)),
        };
        self.start(start, || {
            let full = redact::url(request.url, request.template, self.people());
            group.attributes().chain([KeyValue::new("url.full", full)]).collect::<Vec<_>>()
        })
    }
}

/// What a scheme or method that the conventions don't know is called.
const OTHER: &str = "_OTHER";

/// The scheme as a constant.
fn known_scheme(scheme: &str) -> &'static str {
    ["http", "https"].into_iter().find(|known| known.eq_ignore_ascii_case(scheme)).unwrap_or(OTHER)
}

/// The method as a constant, if it is one that the conventions know.
fn known_method(method: &str) -> Option<&'static str> {
    const METHODS: [&str; 9] =
        ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
    METHODS.into_iter().find(|known| *known == method)
}
