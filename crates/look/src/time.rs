//! Moments and spans of time as people read them.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

const MINUTE_S: u64 = 60;
const HOUR_S: u64 = 60 * MINUTE_S;
const DAY_S: u64 = 24 * HOUR_S;
const WEEK_S: u64 = 7 * DAY_S;

/// A moment: absolute in a zone that is named, relative beside it, ISO 8601 on hover.
pub fn time(at: Timestamp, zone: &TimeZone, now: Timestamp) -> Markup {
    let local = at.to_zoned(zone.clone());
    html! {
        time datetime=(at) title=(at) {
            (local.strftime("%a %-d %b %Y, %H:%M")) " " span .zone { (zone_name(zone)) } " "
            span .relative { (relative_text(at, now)) }
        }
    }
}

/// A moment of a day that is clear from the surroundings: hours and minutes, ISO 8601 on hover.
pub fn short_time(at: Timestamp, zone: &TimeZone) -> Markup {
    html! { time datetime=(at) title=(at) { (at.to_zoned(zone.clone()).strftime("%H:%M")) } }
}

/// A moment by its distance from now, ISO 8601 on hover.
pub fn relative(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at) title=(at) { (relative_text(at, now)) } }
}

fn zone_name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}

/// "now", "in 5 min", "3 h ago", "in 12 days".
pub fn relative_text(at: Timestamp, now: Timestamp) -> String {
    let distance = at.duration_since(now);
    let seconds = distance.unsigned_abs().as_secs();
    let size = match seconds {
        0..45 => return "now".to_owned(),
        45..HOUR_S => format!("{} min", (seconds + 30) / MINUTE_S),
        HOUR_S..DAY_S => hours(seconds),
        DAY_S..WEEK_S => counted(seconds / DAY_S, "day"),
        _ if seconds < 8 * WEEK_S => counted(seconds / WEEK_S, "week"),
        _ => counted(seconds / (30 * DAY_S), "month"),
    };
    if distance.is_negative() { format!("{size} ago") } else { format!("in {size}") }
}

/// Minutes matter while it is soon.
fn hours(seconds: u64) -> String {
    let minutes = (seconds % HOUR_S) / MINUTE_S;
    match (seconds / HOUR_S, minutes) {
        (hours @ 0..4, minutes @ 1..) => format!("{hours} h {minutes} min"),
        (hours, _) => format!("{hours} h"),
    }
}

fn counted(count: u64, unit: &str) -> String {
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// A duration with its unit: "412 µs", "38 ms", "1.24 s", "45 min", "1 h 30 min", "2 days".
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 if duration.as_micros() < 1_000 => format!("{} µs", duration.as_micros()),
        0 => format!("{} ms", duration.as_millis()),
        1..MINUTE_S => format!("{:.2} s", duration.as_secs_f64()),
        MINUTE_S..HOUR_S => join(seconds / MINUTE_S, "min", seconds % MINUTE_S, "s"),
        HOUR_S..DAY_S => join(seconds / HOUR_S, "h", seconds % HOUR_S / MINUTE_S, "min"),
        _ => counted(seconds / DAY_S, "day"),
    }
}

fn join(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 {
        format!("{large} {large_unit}")
    } else {
        format!("{large} {large_unit} {small} {small_unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn distances_read_as_people_say_them() {
        let now = at("2026-11-21T12:00:00Z");
        let said = |text: &str| relative_text(at(text), now);
        assert_eq!(said("2026-11-21T12:00:30Z"), "now");
        assert_eq!(said("2026-11-21T12:05:00Z"), "in 5 min");
        assert_eq!(said("2026-11-21T13:20:00Z"), "in 1 h 20 min");
        assert_eq!(said("2026-11-21T18:20:00Z"), "in 6 h");
        assert_eq!(said("2026-11-20T11:00:00Z"), "1 day ago");
        assert_eq!(said("2026-12-06T12:00:00Z"), "in 2 weeks");
        assert_eq!(said("2027-11-21T12:00:00Z"), "in 12 months");
    }

    #[test]
    fn durations_carry_their_unit() {
        let said = |ms: u64| duration(Duration::from_millis(ms));
        assert_eq!(duration(Duration::from_micros(412)), "412 µs");
        assert_eq!(said(38), "38 ms");
        assert_eq!(said(1_240), "1.24 s");
        assert_eq!(said(90 * 60_000), "1 h 30 min");
        assert_eq!(said(45 * 60_000), "45 min");
        assert_eq!(said(49 * 3_600_000), "2 days");
    }

    #[test]
    fn a_moment_names_its_zone_and_keeps_the_instant() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let shown = time(at("2026-11-21T18:00:00Z"), &zone, at("2026-11-21T15:00:00Z")).into_string();
        insta::assert_snapshot!(shown, @r#"<time datetime="2026-11-21T18:00:00Z" title="2026-11-21T18:00:00Z">Sat 21 Nov 2026, 19:00 <span class="zone">Europe/Berlin</span> <span class="relative">in 3 h</span></time>"#);
    }
}
