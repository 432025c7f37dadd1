//! The query of an address.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Display;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use url::form_urlencoded;

use crate::problem::Problem;

/// The parameters of a query; a name may come more than once.
#[derive(Debug, Default)]
pub(crate) struct Query(BTreeMap<String, Vec<String>>);

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        let mut query = Self::default();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            query.0.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        query
    }

    /// The first value of a name, unless it is empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.all(name).first().map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Every value of a name.
    pub(crate) fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// The first value of a name, read as a `T`.
    pub(crate) fn read<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, Problem> {
        self.text(name).map(|value| parse_one(name, value)).transpose()
    }

    /// Every value of a name, read as `T`s; commas separate values too.
    pub(crate) fn read_all<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Vec<T>, Problem> {
        let values =
            self.all(name).iter().flat_map(|value| value.split(',')).filter(|value| !value.is_empty());
        values.map(|value| parse_one(name, value)).collect()
    }

    /// Refuses what isn't among `names`: a misspelt filter must not look like one that matched everything.
    pub(crate) fn only(&self, names: &[&str]) -> Result<(), Problem> {
        match self.0.keys().find(|name| !names.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(Problem::invalid_parameter(
                name,
                format!("There is no such parameter; there are {}.", names.join(", ")),
            )),
        }
    }
}

fn parse_one<T: FromStr<Err: Display>>(name: &str, value: &str) -> Result<T, Problem> {
    value.parse().map_err(|error| Problem::invalid_parameter(name, format!("{error}.")))
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_come_more_than_once() {
        let query = Query::parse("status=draft&status=scheduled,completed&q=a+b&limit=many&empty=");
        assert_eq!(query.read_all::<domain::Status>("status").unwrap().len(), 3);
        assert_eq!(query.text("q"), Some("a b"));
        assert_eq!(query.text("empty"), None);
        let refused = query.read::<u32>("limit").unwrap_err();
        assert_eq!(refused.errors[0].parameter.as_deref(), Some("limit"));
        assert!(query.only(&["status", "q", "limit", "empty"]).is_ok());
        assert_eq!(query.only(&["status"]).unwrap_err().kind.status, 422);
    }
}
