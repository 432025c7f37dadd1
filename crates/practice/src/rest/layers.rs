//! What happens to every request: faults, rate limits, the token.

use crate::app::{App, Shared};
use crate::errors::ApiError;
use crate::faults::{Faults, take};
use crate::limits::{Route, Standing, Verdict};
use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::json;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::Instant;

/// How long the rate limit fault asks to wait.
const FAULT_RETRY_AFTER: Duration = Duration::from_millis(500);
const HTML_ERROR: &str = "<html><head><title>502 Bad Gateway</title></head>\
    <body><center><h1>502 Bad Gateway</h1></center></body></html>";

/// Marks a response that the client never gets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LostAnswer;

/// Carries out the faults that concern whole requests.
pub(super) async fn misbehave(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let changes_something = !matches!(*request.method(), Method::GET | Method::HEAD);
    let fault = app.touch(|world| Fault::next(&mut world.faults, changes_something));
    if !fault.latency.is_zero() {
        tokio::time::sleep(fault.latency).await;
    }
    match fault.kind {
        Some(Kind::Outage) => ApiError::Unavailable.into_response(),
        Some(Kind::Html) => (StatusCode::BAD_GATEWAY, Html(HTML_ERROR)).into_response(),
        Some(Kind::Limited) => too_many("shared", FAULT_RETRY_AFTER, None),
        Some(Kind::LostAnswer) => {
            let mut response = next.run(request).await;
            response.extensions_mut().insert(LostAnswer);
            response
        }
        None => next.run(request).await,
    }
}

struct Fault {
    latency: Duration,
    kind: Option<Kind>,
}

#[derive(Clone, Copy)]
enum Kind {
    Outage,
    Html,
    Limited,
    LostAnswer,
}

impl Fault {
    fn next(faults: &mut Faults, changes_something: bool) -> Self {
        let kind = if faults.outage {
            Some(Kind::Outage)
        } else if take(&mut faults.html_errors) {
            Some(Kind::Html)
        } else if take(&mut faults.rate_limited) {
            Some(Kind::Limited)
        } else if changes_something && take(&mut faults.lost_answers) {
            Some(Kind::LostAnswer)
        } else {
            None
        };
        Self { latency: Duration::from_millis(faults.latency_milliseconds), kind }
    }
}

/// Refuses a request without the bot's token.
pub(super) async fn authorize(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bot "));
    if given.is_some_and(|token| app.read(|world| world.token == token)) {
        next.run(request).await
    } else {
        ApiError::Unauthorized.into_response()
    }
}

/// Counts the request against its bucket and the global limit, and tells how the bucket stands.
pub(super) async fn limit(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let route = route_of(&request);
    let verdict = app.limits.lock().unwrap_or_else(PoisonError::into_inner).check(&route, Instant::now());
    match verdict {
        Verdict::Free => next.run(request).await,
        Verdict::Passed(standing) => {
            let mut response = next.run(request).await;
            standing.write(response.headers_mut(), app.clock.now());
            response
        }
        Verdict::Exceeded(standing) => exceeded(&app, &route, &standing),
        Verdict::Global { retry_after } => too_many("global", retry_after, None),
    }
}

fn exceeded(app: &App, route: &Route, standing: &Standing) -> Response {
    // 40003: opening direct messages too fast has a code of its own.
    let code = (route.template == "/users/@me/channels").then_some(40003);
    let mut response = too_many("user", standing.retry_after(), code);
    standing.write(response.headers_mut(), app.clock.now());
    response
}

/// A 429 (topics, "Rate Limits": exceeding a rate limit).
pub(super) fn too_many(scope: &'static str, retry_after: Duration, code: Option<u32>) -> Response {
    let seconds = (retry_after.as_secs_f64() * 1000.0).ceil() / 1000.0;
    let message = match code {
        Some(40003) => "You are opening direct messages too fast.",
        Some(30046) => "Maximum number of edits to messages older than 1 hour reached. Try again later.",
        _ if scope == "shared" => "The resource is being rate limited.",
        _ => "You are being rate limited.",
    };
    let mut body = json!({ "message": message, "retry_after": seconds, "global": scope == "global" });
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    let mut response = (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response();
    let headers = response.headers_mut();
    let whole_seconds = retry_after.as_millis().div_ceil(1000);
    if let Ok(value) = HeaderValue::from_str(&whole_seconds.to_string()) {
        headers.insert(header::RETRY_AFTER, value);
    }
    headers.insert("x-ratelimit-scope", HeaderValue::from_static(scope));
    if scope == "global" {
        headers.insert("x-ratelimit-global", HeaderValue::from_static("true"));
    }
    response
}

fn route_of(request: &Request) -> Route {
    let path = request.uri().path();
    let template = request.extensions().get::<MatchedPath>().map_or(path, MatchedPath::as_str);
    let template = template.strip_prefix("/api/v10").unwrap_or(template).to_owned();
    let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
    let at = steps.iter().position(|step| matches!(*step, "channels" | "guilds" | "webhooks"));
    let major = match at.and_then(|at| steps.get(at..)) {
        Some(["webhooks", id, token, ..]) => format!("{id}/{token}"),
        Some([_, id, ..]) => (*id).to_owned(),
        _ => String::new(),
    };
    Route { method: request.method().clone(), template, major }
}
