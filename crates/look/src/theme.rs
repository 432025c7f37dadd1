//! Light, dark, or as the system has it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

/// The cookie that keeps the choice. It holds nothing secret and is shared by every page of this host.
pub const THEME_COOKIE: &str = "muster_theme";

/// Which colours a page has; an extractor that reads [`THEME_COOKIE`] and never fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As `prefers-color-scheme` says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// In the order of the switch.
    pub(crate) const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The value in the cookie and in the form.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The label of the switch.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    /// What goes on the root element; `None` leaves the choice to the system.
    pub(crate) fn attribute(self) -> Option<&'static str> {
        (self != Self::System).then(|| self.as_str())
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == text)
    }

    /// The choice in a request's cookies; [`Theme::System`] without one.
    pub fn of(headers: &HeaderMap) -> Self {
        let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        cookies
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == THEME_COOKIE)
            .and_then(|(_, value)| Self::parse(value))
            .unwrap_or_default()
    }
}

impl<S: Sync> FromRequestParts<S> for Theme {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.headers))
    }
}

/// Keeps the choice for a year and goes back to the page it was made on.
pub(crate) async fn switch(headers: HeaderMap, body: String) -> Response {
    let foreign = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    let chosen = body.strip_prefix("theme=").and_then(Theme::parse);
    let (Some(theme), false) = (chosen, foreign) else { return StatusCode::BAD_REQUEST.into_response() };
    let cookie =
        format!("{THEME_COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly", theme.as_str());
    let back = headers.get(header::REFERER).and_then(own_path).unwrap_or(HeaderValue::from_static("/"));
    let cookie = HeaderValue::from_str(&cookie).unwrap_or(HeaderValue::from_static(""));
    (StatusCode::SEE_OTHER, [(header::SET_COOKIE, cookie), (header::LOCATION, back)]).into_response()
}

/// The path and query of the page that sent the form: relative, so that it never leads to another host.
fn own_path(referer: &HeaderValue) -> Option<HeaderValue> {
    let uri: Uri = referer.to_str().ok()?.parse().ok()?;
    let path = uri.path_and_query()?.as_str();
    let local = path.starts_with('/') && !path.starts_with("//") && !path.contains('\\');
    if local { HeaderValue::from_str(path).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_is_one_cookie_among_others() {
        let of = |cookies: &'static str| {
            Theme::of(&HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(cookies))]))
        };
        assert_eq!(of("a=b; muster_theme=dark; c=d"), Theme::Dark);
        assert_eq!(of("muster_theme=light"), Theme::Light);
        assert_eq!(of("muster_theme=pink"), Theme::System);
        assert_eq!(Theme::of(&HeaderMap::new()), Theme::System);
    }

    #[test]
    fn going_back_never_leaves_this_host() {
        let back = |referer: &'static str| own_path(&HeaderValue::from_static(referer));
        assert_eq!(back("http://127.0.0.1:8080/games?q=x").unwrap(), "/games?q=x");
        assert_eq!(back("https://elsewhere.example/trap").unwrap(), "/trap");
        assert_eq!(back("https://elsewhere.example//trap.example"), None);
        assert_eq!(back("not an address"), None);
    }
}
