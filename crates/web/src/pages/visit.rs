//! Somebody who looks at a page, and what every page shows of them.

use actions::{Actor, Door};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use domain::UserId;
use jiff::Timestamp;
use look::{Live, Page, Section, Theme, Viewer, page};
use maud::Markup;

use super::cards::Viewing;
use crate::app::Web;
use crate::auth::Signed;
use crate::input::Submitted;
use crate::problem::{CROSS_SITE, Problem};

/// What open pages listen to.
const LIVE_EVENTS: [&str; 6] = [
    "game.created",
    "game.updated",
    "game.cancelled",
    "game.status_changed",
    "participants.changed",
    "reset",
];

/// Somebody who is signed in, at a page.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) actor: Actor,
    pub(crate) csrf: String,
    pub(crate) now: Timestamp,
    pub(crate) name: String,
    theme: Theme,
    practice_url: Option<String>,
}

/// What differs from page to page.
#[derive(Debug)]
pub(crate) struct Content<'a> {
    pub(crate) title: &'a str,
    pub(crate) section: Section,
    pub(crate) guild: Option<&'a str>,
    /// The stream that makes the page look again.
    pub(crate) live: Option<&'a str>,
    pub(crate) body: Markup,
}

impl Visit {
    /// Who they are.
    pub(crate) const fn user(&self) -> UserId {
        self.actor.user
    }

    /// Who looks at cards.
    pub(crate) fn viewing(&self) -> Viewing<'_> {
        Viewing { user: self.user(), csrf: &self.csrf, now: self.now }
    }

    /// The whole page.
    pub(crate) fn show(&self, content: Content<'_>) -> Markup {
        page(Page {
            title: content.title,
            section: content.section,
            guild: content.guild,
            viewer: Some(Viewer { name: &self.name, csrf: &self.csrf }),
            practice_url: self.practice_url.as_deref(),
            theme: self.theme,
            live: content.live.map(|url| Live { url, events: &LIVE_EVENTS }),
            body: content.body,
            ..Page::default()
        })
    }
}

impl FromRequestParts<Web> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let signed = Signed::from_request_parts(parts, web).await?;
        Ok(Self {
            actor: Actor { door: Door::Page, ..signed.actor },
            csrf: signed.csrf.unwrap_or_default(),
            now: web.now(),
            name: signed.name,
            theme: Theme::of(&parts.headers),
            practice_url: web.config().practice_url.clone(),
        })
    }
}

/// A form that its owner sent: its token is that of the session.
#[derive(Debug)]
pub(crate) struct SentForm {
    pub(crate) visit: Visit,
    pub(crate) fields: Submitted,
}

impl FromRequest<Web> for SentForm {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, web).await?;
        let fields = Submitted::from_request(Request::from_parts(parts, body), web).await?;
        if visit.csrf.is_empty() || fields.get("csrf") != visit.csrf {
            return Err(Problem::new(&CROSS_SITE, "This form is of an older session. Load the page again."));
        }
        Ok(Self { visit, fields })
    }
}
