//! Writes problems down: as JSON for programs, as a page for people.

use actions::people::Signed;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use look::{Failure, Page, Style, Theme, Viewer, link_button, page};
use maud::{Markup, html};
use telemetry::Secret;

use crate::app::Web;
use crate::auth::{session, who};
use crate::layers::observe::{Facts, Trouble};
use crate::pages::sign_in_address;
use crate::problem::Problem;

/// What the answer to a problem depends on.
struct Asked {
    path: String,
    path_and_query: String,
    request_id: String,
    theme: Theme,
    session: Option<Secret<String>>,
    /// A person looks at it: not the API, and HTML is welcome.
    by_person: bool,
}

/// Gives the response of a [`Problem`] its body.
pub(crate) async fn present(State(web): State<Web>, request: Request, next: Next) -> Response {
    let asked = Asked::of(&web, &request);
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let trouble = Trouble { slug: problem.kind.slug, cause: problem.cause.clone() };
    let mut answer =
        if asked.by_person { asked.for_person(&web, &problem).await } else { asked.for_program(&problem) };
    for name in [header::ALLOW, header::RETRY_AFTER, header::WWW_AUTHENTICATE] {
        if let Some(value) = response.headers_mut().remove(&name) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer.extensions_mut().insert(trouble);
    answer
}

impl Asked {
    fn of(web: &Web, request: &Request) -> Self {
        let path = request.uri().path().to_owned();
        let accept =
            request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
        Self {
            by_person: !path.starts_with("/api/") && accept.contains("text/html"),
            path_and_query: request.uri().path_and_query().map_or_else(|| path.clone(), ToString::to_string),
            path,
            request_id: request
                .extensions()
                .get()
                .map_or_else(String::new, |facts: &Facts| facts.request_id().to_owned()),
            theme: Theme::of(request.headers()),
            session: session(request.headers(), web.config()),
        }
    }

    fn for_program(&self, problem: &Problem) -> Response {
        let body = serde_json::to_string(&problem.details(&self.path, &self.request_id)).unwrap_or_default();
        let media_type = HeaderValue::from_static("application/problem+json");
        (status(problem), [(header::CONTENT_TYPE, media_type)], body).into_response()
    }

    async fn for_person(&self, web: &Web, problem: &Problem) -> Response {
        if problem.kind.status == 401 {
            return Redirect::to(&sign_in_address(&self.path_and_query)).into_response();
        }
        let viewer = match &self.session {
            Some(session) => who(web, session).await,
            None => None,
        };
        (status(problem), self.error_page(web, problem, viewer.as_ref())).into_response()
    }

    fn error_page(&self, web: &Web, problem: &Problem, viewer: Option<&Signed>) -> Markup {
        let failure = Failure {
            status: problem.kind.status,
            title: problem.kind.title,
            detail: &problem.detail,
            request_id: Some(&self.request_id),
        };
        page(Page {
            title: problem.kind.title,
            theme: self.theme,
            viewer: viewer.map(|it| Viewer { name: &it.name, csrf: it.csrf.as_deref().unwrap_or_default() }),
            practice_url: web.config().practice_url.as_deref(),
            body: look::failure(&failure, Some(self.ways_on(web))),
            ..Page::default()
        })
    }

    /// Where to go from here: to the game whose button it was, home, to the trace for those who may see it.
    fn ways_on(&self, web: &Web) -> Markup {
        let part = self.path.strip_prefix("/games/").and_then(|rest| rest.split_once('/'));
        let game = part.map(|(game, _)| format!("/games/{game}"));
        let trace = format!("/observatory/traces/{}", self.request_id);
        html! {
            @if let Some(game) = game { (link_button(Style::Primary, &game, "Back to the game")) }
            (link_button(Style::Plain, "/", "Go home"))
            @if web.config().practice.is_some() { (link_button(Style::Quiet, &trace, "See its trace")) }
        }
    }
}

fn status(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
