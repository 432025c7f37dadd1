//! Guilds are walls: what belongs to one is neither seen nor changed with the right to another.

use crate::database::Database;
use crate::sample::{
    ADA, BRUNO, CHIDI, LANTERN, ORCHARD, channel_of, game, id, member, notice, now, place, reminder, scope,
    template,
};
use crate::tour;
use domain::due::{DueKind, DueMoment};
use domain::{ChannelId, DeliveryId, Game, MessageId, NoticeKind};
use jiff::SignedDuration;
use std::collections::BTreeSet;
use std::pin::Pin;
use store::channels::{self, Channel};
use store::games::{self, GameFilter};
use store::{
    GuildScope, StoreError, Tx, cards, deliveries, guilds, members, participants, schedule, templates,
};

stories! {
    with_its_own_right_everything_of_a_guild_is_reached,
    with_the_right_to_another_guild_nothing_is_reached,
}

type Doing<'a> = Pin<Box<dyn Future<Output = Result<bool, StoreError>> + Send + 'a>>;
/// Does something to the Lantern's game with the right to some guild; says whether it saw anything.
type Attempt = for<'a> fn(&'a mut Tx, GuildScope) -> Doing<'a>;

macro_rules! attempts {
    ($($name:literal: |$tx:ident, $guild:ident| $does:expr;)*) => {
        vec![$(($name, {
            fn attempt($tx: &mut Tx, $guild: GuildScope) -> Doing<'_> {
                Box::pin(async move { Ok($does) })
            }
            attempt as Attempt
        })),*]
    };
}

/// Says that a function that writes has seen nothing.
fn unseen<T>(_: T) -> bool {
    false
}

fn theirs() -> Game {
    game(LANTERN, 1)
}

fn in_guild(guild: GuildScope) -> GameFilter {
    GameFilter {
        viewer: ADA,
        guild: Some(guild),
        manages: true,
        statuses: Vec::new(),
        part: None,
        from: None,
        to: None,
        text: String::new(),
        limit: 9,
        after: None,
    }
}

fn looks() -> Vec<(&'static str, Attempt)> {
    attempts! {
        "games::find": |tx, guild| games::find(tx, guild, theirs().id).await?.is_some();
        "games::lock": |tx, guild| games::lock(tx, guild, theirs().id).await?.is_some();
        "games::list": |tx, guild| !games::list(tx, &in_guild(guild)).await?.games.is_empty();
        "games::list, counted": |tx, guild| games::list(tx, &in_guild(guild)).await?.total > 0;
        "games::rosters": |tx, guild| !games::rosters(tx, &in_guild(guild), &[theirs()]).await?.is_empty();
        "games::names": |tx, guild| !games::names(tx, &in_guild(guild), &[theirs()]).await?.is_empty();
        "participants::of_game": |tx, guild| !participants::of_game(tx, guild, theirs().id).await?.is_empty();
        "members::on_roster": |tx, guild| !members::on_roster(tx, guild, theirs().id).await?.is_empty();
        "members::told_of": |tx, guild| !members::told_of(tx, guild, theirs().id).await?.is_empty();
        "schedule::of_game": |tx, guild| !schedule::of_game(tx, guild, theirs().id).await?.is_empty();
        "deliveries::of_game": |tx, guild| !deliveries::of_game(tx, guild, theirs().id, 9).await?.is_empty();
        "cards::find": |tx, guild| cards::find(tx, guild, theirs().id).await?.is_some();
        "channels::of_guild": |tx, guild| !channels::of_guild(tx, guild).await?.is_empty();
        "guilds::find": |tx, guild| guilds::find(tx, guild).await?.is_some();
        "templates::find": |tx, guild| templates::find(tx, guild, template(LANTERN).id).await?.is_some();
        "templates::default_of": |tx, guild| templates::default_of(tx, guild).await?.is_some();
        "templates::of_guild": |tx, guild| !templates::of_guild(tx, guild).await?.is_empty();
    }
}

const MESSAGE: (ChannelId, MessageId) = (ChannelId::new(30), MessageId::new(40));

fn renamed() -> Game {
    Game { title: "Ours now".to_owned(), ..theirs() }
}

fn join_notice() -> DueMoment {
    DueMoment { at: now(), kind: DueKind::JoinNotice(BRUNO), deadline: None }
}

fn channel() -> Channel {
    let name = "ours-now".to_owned();
    Channel { id: channel_of(LANTERN), name, kind: 0, position: 1, forbidden_since: None }
}

/// In an order in which each has something left to change.
fn changes() -> Vec<(&'static str, Attempt)> {
    attempts! {
        "games::save": |tx, guild| unseen(games::save(tx, guild, &renamed()).await?);
        "participants::insert": |tx, guild|
            unseen(participants::insert(tx, guild, theirs().id, &place(&theirs(), CHIDI, 2)).await?);
        "participants::delete": |tx, guild|
            unseen(participants::delete(tx, guild, theirs().id, place(&theirs(), BRUNO, 1).id).await?);
        "schedule::add": |tx, guild|
            unseen(schedule::add(tx, guild, (id(21), theirs().id), &join_notice()).await?);
        "schedule::add, once more": |tx, guild| {
            let moved = DueMoment { deadline: None, ..reminder(&theirs(), 1) };
            unseen(schedule::add(tx, guild, (id(22), theirs().id), &moved).await?)
        };
        "schedule::withdraw_join_notice": |tx, guild|
            unseen(schedule::withdraw_join_notice(tx, guild, (theirs().id, BRUNO)).await?);
        "schedule::withdraw": |tx, guild|
            unseen(schedule::withdraw(tx, guild, theirs().id, &reminder(&theirs(), 1)).await?);
        "schedule::withdraw_all": |tx, guild| schedule::withdraw_all(tx, guild, theirs().id).await? > 0;
        "deliveries::add": |tx, guild| {
            let delivery = (DeliveryId::new(id(23)), theirs().id, &notice(&theirs(), CHIDI));
            unseen(deliveries::add(tx, guild, delivery, (now(), now())).await?)
        };
        "deliveries::wake": |tx, guild| deliveries::wake(tx, guild, "io", now()).await? > 0;
        "deliveries::withdraw": |tx, guild| {
            let kind = (theirs().id, NoticeKind::Reminder);
            deliveries::withdraw(tx, guild, kind, ("moved", now())).await? > 0
        };
        "deliveries::redo": |tx, guild| {
            let key = notice(&theirs(), BRUNO).key;
            unseen(deliveries::redo(tx, guild, (theirs().id, &key), now()).await?)
        };
        "cards::want": |tx, guild| unseen(cards::want(tx, guild, theirs().id, 9).await?);
        "cards::put": |tx, guild| unseen(cards::put(tx, guild, (theirs().id, 9), MESSAGE, now()).await?);
        "channels::forbid": |tx, guild|
            unseen(channels::forbid(tx, guild, channel_of(LANTERN), now()).await?);
        "channels::upsert": |tx, guild| unseen(channels::upsert(tx, guild, &channel()).await?);
        "channels::delete": |tx, guild| unseen(channels::delete(tx, guild, channel_of(LANTERN)).await?);
        "guilds::set_roles": |tx, guild| unseen(guilds::set_roles(tx, guild, &[], now()).await?);
        "guilds::remove": |tx, guild| unseen(guilds::remove(tx, guild, now()).await?);
    }
}

/// A guild with everything in it, and people of whom some are in the other one too.
async fn furnish(db: &Database) {
    tour::fill(db).await;
    db.write(async |tx| {
        for user in [ADA, BRUNO, CHIDI] {
            members::upsert(tx, &member(ORCHARD, user)).await.unwrap();
        }
        // Something that the second `add` can change, and the withdrawal of everything too.
        schedule::add(tx, scope(LANTERN), (id(31), theirs().id), &reminder(&theirs(), 30)).await.unwrap();
        // And something that was put off.
        let lease = SignedDuration::from_secs(20);
        let delivery = deliveries::claim(tx, (now(), lease), 1).await.unwrap().remove(0);
        assert!(deliveries::retry(tx, &delivery, (now() + lease, "io"), true).await.unwrap());
    })
    .await;
}

/// Which attempts saw or changed anything.
async fn reached(db: &Database, guild: GuildScope) -> Vec<&'static str> {
    let mut reached = Vec::new();
    for (name, attempt) in looks().into_iter().chain(changes()) {
        let before = db.dump().await;
        let mut tx = db.store.begin().await.unwrap();
        let seen = match attempt(&mut tx, guild).await {
            Ok(seen) => {
                tx.commit().await.unwrap();
                seen
            }
            Err(_) => false,
        };
        if seen || db.dump().await != before {
            reached.push(name);
        }
    }
    reached
}

async fn with_its_own_right_everything_of_a_guild_is_reached(db: &Database) {
    furnish(db).await;
    let everything: Vec<_> = looks().iter().chain(&changes()).map(|(name, _)| *name).collect();
    assert_eq!(reached(db, scope(LANTERN)).await, everything);
}

async fn with_the_right_to_another_guild_nothing_is_reached(db: &Database) {
    furnish(db).await;
    db.captured.clear();
    assert_eq!(reached(db, scope(ORCHARD)).await, [""; 0]);

    let spans = db.captured.spans();
    let tried: BTreeSet<_> = spans.iter().map(|span| span.attributes["db.query.text"].as_str()).collect();
    let untried: Vec<_> = store::statements(db.system())
        .iter()
        .map(|statement| statement.text)
        .filter(|text| asks_for_a_guild(text) && !tried.contains(text))
        .collect();
    assert_eq!(untried, UNSCOPED, "a statement about a guild's rows that no attempt makes");
}

fn asks_for_a_guild(text: &str) -> bool {
    text.contains("guild = $") || text.contains("guilds WHERE id = $") || text.contains("guilds SET")
}

/// Memberships are what a right to a guild is made from, and whether there is such a guild is asked before.
const UNSCOPED: [&str; 3] = [
    "SELECT id FROM guilds WHERE id = $1 AND removed_at IS NULL",
    "SELECT guild, user_id, name, roles, seen_at FROM members WHERE guild = $1 AND user_id = $2",
    "DELETE FROM members WHERE guild = $1 AND user_id = $2",
];
