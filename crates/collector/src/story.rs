//! The story of a game: what all its traces say of it, told in the order in which it happened.
//!
//! A **chapter** is one trace that touched the game: a deed of somebody, a moment that came due. Its **deliveries** are
//! what people got to hear because of it, each with its fate. Chapters of the same kind in a row are one **beat**.

mod chapter;
mod delivery;
mod words;

use serde::Serialize;

pub(crate) use chapter::Chapter;
pub(crate) use delivery::{Answer, Attempt, Delivery, Fate};
pub(crate) use words::{Mark, sentence};

use crate::{
    ids::TraceId,
    store::{StoredLog, StoredSpan, TraceSummary},
};

/// What one trace says of a game.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) summary: TraceSummary,
    /// Its root, its spans about the game, and its requests over HTTP; earliest first.
    pub(crate) spans: Vec<StoredSpan>,
    pub(crate) logs: Vec<StoredLog>,
}

/// Everything that is known of a game.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Story {
    pub(crate) game: String,
    /// Earliest first.
    pub(crate) chapters: Vec<Chapter>,
    /// How often somebody only looked at the game.
    pub(crate) looks: u64,
    /// What deliveries came to, without the edits of the card.
    pub(crate) tally: Tally,
    /// Edits of the card that got through.
    pub(crate) card_edits: u64,
    /// There are older traces than these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) older: Option<Older>,
}

/// Where the older part of a story ends.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Older {
    #[serde(serialize_with = "crate::observatory::api::nanos_as_text")]
    pub(crate) than_unix_nano: i64,
}

/// Deliveries by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Tally {
    pub(crate) sent: u64,
    /// Sent too, but not where it was meant to go first.
    pub(crate) redirected: u64,
    pub(crate) waiting: u64,
    pub(crate) skipped: u64,
    pub(crate) failed: u64,
}

/// Chapters in a row that are of one kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beat<'a> {
    pub(crate) chapters: &'a [Chapter],
}

impl Story {
    /// Tells what the scenes say, in the order of time.
    pub(crate) fn tell(game: &str, scenes: &[Scene], looks: u64) -> Self {
        let mut chapters: Vec<Chapter> = scenes.iter().filter_map(|scene| Chapter::of(game, scene)).collect();
        chapters.sort_by_key(|chapter| (chapter.start_unix_nano, chapter.trace_id));
        let tally = Tally::of(chapters.iter().flat_map(|chapter| &chapter.deliveries));
        let edits = chapters.iter().flat_map(|chapter| &chapter.card_edits);
        let card_edits = edits.filter(|edit| edit.fate == Fate::Sent).count() as u64;
        Self { game: game.into(), chapters, looks, tally, card_edits, older: None }
    }

    /// The chapters, those in a row that say the same of different people together.
    pub(crate) fn beats(&self) -> Vec<Beat<'_>> {
        let alike = |a: &Chapter, b: &Chapter| a.is_like(b);
        self.chapters.chunk_by(alike).map(|chapters| Beat { chapters }).collect()
    }

    /// Where in the story a trace is told.
    pub(crate) fn chapter_of(&self, trace: TraceId) -> Option<&Chapter> {
        self.chapters.iter().find(|chapter| chapter.trace_id == trace)
    }
}

impl<'a> Beat<'a> {
    /// The first of its chapters; there always is one.
    pub(crate) fn first(&self) -> Option<&'a Chapter> {
        self.chapters.first()
    }

    pub(crate) fn tally(&self) -> Tally {
        Tally::of(self.chapters.iter().flat_map(|chapter| &chapter.deliveries))
    }
}

impl Tally {
    /// Counts deliveries by their fate.
    pub(crate) fn of<'a>(deliveries: impl Iterator<Item = &'a Delivery>) -> Self {
        deliveries.fold(Self::default(), |mut tally, delivery| {
            let counted = match delivery.fate {
                Fate::Sent if delivery.is_redirected() => &mut tally.redirected,
                Fate::Sent => &mut tally.sent,
                Fate::Waiting => &mut tally.waiting,
                Fate::Skipped => &mut tally.skipped,
                Fate::Failed => &mut tally.failed,
            };
            *counted += 1;
            tally
        })
    }

    /// In words, what there is of each: "5 sent", "1 redirected".
    pub(crate) fn words(self) -> Vec<(Fate, String)> {
        let parts = [
            (Fate::Sent, self.sent, "sent"),
            (Fate::Sent, self.redirected, "elsewhere"),
            (Fate::Waiting, self.waiting, "waiting"),
            (Fate::Skipped, self.skipped, "not sent"),
            (Fate::Failed, self.failed, "failed"),
        ];
        let said = parts.into_iter().filter(|(_, count, _)| *count > 0);
        said.map(|(fate, count, word)| (fate, format!("{count} {word}"))).collect()
    }
}
