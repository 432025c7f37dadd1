use crate::{GameId, GuildId, Status, TemplateId, Terms, UserId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A game.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Game {
    /// Its id.
    pub id: GameId,
    /// The guild it belongs to.
    pub guild: GuildId,
    /// The template it was made from.
    pub template: TemplateId,
    /// Who runs it.
    pub host: UserId,
    /// 1–200 characters.
    pub title: String,
    /// At most 2,000 characters.
    pub description: String,
    /// When it starts.
    pub start: Timestamp,
    /// The IANA time zone in which the start was meant.
    pub zone: String,
    /// What it took from its template, with what its host changed.
    pub terms: Terms,
    /// Where it is in its life.
    pub status: Status,
    /// When it is announced, if later than its making.
    pub post_at: Option<Timestamp>,
    /// When it was completed.
    pub completed_at: Option<Timestamp>,
    /// Counts its events: the sequence number of the newest.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Game {
    /// When it ends.
    pub fn end(&self) -> Timestamp {
        let length = SignedDuration::from_mins(i64::from(self.terms.minutes));
        self.start.saturating_add(length).unwrap_or(Timestamp::MAX)
    }
}

/// A field of a game that a change touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GameField {
    /// The title.
    Title,
    /// The description.
    Description,
    /// The start or the zone in which it is meant.
    Start,
    /// The length.
    Minutes,
    /// The number of seats.
    Seats,
    /// The reminders.
    Reminders,
    /// The place.
    Place,
    /// The instructions.
    Instructions,
}

impl GameField {
    /// Whether the participants are told of a change to it: time and place.
    pub const fn is_announced(self) -> bool {
        matches!(self, Self::Start | Self::Place)
    }

    /// The fields in which two states of a game differ.
    pub(crate) fn between(old: &Game, new: &Game) -> Vec<Self> {
        [
            (Self::Title, old.title != new.title),
            (Self::Description, old.description != new.description),
            (Self::Start, old.start != new.start || old.zone != new.zone),
            (Self::Minutes, old.terms.minutes != new.terms.minutes),
            (Self::Seats, old.terms.seats != new.terms.seats),
            (Self::Reminders, old.terms.reminders != new.terms.reminders),
            (Self::Place, old.terms.place != new.terms.place),
            (Self::Instructions, old.terms.instructions != new.terms.instructions),
        ]
        .into_iter()
        .filter_map(|(field, differs)| differs.then_some(field))
        .collect()
    }
}
