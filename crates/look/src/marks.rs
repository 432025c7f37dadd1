//! Small signs: icons, badges, seats, the tags of services.

use maud::{Markup, html};

use crate::assets::SPRITE;

/// A symbol of the sprite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say what is drawn")]
pub enum Icon {
    Mark,
    Calendar,
    Clock,
    Place,
    Person,
    Plus,
    Check,
    Cross,
    Search,
    Warning,
    Link,
    Bell,
    Chart,
    Hash,
}

impl Icon {
    const fn id(self) -> &'static str {
        match self {
            Self::Mark => "mark",
            Self::Calendar => "calendar",
            Self::Clock => "clock",
            Self::Place => "place",
            Self::Person => "person",
            Self::Plus => "plus",
            Self::Check => "check",
            Self::Cross => "cross",
            Self::Search => "search",
            Self::Warning => "warning",
            Self::Link => "link",
            Self::Bell => "bell",
            Self::Chart => "chart",
            Self::Hash => "hash",
        }
    }
}

/// A symbol beside a text that says the same; hidden from screen readers.
pub fn icon(icon: Icon) -> Markup {
    html! { svg .icon aria-hidden="true" { use href={ (SPRITE.href()) "#" (icon.id()) } {} } }
}

/// What a colour means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing in particular.
    #[default]
    Plain,
    /// Worth a look.
    Accent,
    /// Well.
    Good,
    /// It needs attention.
    Warn,
    /// Wrong, or ended.
    Bad,
}

impl Tone {
    /// The last part of a class name such as `badge-good`.
    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Accent => "accent",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// A status, with a filled dot.
pub fn badge(tone: Tone, text: &str) -> Markup {
    html! { span class={ "badge badge-" (tone.suffix()) } { (text) } }
}

/// A status that is not reached yet, with an open dot.
pub fn quiet_badge(tone: Tone, text: &str) -> Markup {
    html! { span class={ "badge badge-quiet badge-" (tone.suffix()) } { (text) } }
}

/// The first letter of a name in a circle; hidden from screen readers, since the name stands beside it.
pub fn initial(name: &str) -> Markup {
    let letter: String =
        name.chars().find(|c| c.is_alphanumeric()).into_iter().flat_map(char::to_uppercase).collect();
    html! { span .initial aria-hidden="true" { @if letter.is_empty() { "?" } @else { (letter) } } }
}

/// Up to this many seats are drawn one by one; more are a bar.
const DRAWN_SEATS: usize = 16;
/// Units of the drawing from one seat to the next.
const SEAT_STEP: usize = 16;
/// Units of the drawing: the length of the bar.
const BAR_LENGTH: usize = 160;

/// Seats as filled and open marks with the numbers beside them: "3 of 10 seats · 2 waiting".
pub fn seats(taken: usize, all: usize, waiting: usize) -> Markup {
    html! {
        span .seats {
            @if all <= DRAWN_SEATS { (seat_marks(taken, all)) } @else { (seat_bar(taken, all)) }
            span {
                (taken) " of " (all) @if all == 1 { " seat" } @else { " seats" }
                @if waiting > 0 { span .muted { " · " (waiting) " waiting" } }
            }
        }
    }
}

fn seat_marks(taken: usize, all: usize) -> Markup {
    html! {
        svg aria-hidden="true" viewBox={ "0 0 " (all * SEAT_STEP) " 14" } {
            @for seat in 0..all {
                rect class=(if seat < taken { "seat-taken" } else { "seat-open" })
                    x=(seat * SEAT_STEP + 1) y="1" width="12" height="12" rx="4" {}
            }
        }
    }
}

fn seat_bar(taken: usize, all: usize) -> Markup {
    let filled = BAR_LENGTH * taken.min(all) / all.max(1);
    html! {
        svg aria-hidden="true" viewBox={ "0 0 " (BAR_LENGTH) " 14" } {
            rect .seat-track x="0" y="1" width=(BAR_LENGTH) height="12" rx="4" {}
            rect .seat-taken x="0" y="1" width=(filled) height="12" rx="4" {}
        }
    }
}

/// One of the five services, with its colour and its two letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the services")]
pub enum Service {
    Api,
    Bot,
    NotificationDaemon,
    StatusTransitionDaemon,
    Collector,
    Other,
}

impl Service {
    /// The service of a resource's `service.name`.
    pub fn named(name: &str) -> Self {
        match name {
            "api-service" => Self::Api,
            "bot-service" => Self::Bot,
            "notification-daemon" => Self::NotificationDaemon,
            "status-transition-daemon" => Self::StatusTransitionDaemon,
            "collector" => Self::Collector,
            _ => Self::Other,
        }
    }

    /// The two letters that stand wherever the colour stands.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Api => "AP",
            Self::Bot => "BO",
            Self::NotificationDaemon => "NO",
            Self::StatusTransitionDaemon => "ST",
            Self::Collector => "CO",
            Self::Other => "··",
        }
    }

    /// The class that sets `--svc`; inside of it `.svc-fill` and `.svc-stroke` colour SVG shapes.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Api => "svc-api",
            Self::Bot => "svc-bot",
            Self::NotificationDaemon => "svc-notification",
            Self::StatusTransitionDaemon => "svc-status",
            Self::Collector => "svc-collector",
            Self::Other => "svc-other",
        }
    }
}

/// A service's tag in its colour, and its name.
pub fn service(name: &str) -> Markup {
    let service = Service::named(name);
    html! {
        span class={ "service " (service.class()) } {
            b aria-hidden="true" { (service.tag()) }
            span .service-name title=(name) { (name) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_is_in_the_sprite() {
        let sprite = include_str!("../assets/sprite.svg");
        let all = [
            Icon::Mark,
            Icon::Calendar,
            Icon::Clock,
            Icon::Place,
            Icon::Person,
            Icon::Plus,
            Icon::Check,
            Icon::Cross,
            Icon::Search,
            Icon::Warning,
            Icon::Link,
            Icon::Bell,
            Icon::Chart,
            Icon::Hash,
        ];
        for one in all {
            assert!(sprite.contains(&format!("<symbol id=\"{}\"", one.id())), "{one:?}");
        }
        assert_eq!(sprite.matches("<symbol").count(), all.len());
    }

    #[test]
    fn seats_are_said_and_drawn() {
        let some = seats(3, 5, 0).into_string();
        assert_eq!(some.matches("seat-taken").count(), 3);
        assert_eq!(some.matches("seat-open").count(), 2);
        assert!(some.contains("3 of 5 seats"));
        assert!(seats(100, 100, 7).into_string().contains("width=\"160\" height=\"12\""));
        assert!(seats(100, 100, 7).into_string().contains("7 waiting"));
        assert!(seats(0, 1, 0).into_string().contains("0 of 1 seat<"));
    }

    #[test]
    fn a_name_without_letters_still_has_a_sign() {
        assert!(initial("ß").into_string().contains("SS"));
        assert!(initial("!!").into_string().contains('?'));
    }
}
