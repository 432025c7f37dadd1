//! The frame around every page: top bar, main, footer.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::assets::{ASSETS, FAVICON, SCRIPT, STYLESHEET};
use crate::forms::hidden;
use crate::marks::{Icon, icon, initial};
use crate::theme::Theme;

/// Which part of the house a page belongs to; marks the entry in the top bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Section {
    /// The viewer's next games.
    Home,
    /// A guild's games.
    Games,
    /// The form for a new game.
    NewGame,
    /// Traces, logs, metrics.
    Observatory,
    /// The practice Discord, a server of its own: it has no links to the dashboard's pages.
    Practice,
    /// None of them: sign-in, errors.
    #[default]
    Elsewhere,
}

impl Section {
    const BAR: [(Self, &'static str, &'static str); 4] = [
        (Self::Home, "/", "Home"),
        (Self::Games, "/games", "Games"),
        (Self::NewGame, "/games/new", "New game"),
        (Self::Observatory, "/observatory", "Observatory"),
    ];
}

/// Who is looking.
#[derive(Clone, Copy, Debug)]
pub struct Viewer<'a> {
    /// The name shown in the top bar.
    pub name: &'a str,
    /// The token that the sign-out form sends back; empty where that form is left out.
    pub csrf: &'a str,
}

/// Where the page hears of changes.
#[derive(Clone, Copy, Debug)]
pub struct Live<'a> {
    /// Address of a stream of server-sent events.
    pub url: &'a str,
    /// Names of the events that make the page fetch itself again; a plain `message` when empty.
    pub events: &'a [&'a str],
}

/// A page to be framed; `..Page::default()` fills what a page doesn't need.
#[derive(Debug)]
pub struct Page<'a> {
    /// What the browser's tab says before "· Muster".
    pub title: &'a str,
    /// The entry of the top bar that is current.
    pub section: Section,
    /// The guild's name, beside the mark.
    pub guild: Option<&'a str>,
    /// The person who is signed in.
    pub viewer: Option<Viewer<'a>>,
    /// Where the practice Discord's page is, when there is one.
    pub practice_url: Option<&'a str>,
    /// Light, dark or the system's.
    pub theme: Theme,
    /// Full width instead of a column of 72 rem.
    pub wide: bool,
    /// Live updates of `main`.
    pub live: Option<Live<'a>>,
    /// Further stylesheets of the room itself, own paths only.
    pub stylesheets: &'a [&'a str],
    /// What stands in `main`; it begins with the page's `h1`.
    pub body: Markup,
}

impl Default for Page<'_> {
    fn default() -> Self {
        Self {
            title: "",
            section: Section::Elsewhere,
            guild: None,
            viewer: None,
            practice_url: None,
            theme: Theme::System,
            wide: false,
            live: None,
            stylesheets: &[],
            body: PreEscaped(String::new()),
        }
    }
}

/// The whole document.
#[expect(clippy::needless_pass_by_value, reason = "a page is written in place, to be shown once")]
pub fn page(page: Page<'_>) -> Markup {
    let events = page.live.map(|live| live.events.join(" ")).filter(|events| !events.is_empty());
    html! {
        (DOCTYPE)
        html lang="en" data-theme=[page.theme.attribute()] {
            (head(&page))
            body .wide[page.wide] {
                a .skip href="#main" { "Skip to content" }
                (bar(&page))
                main #main tabindex="-1" data-live=[page.live.map(|live| live.url)] data-live-on=[events] {
                    (page.body)
                }
                (foot(page.theme))
                @if page.live.is_some() { p .toast role="status" {} }
            }
        }
    }
}

fn head(page: &Page<'_>) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { @if !page.title.is_empty() { (page.title) " · " } "Muster" }
            link rel="icon" href=(FAVICON.href()) type="image/svg+xml";
            link rel="stylesheet" href=(STYLESHEET.href());
            @for href in page.stylesheets { link rel="stylesheet" href=(href); }
            @if page.live.is_some() { script src=(SCRIPT.href()) defer {} }
        }
    }
}

fn bar(page: &Page<'_>) -> Markup {
    let place = if page.section == Section::Practice { Some("Practice Discord") } else { page.guild };
    html! {
        header .bar {
            div .bar-inner {
                a .mark href="/" { (icon(Icon::Mark)) "Muster" }
                @if let Some(place) = place { span .place { (place) } }
                @if page.section == Section::Practice { span .grow {} } @else { (pages(page)) }
                @if let Some(viewer) = page.viewer { (who(viewer)) }
            }
        }
    }
}

fn pages(page: &Page<'_>) -> Markup {
    html! {
        nav .pages aria-label="Pages" {
            @for (section, href, label) in Section::BAR {
                a href=(href) aria-current=[(section == page.section).then_some("page")] { (label) }
            }
            @if let Some(url) = page.practice_url {
                a href=(url) { "Practice Discord" }
            }
        }
    }
}

fn who(viewer: Viewer<'_>) -> Markup {
    let name = html! { span .who-name { (initial(viewer.name)) span { (viewer.name) } } };
    if viewer.csrf.is_empty() {
        return html! { div .who { (name) } };
    }
    html! {
        form .who method="post" action="/sign-out" {
            (hidden("csrf", viewer.csrf))
            (name)
            button .button.button-quiet type="submit" { "Sign out" }
        }
    }
}

fn foot(current: Theme) -> Markup {
    html! {
        footer .foot {
            div .foot-inner {
                span { "Muster " (env!("CARGO_PKG_VERSION")) }
                form .themes method="post" action={ (ASSETS) "/theme" } {
                    span #theme-label { "Colours" }
                    @for theme in Theme::ALL {
                        button name="theme" value=(theme.as_str()) aria-pressed=(theme == current)
                            aria-describedby="theme-label" { (theme.label()) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_has_its_landmarks_and_says_where_it_is() {
        let text = page(Page {
            title: "Games",
            section: Section::Games,
            viewer: Some(Viewer { name: "<Ada>", csrf: "token" }),
            theme: Theme::Dark,
            live: Some(Live { url: "/api/v1/events", events: &["game.updated", "game.created"] }),
            body: html! { h1 { "Games" } },
            ..Page::default()
        })
        .into_string();
        assert!(text.starts_with("<!DOCTYPE html><html lang=\"en\" data-theme=\"dark\">"));
        assert!(text.contains("<title>Games · Muster</title>"));
        assert!(text.contains("<a href=\"/games\" aria-current=\"page\">Games</a>"));
        assert!(text.contains("data-live=\"/api/v1/events\" data-live-on=\"game.updated game.created\""));
        assert!(text.contains("&lt;Ada&gt;") && !text.contains("<Ada>"));
        assert!(!text.contains("style=") && !text.contains("onclick"));
    }

    #[test]
    fn a_page_that_is_not_live_needs_no_script() {
        assert!(!page(Page::default()).into_string().contains("<script"));
    }
}
