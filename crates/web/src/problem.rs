//! What went wrong, as RFC 9457 says it; the only place where errors become responses.
//!
//! A handler returns a [`Problem`]; the `present` layer writes it down, as JSON for programs and as a page for
//! people.

mod types;

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use actions::{Refusal, Refuses};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::FieldError;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use types::*;
pub(crate) use types::{ALL, ProblemType};

/// Something went wrong; becomes a response by [`IntoResponse`].
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) kind: &'static ProblemType,
    pub(crate) detail: Cow<'static, str>,
    pub(crate) errors: Vec<InputError>,
    /// Seconds after which trying again makes sense.
    retry_after_s: Option<u32>,
    /// Told to the span and the log, never to a stranger.
    pub(crate) cause: Option<Cause>,
}

const INTERNAL_DETAIL: &str = "Something broke on our side. It has been recorded under this request id.";

/// The error behind an internal problem.
pub(crate) type Cause = Arc<dyn Error + Send + Sync>;

/// What is wrong with one part of the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct InputError {
    /// JSON pointer (RFC 6901) into the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/seats")]
    pub(crate) pointer: Option<String>,
    /// Name of the query parameter or header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parameter: Option<String>,
    /// What is wrong, as a sentence.
    pub(crate) detail: String,
}

/// The body of every error (RFC 9457, `application/problem+json`).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemDetails<'a> {
    /// Stable; a reference that leads to an explanation.
    #[serde(rename = "type")]
    #[schema(example = "/problems/invalid-input")]
    pub(crate) kind: String,
    /// The type in a few words.
    pub(crate) title: &'a str,
    /// The HTTP status.
    #[schema(example = 422)]
    pub(crate) status: u16,
    /// What happened this time, as a sentence.
    pub(crate) detail: &'a str,
    /// The path that was asked for.
    pub(crate) instance: &'a str,
    /// Finds the request in traces and logs.
    pub(crate) request_id: &'a str,
    /// Every part of the input that is wrong.
    #[serde(skip_serializing_if = "<[InputError]>::is_empty")]
    pub(crate) errors: &'a [InputError],
}

impl Problem {
    /// A problem of a type, with what happened this time.
    pub(crate) fn new(kind: &'static ProblemType, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, detail: detail.into(), errors: Vec::new(), retry_after_s: None, cause: None }
    }

    /// The body has fields that can't be so.
    pub(crate) fn invalid(errors: Vec<InputError>) -> Self {
        let count = errors.len();
        let detail = if count == 1 {
            "One value can't be so.".to_owned()
        } else {
            format!("{count} values can't be so.")
        };
        Self { errors, ..Self::new(&INVALID_INPUT, detail) }
    }

    /// One field of the body can't be so.
    pub(crate) fn invalid_field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::invalid(vec![InputError::at(pointer, detail)])
    }

    /// One query parameter can't be so.
    pub(crate) fn invalid_parameter(name: &str, detail: impl Into<String>) -> Self {
        let error = InputError { pointer: None, parameter: Some(name.to_owned()), detail: detail.into() };
        Self::invalid(vec![error])
    }

    /// There is no such thing, or the person asking may not know of it.
    pub(crate) fn not_found(what: &'static str) -> Self {
        Self::new(&NOT_FOUND, what)
    }

    /// Nobody is signed in.
    pub(crate) fn not_signed_in() -> Self {
        Self::new(&NOT_SIGNED_IN, "Sign in, or send a bearer token.")
    }

    /// Our fault; the cause goes to the span and the log only.
    pub(crate) fn internal(cause: impl Error + Send + Sync + 'static) -> Self {
        Self { cause: Some(Arc::new(cause)), ..Self::new(&INTERNAL, INTERNAL_DETAIL) }
    }

    /// The same, with the time after which trying again makes sense.
    pub(crate) fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// What a program reads.
    pub(crate) fn details<'a>(&'a self, instance: &'a str, request_id: &'a str) -> ProblemDetails<'a> {
        ProblemDetails {
            kind: self.kind.reference(),
            title: self.kind.title,
            status: self.kind.status,
            detail: &self.detail,
            instance,
            request_id,
            errors: &self.errors,
        }
    }
}

impl InputError {
    /// Something is wrong at a place of the body.
    pub(crate) fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), parameter: None, detail: detail.into() }
    }

    fn of(error: &FieldError) -> Self {
        Self::at(format!("/{}", error.field), error.message.clone())
    }
}

/// Every error of a verb says by itself how a stranger hears of it.
impl<E: Refuses> From<E> for Problem {
    fn from(error: E) -> Self {
        match error.refusal() {
            Refusal::NotFound => Self::new(&NOT_FOUND, error.to_string()),
            Refusal::Forbidden => Self::new(&FORBIDDEN, error.to_string()),
            Refusal::Invalid(fields) => Self::invalid(fields.iter().map(InputError::of).collect()),
            Refusal::Conflict(word) => Self::new(of_rule(word), error.to_string()),
            Refusal::Unavailable => Self::new(&UNAVAILABLE, error.to_string()).retry_after(5),
            // The verb's own span has the error and has logged it.
            Refusal::Broken => Self::new(&INTERNAL, INTERNAL_DETAIL),
        }
    }
}

impl IntoResponse for Problem {
    /// An empty response that carries the problem; the `present` layer gives it its body.
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}
