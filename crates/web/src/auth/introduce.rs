//! Who looks, for pages that anybody may see.

use actions::people;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use telemetry::Secret;

use super::cookie::session_token;
use crate::app::{Web, WebConfig};

/// Somebody who is signed in, as routes of other rooms find them among a request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Their name.
    pub name: String,
}

/// The token of a request's session.
pub(crate) fn session(headers: &HeaderMap, config: &WebConfig) -> Option<Secret<String>> {
    session_token(headers, config).map(|token| Secret::new(token.to_owned()))
}

/// The person of a session. While the store can't be reached they are nobody: such a page says less, but it is there.
pub(crate) async fn who(web: &Web, token: &Secret<String>) -> Option<people::Signed> {
    people::by_session(web.silent_ctx(), token).await.ok().flatten()
}

/// Tells the routes of other rooms who asks.
pub(crate) async fn introduce(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    if let Some(token) = session(request.headers(), web.config())
        && let Some(signed) = who(&web, &token).await
    {
        request.extensions_mut().insert(SignedIn { name: signed.name });
    }
    next.run(request).await
}
