//! The small world of the stories: two guilds with a template each, games, people.

use crate::database::Database;
use domain::due::{DueKind, DueMoment};
use domain::notice::{Notice, Recipient};
use domain::{
    ChannelId, ENVELOPE_VERSION, Event, EventBody, EventId, Game, GameId, Guild, GuildId, GuildRole,
    Membership, NoticeKind, Participant, ParticipantId, PositionClass, RoleId, Status, Template, TemplateId,
    UserId, Who,
};
use jiff::{SignedDuration, Timestamp};
use store::{GuildScope, Tx};
use uuid::Uuid;

pub(crate) const LANTERN: GuildId = GuildId::new(100);
pub(crate) const ORCHARD: GuildId = GuildId::new(101);
pub(crate) const ADA: UserId = UserId::new(1);
pub(crate) const BRUNO: UserId = UserId::new(2);
pub(crate) const CHIDI: UserId = UserId::new(3);

/// Not a whole second, nor a whole millisecond.
pub(crate) fn now() -> Timestamp {
    "2026-11-22T20:00:00.123456Z".parse().unwrap()
}

pub(crate) const fn seconds(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}

/// An id of ours, by a number.
pub(crate) const fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_0000_0000 + number)
}

pub(crate) const fn scope(guild: GuildId) -> GuildScope {
    GuildScope::of_gateway(guild)
}

pub(crate) fn guild(guild: GuildId) -> Guild {
    let name = if guild == LANTERN { "The Lantern" } else { "The Orchard" };
    let role = GuildRole { id: RoleId::new(301), name: "Keeper".to_owned(), permissions: u64::MAX };
    Guild {
        id: guild,
        name: name.to_owned(),
        owner: ADA,
        zone: "Europe/Berlin".to_owned(),
        manager_roles: vec![RoleId::new(9_007_199_254_740_993)],
        roles: vec![role],
        removed_at: None,
    }
}

pub(crate) const fn channel_of(guild: GuildId) -> ChannelId {
    ChannelId::new(guild.get() * 10)
}

pub(crate) fn template(guild: GuildId) -> Template {
    Template::first(TemplateId::new(id(u128::from(guild.get()))), guild, channel_of(guild))
}

/// A game of the guild, by a number; it starts so many hours from now.
pub(crate) fn game(guild: GuildId, number: u8) -> Game {
    Game {
        id: GameId::new(id(u128::from(guild.get()) * 1000 + u128::from(number))),
        guild,
        template: template(guild).id,
        host: ADA,
        title: format!("Game {number}"),
        description: String::new(),
        start: now() + SignedDuration::from_hours(i64::from(number)),
        zone: "Europe/Berlin".to_owned(),
        terms: template(guild).terms,
        status: Status::Scheduled,
        post_at: None,
        completed_at: None,
        version: 1,
        created_at: now(),
    }
}

pub(crate) fn member(guild: GuildId, user: UserId) -> Membership {
    let name = format!("{user} in {guild}");
    Membership { guild, user, name, roles: vec![RoleId::new(301)], seen_at: now() }
}

/// The place of somebody who joined, `number` seconds after the others.
pub(crate) fn place(game: &Game, user: UserId, number: u8) -> Participant {
    let own_number = game.id.get().as_u128() - id(0).as_u128();
    Participant {
        id: ParticipantId::new(id(own_number * 1000 + u128::from(number))),
        who: Who::User(user),
        class: PositionClass::SelfJoined,
        position: 0,
        joined_at: now() + seconds(i64::from(number)),
    }
}

pub(crate) fn event(game: &Game, number: u8) -> Event {
    Event {
        version: ENVELOPE_VERSION,
        id: EventId::new(id(u128::from(game.guild.get()) * 500 + u128::from(number))),
        guild: game.guild,
        game: Some(game.id),
        sequence: u64::from(number),
        occurred_at: now() + seconds(i64::from(number)),
        body: EventBody::GameCreated { status: game.status },
    }
}

/// A reminder of a game, so many minutes from now.
pub(crate) fn reminder(game: &Game, minutes: u32) -> DueMoment {
    let at = now() + SignedDuration::from_mins(i64::from(minutes));
    DueMoment { at, kind: DueKind::Reminder { minutes }, deadline: Some(game.start) }
}

pub(crate) fn notice(game: &Game, user: UserId) -> Notice {
    Notice {
        kind: NoticeKind::Reminder,
        to: Recipient::User(user),
        key: format!("reminder:{}:{user}", game.id),
        deadline: Some(game.start),
    }
}

/// Writes a guild with its channel and template, and ADA and BRUNO as its members.
pub(crate) async fn settle(tx: &mut Tx, id: GuildId) {
    store::guilds::upsert(tx, &guild(id), now()).await.unwrap();
    store::templates::insert(tx, &template(id)).await.unwrap();
    for user in [ADA, BRUNO] {
        store::members::upsert(tx, &member(id, user)).await.unwrap();
    }
}

impl Database {
    /// Writes a guild, and games of it by their numbers.
    pub(crate) async fn with_games(
        &self,
        guild: GuildId,
        numbers: impl IntoIterator<Item = u8>,
    ) -> Vec<Game> {
        let games: Vec<_> = numbers.into_iter().map(|number| game(guild, number)).collect();
        self.write(async |tx| {
            settle(tx, guild).await;
            for game in &games {
                store::games::insert(tx, game).await.unwrap();
            }
        })
        .await;
        games
    }

    /// Writes a guild with one game.
    pub(crate) async fn with_game(&self) -> Game {
        self.with_games(LANTERN, [1]).await.remove(0)
    }
}
