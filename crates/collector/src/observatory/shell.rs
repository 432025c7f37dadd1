//! The frame of the Observatory's pages.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse as _, Response},
};
use http::request::Parts;
use jiff::{Timestamp, tz::TimeZone};
use look::{Failure, Live, Page, Section, Style, Theme, Viewer};
use maud::{Markup, html};

use super::{assets, failure::ReadError};
use crate::now;

/// What the house around the Observatory knows of a request: put it into the request's extensions to have it shown.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// The name of who is signed in, and the token of the sign-out form; empty where that form is left out.
    pub viewer: Option<(String, String)>,
    /// The guild beside the mark.
    pub guild: Option<String>,
    /// Where the practice Discord's page is.
    pub practice_url: Option<String>,
    /// The zone in which times are shown; UTC without one.
    pub zone: Option<TimeZone>,
}

/// A page's content and what its frame should say.
#[derive(Default)]
pub(crate) struct Sheet {
    pub(crate) title: String,
    /// The address of the current tab.
    pub(crate) tab: &'static str,
    pub(crate) wide: bool,
    /// The address of the events after which the page is drawn again.
    pub(crate) live: Option<String>,
    pub(crate) body: Markup,
}

/// Draws pages for one request.
pub(crate) struct Shell {
    frame: Frame,
    theme: Theme,
    /// When the page is drawn.
    pub(crate) now: Timestamp,
}

const TABS: [(&str, &str); 6] = [
    ("/observatory", "Overview"),
    ("/observatory/traces", "Traces"),
    ("/observatory/games", "Stories"),
    ("/observatory/logs", "Logs"),
    ("/observatory/metrics", "Metrics"),
    ("/observatory/health", "Health"),
];

impl<S: Sync> FromRequestParts<S> for Shell {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let frame = parts.extensions.get::<Frame>().cloned().unwrap_or_default();
        let now = Timestamp::from_nanosecond(i128::from(now::unix_nanos())).unwrap_or_default();
        Ok(Self { frame, theme: Theme::of(&parts.headers), now })
    }
}

impl Shell {
    /// The zone in which times are shown.
    pub(crate) fn zone(&self) -> TimeZone {
        self.frame.zone.clone().unwrap_or(TimeZone::UTC)
    }

    /// Unix nanoseconds of now.
    pub(crate) fn now_ns(&self) -> i64 {
        i64::try_from(self.now.as_nanosecond()).unwrap_or(i64::MAX)
    }

    /// The page, or the page that says why not.
    pub(crate) fn answer(&self, sheet: Result<Sheet, ReadError>) -> Response {
        match sheet {
            Ok(sheet) => self.draw(&sheet).into_response(),
            Err(error) => self.fail(&error),
        }
    }

    fn draw(&self, sheet: &Sheet) -> Markup {
        let stylesheet = assets::stylesheet_href();
        look::page(Page {
            title: &sheet.title,
            section: Section::Observatory,
            guild: self.frame.guild.as_deref(),
            viewer: self.frame.viewer.as_ref().map(|(name, csrf)| Viewer { name, csrf }),
            practice_url: self.frame.practice_url.as_deref(),
            theme: self.theme,
            wide: sheet.wide,
            live: sheet.live.as_deref().map(|url| Live { url, events: &[] }),
            stylesheets: &[&stylesheet],
            body: html! { (look::tabs("Observatory", &TABS, sheet.tab)) (sheet.body) },
        })
    }

    fn fail(&self, error: &ReadError) -> Response {
        let status = error.status();
        let (title, detail) = words(error);
        let failure = Failure { status: status.as_u16(), title, detail: &detail, request_id: None };
        let action = look::link_button(Style::Plain, "/observatory/traces", "Search traces");
        let body = look::failure(&failure, Some(action));
        let sheet = Sheet { title: title.into(), tab: "", body, ..Sheet::default() };
        (status, self.draw(&sheet)).into_response()
    }
}

fn words(error: &ReadError) -> (&'static str, String) {
    match error {
        ReadError::BadFilter(filter) => ("A filter cannot be read", format!("Wanted for {}: {}.", filter.field, filter.problem)),
        ReadError::NoSuchTrace => (
            "No such trace",
            "Nothing of this trace is held. Its spans have not arrived yet, were never sent here, or have expired by the caps of the store.".into(),
        ),
        ReadError::Store(_) => (
            "The store could not be read",
            "The collector could not read its file. Its log says why; what is being received is not affected.".into(),
        ),
    }
}
