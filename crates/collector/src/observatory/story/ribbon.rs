//! The whole story in one line: a sign for each beat, the distance between them in words.

use look::Service;
use maud::{Markup, html};

use super::{
    super::{format::shortened, shell::Shell},
    beats, marks,
};
use crate::story::{Beat, Fate, Story};

// Units of the drawing.
const STEP: usize = 128;
const HEIGHT: usize = 96;
const LINE_Y: usize = 40;
const MARGIN: usize = 62;
/// There is room for so much of a title.
const TITLE_LETTERS: usize = 17;
/// Shorter distances than this go without words.
const WORTH_SAYING_NS: i64 = 60_000_000_000;

/// The drawing; each sign leads to its place in the list below.
pub(super) fn draw(story: &Story, shell: &Shell) -> Markup {
    let told = story.beats();
    let width = MARGIN * 2 + told.len().saturating_sub(1) * STEP;
    html! {
        section .card.ribbon tabindex="0" aria-label="The story in one line" {
            svg width=(width) height=(HEIGHT) viewBox={ "0 0 " (width) " " (HEIGHT) } {
                line .ribbon-line x1=(MARGIN) x2=(width - MARGIN) y1=(LINE_Y) y2=(LINE_Y) {}
                @for (nth, pair) in told.windows(2).enumerate() { (distance(nth, pair)) }
                @for (nth, beat) in told.iter().enumerate() { (sign(nth, beat, shell)) }
            }
        }
    }
}

fn x(nth: usize) -> usize {
    MARGIN + nth * STEP
}

fn distance(nth: usize, pair: &[Beat<'_>]) -> Markup {
    let gap = beats::gap_ns(pair);
    html! {
        @if gap >= WORTH_SAYING_NS {
            text .ribbon-gap x=(x(nth) + STEP / 2) y=(LINE_Y - 8) text-anchor="middle" { (beats::rough(gap)) }
        }
    }
}

fn sign(nth: usize, beat: &Beat<'_>, shell: &Shell) -> Markup {
    let Some(first) = beat.first() else { return Markup::default() };
    let x = x(nth);
    let title = if beat.chapters.len() > 1 {
        format!("{} ×{}", first.title, beat.chapters.len())
    } else {
        first.title.clone()
    };
    html! {
        a href={ "#at-" (first.trace_id) } class={ "ribbon-beat " (Service::named(&first.service).class()) } {
            rect .ribbon-touch x=(x - MARGIN + 2) y="0" width=(MARGIN * 2 - 4) height=(HEIGHT) rx="6" {}
            text .ribbon-time x=(x) y="16" text-anchor="middle" { (beats::clock(first.start_unix_nano, shell)) }
            rect .ribbon-ground x=(x - 11) y=(LINE_Y - 10) width="22" height="20" {}
            (marks::shape(first.mark, (x, LINE_Y)))
            text .ribbon-title x=(x) y=(LINE_Y + 28) text-anchor="middle" { (shortened(&title, TITLE_LETTERS)) }
            title { (title) }
            (fates(beat, x))
        }
    }
}

/// The worst and the most, in few words.
fn fates(beat: &Beat<'_>, x: usize) -> Markup {
    let words = beat.tally().words();
    let is_bad = words.iter().any(|(fate, _)| *fate == Fate::Failed);
    let said: Vec<_> = words.iter().rev().take(2).rev().map(|(_, words)| words.as_str()).collect();
    html! {
        @if !said.is_empty() {
            text .ribbon-fate .ribbon-bad[is_bad] x=(x) y=(LINE_Y + 46) text-anchor="middle" { (said.join(", ")) }
        }
    }
}
