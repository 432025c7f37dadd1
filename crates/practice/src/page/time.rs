//! Times as people read them: UTC, and relative to the practice clock.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const MONTH: i64 = 30 * DAY;
const YEAR: i64 = 365 * DAY;

/// A Discord timestamp (`<t:1772388000:F>`) in one of Discord's styles; none when the style is unknown
/// (reference, "Timestamp Styles").
pub(super) fn styled(at: Timestamp, style: &str, now: Timestamp) -> Option<Markup> {
    let format = match style {
        "t" => "%H:%M",
        "T" => "%H:%M:%S",
        "d" => "%d/%m/%Y",
        "D" => "%-d %B %Y",
        "f" => "%-d %B %Y %H:%M",
        "F" => "%A, %-d %B %Y %H:%M",
        "R" => return Some(tagged(at, &relative(at, now))),
        _ => return None,
    };
    Some(tagged(at, &format!("{} UTC", at.strftime(format))))
}

/// The text of an instant, with its exact value for machines and on hover.
fn tagged(at: Timestamp, text: &str) -> Markup {
    let exact = exact(at);
    html! { time .stamp datetime=(exact) title=(exact) { (text) } }
}

/// ISO 8601, to the second.
fn exact(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// When a message was written: the time today, else with its day.
pub(super) fn written(at: Timestamp, now: Timestamp) -> Markup {
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let format = if day(at) == day(now) { "%H:%M" } else { "%-d %b %Y %H:%M" };
    let exact = exact(at);
    html! { time .written datetime=(exact) title=(exact) { (at.strftime(format).to_string()) } }
}

/// The distance of `at` from `now` in words, to the nearest unit.
pub(super) fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.as_second() - now.as_second();
    let distance = seconds.abs();
    let (unit, name) = match distance {
        0..MINUTE => (1, "second"),
        MINUTE..HOUR => (MINUTE, "minute"),
        HOUR..DAY => (HOUR, "hour"),
        DAY..MONTH => (DAY, "day"),
        MONTH..YEAR => (MONTH, "month"),
        _ => (YEAR, "year"),
    };
    let words = counted((distance + unit / 2) / unit, name);
    if seconds < 0 { format!("{words} ago") } else { format!("in {words}") }
}

fn counted(count: i64, unit: &str) -> String {
    match (count, unit) {
        (1, "hour") => "an hour".to_owned(),
        (1, _) => format!("a {unit}"),
        _ => format!("{count} {unit}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_words() {
        let now = Timestamp::from_second(1_000_000_000).unwrap();
        let away = |seconds: i64| relative(Timestamp::from_second(1_000_000_000 + seconds).unwrap(), now);
        assert_eq!(away(1), "in a second");
        assert_eq!(away(-80), "a minute ago");
        assert_eq!(away(2 * 3600 - 60), "in 2 hours");
        assert_eq!(away(2 * 3600), "in 2 hours");
        assert_eq!(away(-3600), "an hour ago");
        assert_eq!(away(40 * 86_400), "in a month");
    }

    #[test]
    fn styles_are_discords() {
        let at: Timestamp = "2026-03-01T18:05:09Z".parse().unwrap();
        let text = |style| styled(at, style, at).map(Markup::into_string);
        assert!(text("F").unwrap().contains("Sunday, 1 March 2026 18:05 UTC"));
        assert!(text("T").unwrap().contains("18:05:09 UTC"));
        assert_eq!(text("x"), None);
    }
}
