//! GET `/me`.

use axum::Json;

use super::shapes::Person;
use crate::auth::Signed;

/// Who you are.
#[utoipa::path(get, path = "/me", tag = "people", responses((status = 200, body = Person)))]
pub(crate) async fn me(signed: Signed) -> Json<Person> {
    Json(Person { id: signed.actor.user.to_string(), name: signed.name })
}
