//! What came due, step by step: when it was due, when a daemon claimed it, when it was out.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::super::format;
use crate::story::{Chapter, Fate, Mark};

/// Clocks that differ by less show the same time: a claim is a moment before its span.
const SAME_TIME: SignedDuration = SignedDuration::from_secs(10);

/// A step: its word, when it was, and how long after the one before, in milliseconds.
type Step = (&'static str, Timestamp, Option<i64>);

/// The steps of a chapter that came due, in the program's own time, which need not be the machine's; nothing for deeds.
pub(super) fn list(chapter: &Chapter) -> Markup {
    let steps = steps(chapter);
    html! {
        @if !steps.is_empty() {
            ol .plain.steps aria-label="Step by step" {
                @for (word, at, after_ms) in &steps {
                    li {
                        @if let Some(after_ms) = after_ms { span .step-after { "+" (format::duration(after_ms * 1_000_000)) } }
                        span .step { span .step-word { (word) } " " (moment(*at)) }
                    }
                }
                @if is_elsewhere(chapter) { li .muted { "program's clock" } }
            }
        }
    }
}

/// The program's clock shows another time than the machine's: somebody has moved it.
fn is_elsewhere(chapter: &Chapter) -> bool {
    let claimed = chapter.lateness_ms.and_then(|late_ms| moment_after(chapter, late_ms));
    let began = format::timestamp(chapter.start_unix_nano);
    claimed.is_some_and(|claimed| claimed.duration_since(began).abs() > SAME_TIME)
}

/// Hours to milliseconds, in UTC.
pub(super) fn moment(at: Timestamp) -> Markup {
    html! { time .nowrap datetime=(at) title=(at) { (at.strftime("%H:%M:%S%.3f")) } }
}

/// When something was that came so long after a chapter was due; none for deeds.
pub(super) fn moment_after(chapter: &Chapter, late_ms: i64) -> Option<Timestamp> {
    let due: Timestamp = chapter.scheduled.as_ref()?.parse().ok()?;
    due.checked_add(SignedDuration::from_millis(late_ms)).ok()
}

fn steps(chapter: &Chapter) -> Vec<Step> {
    let sent = chapter.deliveries.iter().filter(|delivery| delivery.fate == Fate::Sent);
    let sent: Vec<i64> = sent.filter_map(|delivery| delivery.lateness_ms).collect();
    let claimed = if chapter.mark == Mark::Status { "applied" } else { "claimed" };
    let first = if sent.len() > 1 { "first sent" } else { "sent" };
    let last = sent.iter().max().copied().filter(|_| sent.len() > 1);
    let offsets = [
        ("due", chapter.scheduled.as_ref().map(|_| 0)),
        (claimed, chapter.lateness_ms),
        (first, sent.iter().min().copied()),
        ("last sent", last),
    ];
    let mut before: Option<i64> = None;
    let mut steps = Vec::new();
    for (word, late_ms) in offsets {
        let Some(late_ms) = late_ms else { continue };
        let Some(at) = moment_after(chapter, late_ms) else { continue };
        steps.push((word, at, before.map(|before| (late_ms - before).max(0))));
        before = Some(late_ms);
    }
    steps
}
