//! One guild, its template and a game made from it.

use domain::{
    ChannelId, Game, GameDraft, GameId, GuildId, Origin, ParticipantId, Template, TemplateId, UserId,
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

pub(crate) const HOST: UserId = UserId::new(2);

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// When all begins.
pub(crate) fn dawn() -> Timestamp {
    at("2026-11-22T06:00:00Z")
}

pub(crate) fn template() -> Template {
    Template::first(TemplateId::new(Uuid::from_u128(1)), GuildId::new(100), ChannelId::new(200))
}

pub(crate) fn origin(template: &Template) -> Origin<'_> {
    let id = GameId::new(Uuid::from_u128(7));
    Origin { id, template, host: HOST, guild_zone: "Europe/Berlin", now: dawn() }
}

/// A title and a start six hours after [`dawn`]; the rest comes from the template.
pub(crate) fn draft() -> GameDraft {
    GameDraft { title: "Lost Mine".to_owned(), start: dawn() + minutes(360), ..GameDraft::default() }
}

pub(crate) fn game_of(draft: GameDraft) -> Game {
    Game::plan(draft, origin(&template())).unwrap()
}

pub(crate) fn participant_id(n: usize) -> ParticipantId {
    ParticipantId::new(Uuid::from_u128(n as u128))
}
