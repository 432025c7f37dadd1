//! What a script is told when something can't be done: a status and `{"error": "…"}`.

use crate::state::PlayError;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::json;

#[derive(Debug)]
pub(crate) enum Problem {
    BadRequest(String),
    Forbidden(String),
    NotFound(String),
    Conflict(String),
    Invalid(String),
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, error) = match self {
            Self::BadRequest(error) => (StatusCode::BAD_REQUEST, error),
            Self::Forbidden(error) => (StatusCode::FORBIDDEN, error),
            Self::NotFound(error) => (StatusCode::NOT_FOUND, error),
            Self::Conflict(error) => (StatusCode::CONFLICT, error),
            Self::Invalid(error) => (StatusCode::UNPROCESSABLE_ENTITY, error),
        };
        (status, Json(json!({ "error": error }))).into_response()
    }
}

impl From<PlayError> for Problem {
    fn from(error: PlayError) -> Self {
        let sentence = error.to_string();
        match error {
            PlayError::UnknownPerson(_)
            | PlayError::UnknownChannel(_)
            | PlayError::UnknownMessage(_)
            | PlayError::UnknownButton(..)
            | PlayError::UnknownCommand(..) => Self::NotFound(sentence),
            PlayError::Disabled(_) | PlayError::Link(_) => Self::Conflict(sentence),
            PlayError::BadOption(_) => Self::Invalid(sentence),
            PlayError::Forbidden => Self::Forbidden(sentence),
        }
    }
}

/// A JSON body of a known shape.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        match Json::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(JsonRejection::JsonDataError(error)) => Err(Problem::Invalid(error.body_text())),
            Err(error) => Err(Problem::BadRequest(error.body_text())),
        }
    }
}
