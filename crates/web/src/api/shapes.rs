//! What the API sends and takes, apart from the domain, so that neither ties the other down.

use actions::games::GameView;
use actions::guilds::GuildView;
use domain::seats::Seat;
use domain::{GameChanges, GameDraft, SignupMethod, Status};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where a game is in its life.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes domain::Status in the API document")]
pub(crate) enum GameStatus {
    Draft,
    Scheduled,
    InProgress,
    Completed,
    Archived,
    Cancelled,
}

/// How people get on a roster, and who of them is confirmed.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes domain::SignupMethod in the API document")]
pub(crate) enum Signup {
    Open,
    RolePriority,
    HostPicks,
    HostPicksWithWaitlist,
}

/// Somebody on Discord.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Person {
    /// Their Discord id.
    #[schema(example = "1000000000000000001")]
    pub(crate) id: String,
    /// Their name in the guild.
    pub(crate) name: String,
}

/// Where somebody stands on a roster.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SeatShape {
    /// `confirmed` or `waitlisted`.
    #[schema(example = "confirmed")]
    pub(crate) state: &'static str,
    /// Counted from one, in that part of the roster.
    #[schema(example = 1)]
    pub(crate) number: usize,
}

impl From<Seat> for SeatShape {
    fn from(seat: Seat) -> Self {
        match seat {
            Seat::Confirmed(number) => Self { state: "confirmed", number },
            Seat::Waitlisted(number) => Self { state: "waitlisted", number },
        }
    }
}

/// A game.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct GameShape {
    pub(crate) id: Uuid,
    /// The guild's Discord id.
    pub(crate) guild: String,
    /// The template it was made from.
    pub(crate) template: Uuid,
    /// The channel that it is announced in.
    pub(crate) channel: String,
    pub(crate) host: Person,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) start: Timestamp,
    /// The IANA time zone in which the start was meant.
    #[schema(example = "Europe/Berlin")]
    pub(crate) zone: String,
    pub(crate) minutes: u32,
    /// How many are confirmed at most.
    pub(crate) seats: u32,
    /// How many are.
    pub(crate) confirmed: usize,
    /// How many wait.
    pub(crate) waiting: usize,
    /// Where the one who asks stands; absent when not on the roster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) my_seat: Option<SeatShape>,
    /// Minutes before the start.
    pub(crate) reminders: Vec<u32>,
    pub(crate) place: String,
    /// What a player is told after joining.
    pub(crate) instructions: String,
    #[schema(value_type = Signup)]
    pub(crate) signup: SignupMethod,
    #[schema(value_type = GameStatus)]
    pub(crate) status: Status,
    /// When it is announced, if later than its making.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) post_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    /// Grows with each change.
    pub(crate) version: u64,
}

impl From<GameView> for GameShape {
    fn from(view: GameView) -> Self {
        let GameView { game, split, mut names, my_seat, .. } = view;
        Self {
            id: game.id.get(),
            guild: game.guild.to_string(),
            template: game.template.get(),
            channel: game.terms.channel.to_string(),
            host: Person { id: game.host.to_string(), name: names.remove(&game.host).unwrap_or_default() },
            title: game.title,
            description: game.description,
            start: game.start,
            zone: game.zone,
            minutes: game.terms.minutes,
            seats: game.terms.seats,
            confirmed: split.confirmed.len(),
            waiting: split.waitlist.len(),
            my_seat: my_seat.map(SeatShape::from),
            reminders: game.terms.reminders,
            place: game.terms.place,
            instructions: game.terms.instructions,
            signup: game.terms.signup,
            status: game.status,
            post_at: game.post_at,
            created_at: game.created_at,
            version: game.version,
        }
    }
}

/// A new game. What is absent is the template's; what is empty is cleared on purpose.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGame {
    /// The guild's Discord id.
    pub(crate) guild: String,
    /// Absent: the guild's default template.
    pub(crate) template: Option<Uuid>,
    /// 1–200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) title: String,
    #[schema(max_length = 2000)]
    pub(crate) description: Option<String>,
    pub(crate) start: Timestamp,
    /// IANA time zone in which the start is meant; absent: the guild's.
    #[schema(example = "Europe/Berlin")]
    pub(crate) zone: Option<String>,
    #[schema(minimum = 1, maximum = 43200)]
    pub(crate) minutes: Option<u32>,
    #[schema(minimum = 1, maximum = 100)]
    pub(crate) seats: Option<u32>,
    /// Minutes before the start.
    #[schema(max_items = 10)]
    pub(crate) reminders: Option<Vec<u32>>,
    #[schema(max_length = 500)]
    pub(crate) place: Option<String>,
    #[schema(max_length = 1000)]
    pub(crate) instructions: Option<String>,
    #[schema(value_type = Option<Signup>)]
    pub(crate) signup: Option<SignupMethod>,
    /// Absent: announced at once.
    pub(crate) post_at: Option<Timestamp>,
}

impl From<NewGame> for GameDraft {
    fn from(game: NewGame) -> Self {
        Self {
            title: game.title,
            description: game.description,
            start: game.start,
            zone: game.zone,
            minutes: game.minutes,
            seats: game.seats,
            reminders: game.reminders,
            place: game.place,
            instructions: game.instructions,
            signup: game.signup,
            post_at: game.post_at,
        }
    }
}

/// Changes of a game. What is absent stays; what is empty is cleared.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GamePatch {
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) title: Option<String>,
    #[schema(max_length = 2000)]
    pub(crate) description: Option<String>,
    pub(crate) start: Option<Timestamp>,
    /// IANA time zone in which the start is meant.
    pub(crate) zone: Option<String>,
    #[schema(minimum = 1, maximum = 43200)]
    pub(crate) minutes: Option<u32>,
    #[schema(minimum = 1, maximum = 100)]
    pub(crate) seats: Option<u32>,
    /// Minutes before the start.
    #[schema(max_items = 10)]
    pub(crate) reminders: Option<Vec<u32>>,
    #[schema(max_length = 500)]
    pub(crate) place: Option<String>,
    #[schema(max_length = 1000)]
    pub(crate) instructions: Option<String>,
}

impl From<GamePatch> for GameChanges {
    fn from(patch: GamePatch) -> Self {
        Self {
            title: patch.title,
            description: patch.description,
            start: patch.start,
            zone: patch.zone,
            minutes: patch.minutes,
            seats: patch.seats,
            reminders: patch.reminders,
            place: patch.place,
            instructions: patch.instructions,
        }
    }
}

/// A guild as you see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct GuildShape {
    /// Its Discord id.
    pub(crate) id: String,
    pub(crate) name: String,
    /// Its IANA time zone.
    #[schema(example = "Europe/Berlin")]
    pub(crate) zone: String,
    /// You manage it.
    pub(crate) manages: bool,
    /// You may make games from its default template.
    pub(crate) may_host: bool,
}

impl From<GuildView> for GuildShape {
    fn from(view: GuildView) -> Self {
        let GuildView { guild, manages, may_host, .. } = view;
        Self { id: guild.id.to_string(), name: guild.name, zone: guild.zone, manages, may_host }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use utoipa::PartialSchema;

    fn names<T: PartialSchema>() -> Vec<String> {
        let schema = serde_json::to_value(T::schema()).unwrap();
        serde_json::from_value(schema["enum"].clone()).unwrap()
    }

    #[test]
    fn the_document_names_what_the_domain_has() {
        assert_eq!(names::<GameStatus>(), Status::ALL.map(Status::as_str));
        assert_eq!(names::<Signup>(), SignupMethod::ALL.map(SignupMethod::as_str));
    }
}
