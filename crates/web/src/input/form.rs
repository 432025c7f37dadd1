//! The fields of an HTML form, kept as they were typed.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use url::form_urlencoded;

use super::json::body;
use crate::problem::Problem;

/// What somebody submitted: the last value of each name, as typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Submitted(BTreeMap<String, String>);

impl Submitted {
    /// A field; empty when it wasn't sent.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// A field without the space around it; `None` when that leaves nothing.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        Some(self.get(name).trim()).filter(|value| !value.is_empty())
    }

    /// The fields of a form as a browser sends them.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }
}

/// Whether a body is a form as browsers send it.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.starts_with("application/x-www-form-urlencoded")
}

impl<const N: usize> From<[(&str, String); N]> for Submitted {
    fn from(fields: [(&str, String); N]) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

impl<S: Send + Sync> FromRequest<S> for Submitted {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::parse(&body(request, state).await?))
    }
}
