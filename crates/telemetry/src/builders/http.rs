//! Spans of HTTP, after the semantic conventions for HTTP spans.

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use super::shared_text;
use crate::span::{Beginning, Parent, Start};
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
        let key = (method, scheme, route.is_some());
        let group = self.instruments().http_server.find(key, route.unwrap_or_default(), |is_overflow| {
            let pieces = match (method, route.filter(|_| !is_overflow)) {
                (None, _) => ["HTTP", "", ""],
                (Some(method), Some(route)) => [method, " ", route],
                (Some(method), None) => [method, "", ""],
            };
            let route = route.map(|route| shared_text("http.route", route));
            let method = KeyValue::new("http.request.method", method.unwrap_or(OTHER));
            let others = [method, KeyValue::new("url.scheme", scheme)];
            self.common((&SpanKind::Server, &pieces), others.into_iter().chain(route).collect(), None)
        });
        let start = Start {
            beginning: Beginning::Group(group),
            operation: "http.server.request",
            parent,
            link: link.as_ref(),
        };
        self.start(start, |fields| {
            fields.text("url.path", &redact::path(path, route.unwrap_or_default(), self.people()));
            if method.is_none() {
                fields.text("http.request.method_original", given);
            }
        })
    }

    /// Starts the span of a request that we make; nothing is injected into the request.
    pub fn http_client(&self, request: HttpClient<'_>) -> Span {
        let key = (request.method, request.template, request.port);
        let group = self.instruments().http_client.find(key, request.server, |_| {
            let attributes = vec![
                KeyValue::new("http.request.method", request.method),
                KeyValue::new("url.template", request.template),
                shared_text("server.address", request.server),
                KeyValue::new("server.port", i64::from(request.port)),
            ];
            let name = [request.method, " ", request.template];
            self.common((&SpanKind::Client, &name), attributes, None)
        });
        let start = Start {
            beginning: Beginning::Group(group),
            operation: "http.client.request",
            parent: Parent::Current,
            link: None,
        };
        self.start(start, |fields| {
            fields.text("url.full", &redact::url(request.url, request.template, self.people()));
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
