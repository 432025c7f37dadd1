//! What became of each delivery of a chapter.

use look::{Column, Icon};
use maud::{Markup, html};

use super::{super::format, steps, tone};
use crate::story::{Answer, Attempt, Chapter, Delivery, Fate, Mark, Tally};

/// A chapter with more deliveries than this folds them away.
const SHOWN: usize = 12;

/// A chapter's deliveries: one in a line, several in a table, many folded away.
pub(super) fn deliveries(chapter: &Chapter) -> Markup {
    let is_quiet = chapter.mark == Mark::Notice && chapter.outcome.is_none();
    match &*chapter.deliveries {
        [] if is_quiet => html! { p .small.muted { "Nobody has been told yet, or nobody had to be." } },
        [] => Markup::default(),
        [one] => line(chapter, one),
        some if some.len() <= SHOWN => html! { div .fates { (table(chapter)) } },
        many => html! {
            details .fates {
                summary { (summary(many)) }
                (table(chapter))
            }
        },
    }
}

fn line(chapter: &Chapter, delivery: &Delivery) -> Markup {
    html! {
        div .fate-line {
            @if !is_titled(chapter, delivery) { span .muted { (notice(delivery)) } }
            span .fate-arrow aria-hidden="true" { "→" }
            (who(delivery))
            (fate(delivery))
            @if delivery.lateness_ms.is_some() { span .muted { (late(delivery)) @if chapter.scheduled.is_some() { " late" } @else { " after" } } }
            (attempts(chapter, delivery))
        }
    }
}

fn summary(deliveries: &[Delivery]) -> Markup {
    html! {
        (deliveries.len()) " deliveries: "
        @for (fate, words) in Tally::of(deliveries.iter()).words() { (look::badge(tone(fate), &words)) " " }
    }
}

/// What does not differ from one to the other is not said again.
fn table(chapter: &Chapter) -> Markup {
    let has_notices = chapter.deliveries.iter().any(|delivery| !is_titled(chapter, delivery));
    let is_due = chapter.scheduled.is_some();
    let columns = [
        Some(Column::text("Who")),
        has_notices.then_some(Column::text("Notice")),
        Some(Column::text("Fate")),
        is_due.then_some(Column::text("At (UTC)")),
        Some(Column::number(if is_due { "Late by" } else { "After" })),
        Some(Column::text("Attempts, and what Discord said")),
    ];
    let row = |delivery: &Delivery| {
        let cells = [
            Some(who(delivery)),
            has_notices.then(|| html! { (notice(delivery)) }),
            Some(fate(delivery)),
            is_due.then(|| at(chapter, delivery)),
            Some(late(delivery)),
            Some(attempts(chapter, delivery)),
        ];
        cells.into_iter().flatten().collect()
    };
    let columns: Vec<_> = columns.into_iter().flatten().collect();
    look::table("", &columns, &chapter.deliveries.iter().map(row).collect::<Vec<_>>())
}

fn notice(delivery: &Delivery) -> String {
    crate::story::sentence(&delivery.kind)
}

/// The chapter's title says already what the notice is.
fn is_titled(chapter: &Chapter, delivery: &Delivery) -> bool {
    chapter.scheduled.is_some() && chapter.title.starts_with(&notice(delivery))
}

/// When it was out.
fn at(chapter: &Chapter, delivery: &Delivery) -> Markup {
    let at = delivery.lateness_ms.and_then(|late_ms| steps::moment_after(chapter, late_ms));
    at.map_or_else(none, steps::moment)
}

fn none() -> Markup {
    html! { span .muted { "–" } }
}

fn who(delivery: &Delivery) -> Markup {
    html! {
        @if let Some(user) = &delivery.user { span .person-id title="user.id" { (look::icon(Icon::Person)) code { (user) } } }
        @if let Some(channel) = &delivery.channel {
            span .person-id title="discord.channel.id" { @if delivery.user.is_some() { "in " } (look::icon(Icon::Hash)) code { (channel) } }
        }
    }
}

fn fate(delivery: &Delivery) -> Markup {
    let word = match (delivery.fate, delivery.outcome.as_deref()) {
        (Fate::Sent, _) if delivery.is_redirected() => "sent to the channel".into(),
        (Fate::Waiting, None) => "under way".into(),
        (Fate::Skipped, Some(reason)) => format!("not sent: {}", reason.replace('_', " ")),
        (Fate::Failed, Some(reason)) => format!("failed: {}", reason.replace('_', " ")),
        (_, Some(outcome)) => outcome.replace('_', " "),
        (_, None) => "unknown".into(),
    };
    look::badge(tone(delivery.fate), &word)
}

fn late(delivery: &Delivery) -> Markup {
    delivery
        .lateness_ms
        .map_or_else(none, |late| html! { (format::duration(late.saturating_mul(1_000_000))) })
}

/// Each attempt by its number and its own word, leading to its span, and what Discord said to it.
fn attempts(chapter: &Chapter, delivery: &Delivery) -> Markup {
    html! {
        ol .plain.attempts {
            @for attempt in &delivery.attempts {
                li {
                    a href=(span_href(chapter, attempt)) title={ "after " (format::duration(attempt.start_unix_nano - chapter.start_unix_nano)) ", took " (format::duration(attempt.duration_ns)) } {
                        (attempt.number) " " (attempt.outcome.as_deref().unwrap_or("…").replace('_', " "))
                    }
                    @if let Some(answer) = &attempt.answer { (said(answer)) }
                    @else if attempt.outcome.is_some() { span .muted { "Discord was not asked" } }
                }
            }
        }
    }
}

fn span_href(chapter: &Chapter, attempt: &Attempt) -> String {
    format!("/observatory/traces/{}#span-{}", chapter.trace_id, attempt.span_id)
}

fn said(answer: &Answer) -> Markup {
    let is_bad = answer.status.is_none_or(|status| status >= 400);
    html! {
        span .noticed[is_bad] title=(answer.request) {
            @match answer.status { Some(status) => { (status) } None => { "no answer" } }
            @if let Some(code) = &answer.code { " · code " (code) }
        }
        @if let Some(message) = answer.message.as_ref().filter(|message| is_bad && message.parse::<i64>().is_err()) { " " span .muted { (message) } }
    }
}

/// One edit of the game's card, in a few words.
pub(super) fn card_edit(chapter: &Chapter, edit: &Delivery) -> Markup {
    html! {
        @for attempt in &edit.attempts {
            span {
                a href=(span_href(chapter, attempt)) { "card " (attempt.outcome.as_deref().unwrap_or("being edited").replace('_', " ")) }
                @if let Some(answer) = &attempt.answer { " " (said(answer)) }
            }
        }
    }
}
