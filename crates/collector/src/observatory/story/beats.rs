//! The story as a list, from the first chapter to the last.

use look::{Icon, Service, Tone};
use maud::{Markup, html};

use super::{
    super::{format, shell::Shell, traces::errors, waterfall::sentence},
    fates, marks, steps,
};
use crate::story::{Beat, Chapter, Story};

/// Beats with more chapters than this fold the rest away.
const SHOWN: usize = 6;
/// Less late than this is on time.
const ON_TIME_MS: i64 = 60_000;

/// The list.
pub(super) fn list(story: &Story, shell: &Shell) -> Markup {
    let told = story.beats();
    html! {
        h2 .hidden { "What happened" }
        ol .story.plain {
            @for (nth, beat) in told.iter().enumerate() {
                @if let Some(before) = nth.checked_sub(1) { (pause(&told[before..=nth])) }
                (item(story, beat, shell))
            }
        }
    }
}

/// The time from the last chapter of one beat to the first of the next.
pub(super) fn gap_ns(pair: &[Beat<'_>]) -> i64 {
    let [before, after] = pair else { return 0 };
    let last = before.chapters.last().map_or(0, |chapter| chapter.start_unix_nano);
    after.first().map_or(0, |chapter| chapter.start_unix_nano.saturating_sub(last))
}

/// A long time in its largest units: "2 h 5 min".
pub(super) fn rough(ns: i64) -> String {
    let seconds = ns.unsigned_abs() / 1_000_000_000;
    let whole = if seconds >= 60 { seconds - seconds % 60 } else { seconds };
    look::duration(std::time::Duration::from_secs(whole))
}

/// Hours, minutes and seconds; with the day unless it is today.
pub(super) fn clock(unix_ns: i64, shell: &Shell) -> String {
    let (at, now) = (format::timestamp(unix_ns).to_zoned(shell.zone()), shell.now.to_zoned(shell.zone()));
    let pattern = if at.date() == now.date() { "%H:%M:%S" } else { "%-d %b %H:%M" };
    at.strftime(pattern).to_string()
}

fn pause(pair: &[Beat<'_>]) -> Markup {
    let gap = gap_ns(pair);
    html! { @if gap >= 60_000_000_000 { li .story-pause { span { (rough(gap)) " later" } } } }
}

fn item(story: &Story, beat: &Beat<'_>, shell: &Shell) -> Markup {
    let Some(first) = beat.first() else { return Markup::default() };
    let class = Service::named(&first.service).class();
    html! {
        li class={ "beat " (class) } {
            div .beat-time { (format::moment(first.start_unix_nano, &shell.zone(), shell.now)) }
            svg .beat-mark aria-hidden="true" width="20" height="20" viewBox="0 0 20 20" { (marks::shape(first.mark, (10, 10))) }
            @if beat.chapters.len() > 1 { (several(story, beat, shell)) } @else { (single(story, first)) }
        }
    }
}

fn single(story: &Story, chapter: &Chapter) -> Markup {
    html! {
        article .card.chapter id={ "at-" (chapter.trace_id) } {
            header .chapter-head {
                h3 { (chapter.title) }
                (circumstances(chapter))
                (way_in(chapter))
            }
            (said_under(story, chapter))
            (steps::list(chapter))
            (fates::deliveries(chapter))
            (logs(chapter))
        }
    }
}

/// Chapters that differ in who and when only: a line each.
fn several(story: &Story, beat: &Beat<'_>, shell: &Shell) -> Markup {
    let (shown, folded) = beat.chapters.split_at(beat.chapters.len().min(SHOWN));
    let title = beat.first().map_or("", |chapter| &chapter.title);
    html! {
        article .card.chapter {
            header .chapter-head { h3 { (title) " ×" (beat.chapters.len()) } }
            ul .plain.chapter-lines { @for chapter in shown { (line(story, chapter, shell)) } }
            @if !folded.is_empty() {
                details {
                    summary { (folded.len()) " more" }
                    ul .plain.chapter-lines { @for chapter in folded { (line(story, chapter, shell)) } }
                }
            }
        }
    }
}

fn line(story: &Story, chapter: &Chapter, shell: &Shell) -> Markup {
    html! {
        li id={ "at-" (chapter.trace_id) } {
            div .chapter-head {
                (format::moment(chapter.start_unix_nano, &shell.zone(), shell.now))
                (circumstances(chapter))
                (way_in(chapter))
            }
            (said_under(story, chapter))
            (steps::list(chapter))
            (fates::deliveries(chapter))
        }
    }
}

/// Who, what exactly, and whether it went as it should.
fn circumstances(chapter: &Chapter) -> Markup {
    html! {
        @if let Some(detail) = &chapter.detail { span .muted { (detail) } }
        @if let Some(by) = &chapter.by { span .person-id title="user.id" { (look::icon(Icon::Person)) code { (by) } } }
        @if let Some(late) = chapter.lateness_ms {
            @let words = format!("{} late", format::duration(late.saturating_mul(1_000_000)));
            @if late > ON_TIME_MS { (look::badge(Tone::Warn, &words)) } @else { span .muted { (words) } }
        }
        @if let Some(outcome) = &chapter.outcome { (look::quiet_badge(Tone::Warn, &outcome.replace('_', " "))) }
        @if let Some(status) = chapter.refused { (look::quiet_badge(Tone::Warn, &format!("answered {status}"))) }
        @if chapter.errors > 0 { (look::badge(Tone::Bad, &errors(chapter.errors))) }
        @if chapter.pending { (look::quiet_badge(Tone::Warn, "has not ended")) }
    }
}

/// The door, the services, how long it took, and the way to the trace.
fn way_in(chapter: &Chapter) -> Markup {
    html! {
        span .chapter-way {
            span .tags { @for (service, _) in &chapter.services { (tag(service)) } }
            span .muted.nowrap { (format::duration(chapter.duration_ns)) }
            a .nowrap href={ "/observatory/traces/" (chapter.trace_id) } title={ (chapter.door) ", " (chapter.spans) " spans" } {
                "Trace" span .hidden { " of " (chapter.door) }
            }
        }
    }
}

fn tag(name: &str) -> Markup {
    let service = Service::named(name);
    html! { span class={ "service " (service.class()) } title=(name) { b aria-hidden="true" { (service.tag()) } span .hidden { (name) } } }
}

/// What scheduled it, and what became of the card.
fn said_under(story: &Story, chapter: &Chapter) -> Markup {
    let earlier = chapter.follows.iter().find_map(|(trace, _)| story.chapter_of(*trace));
    html! {
        @if earlier.is_some() || !chapter.card_edits.is_empty() {
            p .chapter-under {
                @if let Some(earlier) = earlier.filter(|earlier| earlier.trace_id != chapter.trace_id) {
                    span { "scheduled by " a href={ "#at-" (earlier.trace_id) } { (earlier.title) } }
                }
                @for edit in &chapter.card_edits { (fates::card_edit(chapter, edit)) }
            }
        }
    }
}

fn logs(chapter: &Chapter) -> Markup {
    html! {
        @for log in &chapter.logs {
            p .chapter-log {
                span class={ "level level-" (log.severity()) } { (log.severity()) }
                span { (sentence(log)) }
                span .muted.nowrap { "+" (format::duration(log.time_ns - chapter.start_unix_nano)) }
            }
        }
    }
}
