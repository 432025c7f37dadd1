//! Where a call goes: its template for people, its path for Discord.

use crate::limiter::{Lane, RouteName};
use reqwest::Method;
use std::fmt::Write as _;
use telemetry::Secret;

/// What stands in a shown path in a token's place.
const REDACTED: &str = "REDACTED";

/// One part of a path.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// An id.
    Id(u64),
    /// A token: part of the real path, never shown.
    Token(Secret<String>),
}

/// Where a call goes.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) method: Method,
    name: RouteName,
    parts: Vec<Part>,
    query: String,
    major: u64,
    counts_globally: bool,
}

impl Route {
    /// A route whose template has one `{…}` for each part, in their order.
    pub(crate) fn new(method: Method, name: RouteName, parts: Vec<Part>) -> Self {
        let major = parts.iter().find_map(|part| match part {
            Part::Id(id) => Some(*id),
            Part::Token(_) => None,
        });
        Self { method, name, parts, query: String::new(), major: major.unwrap_or(0), counts_globally: true }
    }

    pub(crate) fn query(mut self, query: String) -> Self {
        self.query = query;
        self
    }

    /// Marks a route that Discord counts per interaction and not towards the 50 calls a second.
    pub(crate) fn of_interaction(mut self, id: u64) -> Self {
        self.major = id;
        self.counts_globally = false;
        self
    }

    pub(crate) const fn lane(&self) -> Lane {
        Lane { route: self.name, major: self.major, counts_globally: self.counts_globally }
    }

    pub(crate) const fn method_name(&self) -> &'static str {
        self.name.0
    }

    pub(crate) const fn template(&self) -> &'static str {
        self.name.1
    }

    /// The path and query to call; it may hold tokens.
    pub(crate) fn real(&self) -> String {
        let mut path = self.fill(|part| match part {
            Part::Id(id) => id.to_string(),
            Part::Token(token) => token.expose().clone(),
        });
        if !self.query.is_empty() {
            let _ = write!(path, "?{}", self.query);
        }
        path
    }

    /// The path to show: with ids, without tokens and query.
    pub(crate) fn shown(&self) -> String {
        self.fill(|part| match part {
            Part::Id(id) => id.to_string(),
            Part::Token(_) => REDACTED.to_owned(),
        })
    }

    fn fill(&self, text: impl Fn(&Part) -> String) -> String {
        let mut parts = self.parts.iter();
        let mut path = String::with_capacity(self.template().len() + 40);
        for segment in self.template().split('/').skip(1) {
            path.push('/');
            let part = if segment.starts_with('{') { parts.next() } else { None };
            match part {
                Some(part) => path.push_str(&text(part)),
                None => path.push_str(segment),
            }
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_in_the_call_and_in_nothing_that_is_shown() {
        let route = Route::new(
            Method::POST,
            ("POST", "/interactions/{interaction.id}/{interaction.token}/callback"),
            vec![Part::Id(7), Part::Token(Secret::new("canary".to_owned()))],
        )
        .query("with_response=false".to_owned());
        assert_eq!(route.real(), "/interactions/7/canary/callback?with_response=false");
        assert_eq!(route.shown(), "/interactions/7/REDACTED/callback");
        assert!(!format!("{route:?}").contains("canary"));
    }
}
