use crate::field::{Check, FieldError, clean_text};
use crate::{ChannelId, GameId, GuildId, RoleId, Status, Template, TemplateId, UserId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use std::str::FromStr;

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

/// How people get on a roster, and who of them is confirmed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignupMethod {
    /// Anybody joins; the order decides.
    #[default]
    Open,
    /// Anybody joins; the best priority role at that moment decides the class, then the order.
    RolePriority,
    /// Nobody joins; the host places people.
    HostPicks,
    /// Anybody joins the waitlist; only those whom the host places are confirmed.
    HostPicksWithWaitlist,
}

impl SignupMethod {
    /// Every method.
    pub const ALL: [Self; 4] = [Self::Open, Self::RolePriority, Self::HostPicks, Self::HostPicksWithWaitlist];

    /// The name used in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::RolePriority => "role_priority",
            Self::HostPicks => "host_picks",
            Self::HostPicksWithWaitlist => "host_picks_with_waitlist",
        }
    }

    /// Whether a player can put themselves on the roster.
    pub const fn lets_join(self) -> bool {
        !matches!(self, Self::HostPicks)
    }

    /// Whether only people whom the host placed are confirmed.
    pub const fn confirms_host_placed_only(self) -> bool {
        matches!(self, Self::HostPicks | Self::HostPicksWithWaitlist)
    }
}

/// A word that is no signup method.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no signup method")]
pub struct UnknownSignupMethod(String);

impl FromStr for SignupMethod {
    type Err = UnknownSignupMethod;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or_else(|| UnknownSignupMethod(text.to_owned()))
    }
}

/// What a template settles and a game copies from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Where games are announced.
    pub channel: ChannelId,
    /// Roles that the announcement pings.
    pub ping_roles: Vec<RoleId>,
    /// Roles of which a player needs one; empty: everybody.
    pub player_roles: Vec<RoleId>,
    /// Roles of which a host needs one; empty: managers only.
    pub host_roles: Vec<RoleId>,
    /// Roles that go first under [`SignupMethod::RolePriority`], best first.
    pub priority_roles: Vec<RoleId>,
    /// Minutes from completion to archiving; none: never archived by itself.
    pub archive_after_minutes: Option<u32>,
    /// How many are confirmed.
    pub seats: u32,
    /// How long a game lasts.
    pub minutes: u32,
    /// Minutes before the start at which people are reminded.
    pub reminders: Vec<u32>,
    /// Where it is played.
    pub place: String,
    /// What a player is told after joining.
    pub instructions: String,
    /// How people get on the roster.
    pub signup: SignupMethod,
}

impl Terms {
    /// The terms that a guild's first template has, announcing in `channel`: ten seats, an hour,
    /// reminders one hour and a quarter of an hour before; any member may play, managers host.
    pub fn in_channel(channel: ChannelId) -> Self {
        Self {
            channel,
            ping_roles: Vec::new(),
            player_roles: Vec::new(),
            host_roles: Vec::new(),
            priority_roles: Vec::new(),
            archive_after_minutes: None,
            seats: 10,
            minutes: 60,
            reminders: vec![60, 15],
            place: String::new(),
            instructions: String::new(),
            signup: SignupMethod::Open,
        }
    }
}

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
            title: clean_text(&draft.title),
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
        replace(&mut game.title, changes.title.map(clean));
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
        let announced_before = game.post_at.is_none_or(|at| self.status != Status::Draft || at < game.start);
        check.that(announced_before, "start", "It would start before it is announced.");
        check.done()?;
        let touched = self.differences(&game);
        Ok((game, touched))
    }

    fn differences(&self, other: &Self) -> Vec<GameField> {
        [
            (GameField::Title, self.title != other.title),
            (GameField::Description, self.description != other.description),
            (GameField::Start, self.start != other.start || self.zone != other.zone),
            (GameField::Minutes, self.terms.minutes != other.terms.minutes),
            (GameField::Seats, self.terms.seats != other.terms.seats),
            (GameField::Reminders, self.terms.reminders != other.terms.reminders),
            (GameField::Place, self.terms.place != other.terms.place),
            (GameField::Instructions, self.terms.instructions != other.terms.instructions),
        ]
        .into_iter()
        .filter_map(|(field, differs)| differs.then_some(field))
        .collect()
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

    /// When it ends.
    pub fn end(&self) -> Timestamp {
        let length = SignedDuration::from_mins(i64::from(self.terms.minutes));
        self.start.saturating_add(length).unwrap_or(Timestamp::MAX)
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
