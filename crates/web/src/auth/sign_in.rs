//! Starting and ending sessions, for the API and the pages alike.

use actions::people;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use domain::UserId;
use telemetry::Secret;

use super::cookie::{ended_session, session_token, started_session};
use crate::app::{PracticePerson, Web};
use crate::problem::{NOT_FOUND, Problem};

/// Signs in as one of the practice people; gives the cookie that keeps the session.
pub(crate) async fn sign_in_practice(
    web: &Web,
    person: &str,
) -> Result<(PracticePerson, (HeaderName, HeaderValue)), Problem> {
    if web.config().practice.is_none() {
        return Err(Problem::new(&NOT_FOUND, "There is no practice guild here."));
    }
    let id = person.parse().ok().map(UserId::new);
    let known = id.and_then(|id| web.config().practice_person(id)).cloned();
    let person =
        known.ok_or_else(|| Problem::invalid_field("/person", "None of the practice people has this id."))?;
    let token = people::sign_in(web.ctx(), person.id, &person.name).await?;
    let cookie = started_session(token.expose(), web.config());
    Ok((person, cookie))
}

/// Ends the session of a request's cookie, if it has one; gives the cookie that forgets it.
pub(crate) async fn sign_out(web: &Web, headers: &HeaderMap) -> Result<(HeaderName, HeaderValue), Problem> {
    if let Some(token) = session_token(headers, web.config()) {
        people::sign_out(web.ctx(), &Secret::new(token.to_owned())).await?;
    }
    Ok(ended_session(web.config()))
}

/// A path of this host to go on to, or home: never another host's, whatever a link says.
pub(crate) fn own_path(next: &str) -> &str {
    let own = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n', '\t']);
    if own { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_nowhere_else() {
        assert_eq!(own_path("/games?q=x"), "/games?q=x");
        for foreign in [
            "https://elsewhere.example/",
            "//elsewhere.example",
            "/\\elsewhere.example",
            "/\t/elsewhere.example",
            "",
        ] {
            assert_eq!(own_path(foreign), "/", "{foreign:?}");
        }
    }
}
