//! One span and one wide log line for each request.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use actions::Whereabouts;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use domain::{GameId, GuildId, UserId};
use telemetry::{HttpServer, Span, TraceContext, attr};

use crate::app::Web;
use crate::internal::Admission;
use crate::problem::Cause;

/// Finds a request in traces and logs: its trace id, or 32 random digits when there is no trace.
pub(crate) static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The status, for our own eyes, of a request that nobody waited for; nginx' word is "client closed request".
const ABANDONED: u16 = 499;
/// Characters of a path that are recorded.
const PATH_CHARACTERS: usize = 200;

/// What is known about a request while it is answered; kept in its extensions.
#[derive(Clone, Debug)]
pub(crate) struct Facts(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    span: Span,
    request_id: String,
    user: OnceLock<UserId>,
    whereabouts: Whereabouts,
    game: OnceLock<GameId>,
}

/// What an answer tells the log: the type of its problem, and the error behind it.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    pub(crate) slug: &'static str,
    pub(crate) cause: Option<Cause>,
}

impl Facts {
    /// The id that strangers are told.
    pub(crate) fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// Who asks.
    pub(crate) fn user(&self, id: UserId) {
        if self.0.user.set(id).is_ok() {
            self.0.span.set(attr::user_id(id.get()));
        }
    }

    /// Which guild it is about.
    pub(crate) fn guild(&self, id: GuildId) {
        self.0.whereabouts.is(id);
    }

    /// Where verbs write down which guild it is about.
    pub(crate) fn whereabouts(&self) -> Whereabouts {
        self.0.whereabouts.clone()
    }

    /// Which game it is about.
    pub(crate) fn game(&self, id: GameId) {
        if self.0.game.set(id).is_ok() {
            self.0.span.set(attr::game_id(&id));
        }
    }
}

/// Surrounds a request with its span, and says afterwards what became of it.
pub(crate) async fn observe(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let method = request.method().clone();
    let span = start_span(&web, &request, route.as_deref());
    let facts = Facts::new(span, &web);
    request.extensions_mut().insert(facts.clone());

    let mut ending = Ending { facts, method, route, started, status: ABANDONED, outcome: "abandoned" };
    let mut response = ending.facts.0.span.run(next.run(request)).await;

    let trouble = response.extensions_mut().remove::<Trouble>();
    ending.status = response.status().as_u16();
    ending.outcome = trouble.as_ref().map_or("ok", |trouble| trouble.slug);
    if let Some(cause) = trouble.as_ref().and_then(|trouble| trouble.cause.as_ref()) {
        ending.facts.0.span.fail(ending.status.to_string(), cause.as_ref());
    }
    let facts = ending.facts.clone();
    drop(ending);
    if let Ok(id) = HeaderValue::from_str(facts.request_id()) {
        response.headers_mut().insert(REQUEST_ID.clone(), id);
    }
    response
}

fn start_span(web: &Web, request: &Request, route: Option<&str>) -> Span {
    let headers = request.headers();
    let path = told_of(request.uri().path(), route);
    let internal = request.extensions().get::<Admission>();
    let answered = HttpServer {
        method: request.method().as_str(),
        route,
        path: &path,
        scheme: if internal.is_some() { "http" } else { web.config().scheme() },
        link: None,
    };
    let span = if let Some(Admission::Sibling(caller)) = internal {
        web.telemetry().http_server_of_sibling(answered, caller)
    } else {
        // A stranger's state says nothing to us, and would be written into our telemetry.
        let link = TraceContext::parse(text(headers, "traceparent"), None);
        web.telemetry().http_server(HttpServer { link: Some(link).filter(|it| !it.is_empty()), ..answered })
    };
    span.set(attr::protocol_version("1.1"));
    if let Some(host) = web.config().public_url.host_str().filter(|_| internal.is_none()) {
        span.set(attr::server_address(host));
    }
    if let Some(port) = web.config().public_url.port_or_known_default().filter(|_| internal.is_none()) {
        span.set(attr::server_port(port));
    }
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
        span.set(attr::client_address(&peer.ip()));
    }
    if let Some(agent) = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()) {
        span.set(attr::user_agent(agent));
    }
    span
}

/// A path as it may be recorded: where no route says which of its parts are secret, only the first is told.
fn told_of(path: &str, route: Option<&str>) -> String {
    let deep = path.match_indices('/').nth(1).filter(|_| route.is_none());
    let (kept, rest) = deep.map_or((path, ""), |(end, _)| (&path[..end], "/…"));
    kept.chars().take(PATH_CHARACTERS).chain(rest.chars()).collect()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Says, when it is dropped, what became of a request: also of one whose client has gone before it was answered.
struct Ending {
    facts: Facts,
    method: Method,
    route: Option<String>,
    started: Instant,
    status: u16,
    outcome: &'static str,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let span = &self.facts.0.span;
        span.response(self.status);
        if let Some(guild) = self.facts.0.whereabouts.guild() {
            span.set(attr::guild_id(guild.get()));
        }
        span.in_scope(|| self.log());
    }
}

impl Ending {
    fn log(&self) {
        let duration_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let known = &self.facts.0;
        tracing::info!(
            name: "http.request",
            target: "web",
            {
                request_id = self.facts.request_id(),
                method = self.method.as_str(),
                route = self.route,
                status = self.status,
                duration_ms,
                outcome = self.outcome,
                user_id = known.user.get().map(ToString::to_string),
                guild_id = known.whereabouts.guild().map(|guild| guild.to_string()),
                game_id = known.game.get().map(ToString::to_string),
            },
            "Answered a request."
        );
    }
}

impl Facts {
    fn new(span: Span, web: &Web) -> Self {
        let traceparent = span.trace_context().traceparent;
        let trace_id = traceparent.split('-').nth(1).map(str::to_owned);
        let request_id = trace_id.unwrap_or_else(|| web.random_hex());
        let (user, whereabouts, game) = (OnceLock::new(), Whereabouts::default(), OnceLock::new());
        Self(Arc::new(Inner { span, request_id, user, whereabouts, game }))
    }
}
