//! The person behind a request.

use actions::{Actor, Door, people};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use telemetry::Secret;

use super::cookie::session_token;
use crate::app::Web;
use crate::layers::observe::Facts;
use crate::problem::Problem;

/// Somebody whose session or token is good.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    pub(crate) actor: Actor,
    pub(crate) name: String,
    /// What forms bring along; none for a bearer token.
    pub(crate) csrf: Option<String>,
}

impl FromRequestParts<Web> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let found = match bearer(&parts.headers) {
            Some(token) => people::by_token(web.ctx(), &Secret::new(token.to_owned())).await?,
            None => match session_token(&parts.headers, web.config()) {
                Some(token) => people::by_session(web.ctx(), &Secret::new(token.to_owned())).await?,
                None => None,
            },
        };
        let people::Signed { user, name, csrf } = found.ok_or_else(Problem::not_signed_in)?;
        let mut actor = Actor::on_the_web(user, Door::Api);
        if let Some(facts) = parts.extensions.get::<Facts>() {
            facts.user(user);
            actor.whereabouts = facts.whereabouts();
        }
        Ok(Self { actor, name, csrf })
    }
}

/// RFC 6750 §2.1; the scheme's name is not case-sensitive.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
