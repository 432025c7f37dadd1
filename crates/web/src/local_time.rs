//! Local times as forms send them, on the clocks of a zone.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// What `datetime-local` inputs send.
const FORMAT: &str = "%Y-%m-%dT%H:%M";

/// A local time turned into an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) at: Timestamp,
    pub(crate) caveat: Option<Caveat>,
}

/// What a person should know about a local time near a change of the clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caveat {
    /// The clocks jump over it: the offset before the jump counts.
    Skipped,
    /// It happens twice: the first one counts.
    Repeated,
}

impl Caveat {
    /// As a sentence.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::Skipped => {
                "The clocks go forward and jump over this time, so it is taken as one hour later."
            }
            Self::Repeated => "The clocks go back and this time comes twice; the first of the two is meant.",
        }
    }
}

/// Reads a local time; a time in the gap uses the offset before the gap, in the fold the first counts.
pub(crate) fn resolve(text: &str, zone: &TimeZone) -> Option<Resolved> {
    let local: DateTime = text.parse().ok()?;
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let caveat = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => None,
        AmbiguousOffset::Gap { .. } => Some(Caveat::Skipped),
        AmbiguousOffset::Fold { .. } => Some(Caveat::Repeated),
    };
    Some(Resolved { at: ambiguous.compatible().ok()?, caveat })
}

/// An instant as a `datetime-local` input shows it.
pub(crate) fn shown(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime(FORMAT).to_string()
}

/// The zone of a name; UTC when it isn't known any more.
pub(crate) fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Resolved {
        resolve(text, &zone("Europe/Berlin")).unwrap()
    }

    #[test]
    fn clocks_that_change_are_told() {
        assert_eq!(
            at("2026-07-01T19:00"),
            Resolved { at: "2026-07-01T17:00:00Z".parse().unwrap(), caveat: None }
        );
        let gap = Resolved { at: "2026-03-29T01:30:00Z".parse().unwrap(), caveat: Some(Caveat::Skipped) };
        assert_eq!(at("2026-03-29T02:30"), gap);
        let fold = Resolved { at: "2026-10-25T00:30:00Z".parse().unwrap(), caveat: Some(Caveat::Repeated) };
        assert_eq!(at("2026-10-25T02:30"), fold);
        assert_eq!(resolve("tomorrow", &TimeZone::UTC), None);
    }

    #[test]
    fn what_is_shown_can_be_read_again() {
        let berlin = zone("Europe/Berlin");
        let instant = at("2026-07-01T19:00").at;
        assert_eq!(shown(instant, &berlin), "2026-07-01T19:00");
        assert_eq!(zone("Atlantis/Centre").iana_name(), Some("UTC"));
    }
}
