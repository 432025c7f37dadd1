//! From what a host asks for to a game: every field is cleaned and checked here, for every door.

use crate::field::{Check, FieldError, clean_line, clean_text};
use crate::{Game, GameField, GameId, SignupMethod, Status, Template, Terms, UserId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

const TITLE_CHARACTERS: RangeInclusive<usize> = 1..=200;
const DESCRIPTION_CHARACTERS: RangeInclusive<usize> = 0..=2000;
const PLACE_CHARACTERS: RangeInclusive<usize> = 0..=500;
const INSTRUCTIONS_CHARACTERS: RangeInclusive<usize> = 0..=1000;
const SEATS: RangeInclusive<u32> = 1..=100;
/// Up to thirty days.
const LENGTH_MINUTES: RangeInclusive<u32> = 1..=43_200;
/// Up to thirty days before the start.
const REMINDER_MINUTES: RangeInclusive<u32> = 1..=43_200;
const REMINDERS: RangeInclusive<u32> = 0..=10;

/// What a host asks for; what is absent is taken from the template.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct GameDraft {
    /// 1–200 characters.
    pub title: String,
    /// At most 2,000 characters.
    pub description: Option<String>,
    /// When it starts.
    pub start: Timestamp,
    /// IANA time zone in which the start is meant; absent: the guild's.
    pub zone: Option<String>,
    /// 1–43,200.
    pub minutes: Option<u32>,
    /// 1–100.
    pub seats: Option<u32>,
    /// Minutes before the start, at most ten of them.
    pub reminders: Option<Vec<u32>>,
    /// At most 500 characters.
    pub place: Option<String>,
    /// At most 1,000 characters.
    pub instructions: Option<String>,
    /// How people get on the roster.
    pub signup: Option<SignupMethod>,
    /// When it is announced; absent: at once.
    pub post_at: Option<Timestamp>,
}

/// What a host changes; what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct GameChanges {
    /// 1–200 characters.
    pub title: Option<String>,
    /// At most 2,000 characters.
    pub description: Option<String>,
    /// When it starts.
    pub start: Option<Timestamp>,
    /// IANA time zone in which the start is meant.
    pub zone: Option<String>,
    /// 1–43,200.
    pub minutes: Option<u32>,
    /// 1–100.
    pub seats: Option<u32>,
    /// Minutes before the start, at most ten of them.
    pub reminders: Option<Vec<u32>>,
    /// At most 500 characters.
    pub place: Option<String>,
    /// At most 1,000 characters.
    pub instructions: Option<String>,
}

/// Where and by whom a game is made: everything that its host doesn't choose.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The id that it gets.
    pub id: GameId,
    /// The template that it is made from.
    pub template: &'a Template,
    /// Who runs it.
    pub host: UserId,
    /// The guild's time zone, used when the draft names none.
    pub guild_zone: &'a str,
    /// The current instant.
    pub now: Timestamp,
}

impl Game {
    /// Makes a game from what its host asked for and its template gives.
    ///
    /// # Errors
    /// Every field that can't be so, at once.
    pub fn plan(draft: GameDraft, origin: Origin<'_>) -> Result<Self, Vec<FieldError>> {
        let terms = origin.template.terms.clone();
        let post_at = draft.post_at.filter(|at| *at > origin.now);
        let game = Self {
            id: origin.id,
            guild: origin.template.guild,
            template: origin.template.id,
            host: origin.host,
            title: clean_line(&draft.title),
            description: clean_text(&draft.description.unwrap_or_default()),
            start: draft.start,
            zone: draft.zone.unwrap_or_else(|| origin.guild_zone.to_owned()),
            terms: Terms {
                seats: draft.seats.unwrap_or(terms.seats),
                minutes: draft.minutes.unwrap_or(terms.minutes),
                reminders: sorted(draft.reminders.unwrap_or(terms.reminders)),
                place: clean_text(&draft.place.unwrap_or(terms.place)),
                instructions: clean_text(&draft.instructions.unwrap_or(terms.instructions)),
                signup: draft.signup.unwrap_or(terms.signup),
                ..terms
            },
            status: if post_at.is_some() { Status::Draft } else { Status::Scheduled },
            post_at,
            completed_at: None,
            version: 0,
            created_at: origin.now,
        };
        let mut check = game.check();
        check.that(game.start > origin.now, "start", "The start has to be in the future.");
        check.that(post_at.is_none_or(|at| at < game.start), "post_at", "Announce it before it starts.");
        check.done()?;
        Ok(game)
    }

    /// This game with `changes` applied, and the fields that they touched.
    ///
    /// # Errors
    /// Every field that can't be so, at once.
    pub fn with(
        &self,
        changes: GameChanges,
        now: Timestamp,
    ) -> Result<(Self, Vec<GameField>), Vec<FieldError>> {
        let mut game = self.clone();
        let clean = |text: String| clean_text(&text);
        replace(&mut game.title, changes.title.map(|text| clean_line(&text)));
        replace(&mut game.description, changes.description.map(clean));
        replace(&mut game.start, changes.start);
        replace(&mut game.zone, changes.zone);
        replace(&mut game.terms.minutes, changes.minutes);
        replace(&mut game.terms.seats, changes.seats);
        replace(&mut game.terms.reminders, changes.reminders.map(sorted));
        replace(&mut game.terms.place, changes.place.map(clean));
        replace(&mut game.terms.instructions, changes.instructions.map(clean));

        let mut check = game.check();
        let moved = game.start != self.start;
        check.that(!moved || game.start > now, "start", "The start has to be in the future.");
        let may_move = matches!(self.status, Status::Draft | Status::Scheduled);
        check.that(!moved || may_move, "start", "It has started already.");
        let announced_before = game.post_at.is_none_or(|at| self.status != Status::Draft || at < game.start);
        check.that(announced_before, "start", "It would start before it is announced.");
        check.done()?;
        let touched = GameField::between(self, &game);
        Ok((game, touched))
    }

    fn check(&self) -> Check {
        let mut check = Check::default();
        check.length("title", &self.title, &TITLE_CHARACTERS);
        check.length("description", &self.description, &DESCRIPTION_CHARACTERS);
        check.length("place", &self.terms.place, &PLACE_CHARACTERS);
        check.length("instructions", &self.terms.instructions, &INSTRUCTIONS_CHARACTERS);
        check.number("seats", self.terms.seats, &SEATS);
        check.number("minutes", self.terms.minutes, &LENGTH_MINUTES);
        let reminders = u32::try_from(self.terms.reminders.len()).unwrap_or(u32::MAX);
        check.that(REMINDERS.contains(&reminders), "reminders", "At most ten reminders.");
        let in_range = self.terms.reminders.iter().all(|minutes| REMINDER_MINUTES.contains(minutes));
        check.that(in_range, "reminders", "Each between 1 and 43200 minutes before the start.");
        check.that(jiff::tz::TimeZone::get(&self.zone).is_ok(), "zone", "Not a time zone that we know.");
        let furthest = Timestamp::MAX - SignedDuration::from_hours(24 * 366);
        check.that(self.start < furthest, "start", "That is too far away.");
        check
    }
}

fn replace<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

/// Furthest from the start first, each once.
fn sorted(mut reminders: Vec<u32>) -> Vec<u32> {
    reminders.sort_unstable_by(|a, b| b.cmp(a));
    reminders.dedup();
    reminders
}
