//! Numbers and moments as people read them.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use maud::{Markup, html};

const MICROSECOND_NS: i64 = 1_000;
const MILLISECOND_NS: i64 = 1_000_000;
const SECOND_NS: i64 = 1_000_000_000;
const MINUTE_NS: i64 = 60 * SECOND_NS;

/// A duration with three significant digits: "850 ns", "412 µs", "21.4 ms", "1.24 s", "3 min 5 s".
pub(crate) fn duration(ns: i64) -> String {
    match ns {
        ..=0 => "0".into(),
        1..MICROSECOND_NS => format!("{ns} ns"),
        MICROSECOND_NS..MILLISECOND_NS => significant(ns, MICROSECOND_NS, "µs"),
        MILLISECOND_NS..SECOND_NS => significant(ns, MILLISECOND_NS, "ms"),
        SECOND_NS..MINUTE_NS => significant(ns, SECOND_NS, "s"),
        _ => look::duration(Duration::from_nanos(ns.unsigned_abs())),
    }
}

fn significant(ns: i64, unit_ns: i64, unit: &str) -> String {
    format!("{} {unit}", three_digits(ratio(ns, unit_ns)))
}

/// A value with three significant digits, without an exponent while it is readable.
pub(crate) fn three_digits(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if value == 0.0 => "0".into(),
        _ if size < 0.001 => format!("{value:.1e}"),
        _ if size < 1.0 => format!("{value:.3}"),
        _ if size < 10.0 => format!("{value:.2}"),
        _ if size < 100.0 => format!("{value:.1}"),
        _ => grouped(&format!("{value:.0}")),
    }
}

/// A value in the unit of its metric: seconds as durations, bytes as bytes, the rest as it is.
pub(crate) fn in_unit(value: f64, unit: &str) -> String {
    match unit {
        #[expect(clippy::cast_possible_truncation, reason = "a saturated duration is as long as it gets")]
        "s" => duration((value * 1e9) as i64),
        #[expect(clippy::cast_possible_truncation, reason = "a saturated duration is as long as it gets")]
        "ms" => duration((value * 1e6) as i64),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "bytes are whole and not negative"
        )]
        "By" => bytes(value as u64),
        "" | "1" => three_digits(value),
        unit if unit.starts_with('{') => three_digits(value),
        unit => format!("{} {unit}", three_digits(value)),
    }
}

/// "12,345".
pub(crate) fn count(number: u64) -> String {
    grouped(&number.to_string())
}

fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let mut text = String::from(sign);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// "3.21 MiB".
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut value = number as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{number} B") } else { format!("{} {}", three_digits(value), UNITS[unit]) }
}

/// "3.2 %"; nothing of nothing is "0 %".
pub(crate) fn percent(part: i64, whole: i64) -> String {
    match ratio(part, whole) * 100.0 {
        share if share == 0.0 || whole == 0 => "0 %".into(),
        share if share < 0.1 => "< 0.1 %".into(),
        share => format!("{share:.1} %"),
    }
}

/// One number over another; zero over nothing.
#[expect(clippy::cast_precision_loss, reason = "ratios are drawn, not counted with")]
pub(crate) fn ratio(part: i64, whole: i64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// As much of a name as there is room for.
pub(crate) fn shortened(name: &str, letters: usize) -> String {
    if name.chars().count() <= letters {
        return name.to_owned();
    }
    name.chars().take(letters.saturating_sub(1)).chain(['…']).collect()
}

/// The moment of Unix nanoseconds.
pub(crate) fn timestamp(unix_ns: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(unix_ns)).unwrap_or_default()
}

/// A moment to the millisecond, with the day unless it is today; ISO 8601 with zone on hover.
pub(crate) fn moment(unix_ns: i64, zone: &TimeZone, now: Timestamp) -> Markup {
    let at = timestamp(unix_ns);
    let (local, today) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()).date());
    let pattern = if local.date() == today { "%H:%M:%S%.3f" } else { "%-d %b %H:%M:%S%.3f" };
    html! { time .nowrap datetime=(at) title=(local.strftime("%Y-%m-%dT%H:%M:%S%.6f%:z")) { (local.strftime(pattern)) } }
}

/// What a zone is called: "UTC", "Europe/Berlin".
pub(crate) fn zone_name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits_and_a_unit() {
        let said = [850, 1_000, 412_300, 1_900_000, 21_400_000, 190_000_000, 1_240_000_000, 185_000_000_000]
            .map(duration);
        assert_eq!(
            said,
            ["850 ns", "1.00 µs", "412 µs", "1.90 ms", "21.4 ms", "190 ms", "1.24 s", "3 min 5 s"]
        );
    }

    #[test]
    fn numbers_are_grouped_and_bytes_have_units() {
        assert_eq!([0, 999, 1_000, 65_536].map(count), ["0", "999", "1,000", "65,536"]);
        assert_eq!([512, 1 << 20, 536_870_912].map(bytes), ["512 B", "1.00 MiB", "512 MiB"]);
        assert_eq!(
            (percent(0, 0), percent(1, 8), percent(1, 10_000)),
            ("0 %".into(), "12.5 %".into(), "< 0.1 %".into())
        );
    }

    #[test]
    fn names_are_cut_where_the_room_ends() {
        assert_eq!([shortened("Ähren", 5), shortened("Ährenfeld", 5)], ["Ähren", "Ähre…"]);
    }

    #[test]
    fn values_are_read_in_their_unit() {
        assert_eq!(
            [in_unit(0.0214, "s"), in_unit(2048.0, "By"), in_unit(12.5, "{row}")],
            ["21.4 ms", "2.00 KiB", "12.5"]
        );
    }
}
