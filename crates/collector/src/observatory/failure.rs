//! Why there is nothing to show, for pages and JSON alike.

use http::StatusCode;

use super::query::BadFilter;

#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("{0}")]
    BadFilter(#[from] BadFilter),
    #[error("no such trace is held: it never arrived, or it expired")]
    NoSuchTrace,
    #[error("the store could not be read")]
    Store(#[from] sqlx::Error),
}

impl ReadError {
    /// The status; what the store says is logged here, once, and not told to strangers.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::BadFilter(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NoSuchTrace => StatusCode::NOT_FOUND,
            Self::Store(error) => {
                tracing::error!(name: "observatory.read.exception", error = %error, "the store could not be read");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }
}
