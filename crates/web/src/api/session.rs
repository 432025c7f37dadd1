//! POST `/auth/practice`, POST `/auth/logout`.

use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::shapes::Person;
use crate::app::Web;
use crate::auth::{own_path, sign_in_practice, sign_out as end_session};
use crate::input::{Json, Submitted, is_form};
use crate::problem::Problem;

/// Whom to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PracticePersonWanted {
    /// The Discord id of one of the practice people.
    #[schema(example = "1000000000000000001")]
    person: String,
}

/// Signs in as one of the practice people, where there is a practice guild: the answer sets the session's
/// cookie.
///
/// Takes JSON; a form with the fields `person` and `next` is answered by a redirect.
#[utoipa::path(post, path = "/auth/practice", tag = "people", request_body = PracticePersonWanted,
    responses((status = 200, body = Person, headers(("Set-Cookie" = String)))))]
pub(crate) async fn sign_in(State(web): State<Web>, request: Request) -> Result<Response, Problem> {
    if is_form(request.headers()) {
        let form = Submitted::from_request(request, &web).await?;
        let (_, cookie) = sign_in_practice(&web, form.get("person")).await?;
        return Ok((AppendHeaders([cookie]), Redirect::to(own_path(form.get("next")))).into_response());
    }
    let Json(wanted) = Json::<PracticePersonWanted>::from_request(request, &web).await?;
    let (person, cookie) = sign_in_practice(&web, &wanted.person).await?;
    let shown = Person { id: person.id.to_string(), name: person.name };
    Ok((AppendHeaders([cookie]), axum::Json(shown)).into_response())
}

/// Ends the session of the cookie. Without one there is nothing to end.
#[utoipa::path(post, path = "/auth/logout", tag = "people",
    responses((status = 204, description = "It is ended")))]
pub(crate) async fn sign_out(
    State(web): State<Web>,
    headers: HeaderMap,
) -> Result<(StatusCode, AppendHeaders<[(HeaderName, HeaderValue); 1]>), Problem> {
    Ok((StatusCode::NO_CONTENT, AppendHeaders([end_session(&web, &headers).await?])))
}
