//! Every function of the store, once around.

use crate::database::{Database, Raw};
use crate::sample::{
    ADA, BRUNO, LANTERN, channel_of, event, game, guild, id, member, notice, now, place, reminder, scope,
    seconds, template,
};
use domain::due::Duty;
use domain::notice::Notice;
use domain::{ChannelId, DeliveryId, Game, MessageId, NoticeKind};
use store::channels::{self, Channel};
use store::dead::{self, Retried};
use store::deliveries::{self, Unsent};
use store::games::{self, GameFilter};
use store::idempotency::{self, Answered};
use store::schedule::{self, Settled};
use store::sessions::{self, Session};
use store::shards::ShardSession;
use store::{cards, claims, guilds, inbox, members, outbox, participants, shards, templates, tokens, users};

/// Writes something with every function that writes; nothing of it is ended or taken away.
pub(crate) async fn fill(db: &Database) -> Game {
    let game = game(LANTERN, 1);
    fill_guild(db).await;
    fill_people(db, &game).await;
    fill_game(db, &game).await;
    game
}

async fn fill_guild(db: &Database) {
    let channel = Channel {
        id: channel_of(LANTERN),
        name: "games".to_owned(),
        kind: 0,
        position: 1,
        forbidden_since: None,
    };
    db.write(async |tx| {
        guilds::upsert(tx, &guild(LANTERN), now()).await.unwrap();
        channels::upsert(tx, scope(LANTERN), &channel).await.unwrap();
        templates::insert(tx, &template(LANTERN)).await.unwrap();
    })
    .await;
}

async fn fill_people(db: &Database, game: &Game) {
    let session =
        Session { user: ADA, name: "ada".to_owned(), csrf: String::new(), created_at: now(), used_at: now() };
    let answered = Answered { request_hash: vec![1], game: game.id };
    db.write(async |tx| {
        users::upsert(tx, ADA, "ada", now()).await.unwrap();
        for user in [ADA, BRUNO] {
            members::upsert(tx, &member(LANTERN, user)).await.unwrap();
        }
        sessions::insert(tx, &[1; 32], &session).await.unwrap();
        shards::claim(tx, 1, now(), seconds(15)).await.unwrap().unwrap();
        tokens::insert(tx, &[2; 32], (ADA, "laptop"), now()).await.unwrap();
        games::insert(tx, game).await.unwrap();
        idempotency::insert(tx, (ADA, "key"), &answered, now()).await.unwrap();
    })
    .await;
}

async fn fill_game(db: &Database, game: &Game) {
    let guild = scope(LANTERN);
    db.write(async |tx| {
        participants::insert(tx, guild, game.id, &place(game, BRUNO, 1)).await.unwrap();
        schedule::add(tx, guild, (id(1), game.id), &reminder(game, 1)).await.unwrap();
        let delivery = (DeliveryId::new(id(2)), game.id, &notice(game, BRUNO));
        deliveries::add(tx, guild, delivery, (now(), now())).await.unwrap();
        let card = (ChannelId::new(3), MessageId::new(4));
        cards::put(tx, guild, (game.id, 1), card, now()).await.unwrap();
        cards::want(tx, guild, game.id, 2).await.unwrap();
        outbox::push(tx, &event(game, 1)).await.unwrap();
        inbox::take(tx, "bot", event(game, 1).id, now()).await.unwrap();
    })
    .await;
}

/// Calls every function that [`fill`] doesn't.
pub(crate) async fn around(db: &Database, game: &Game) {
    look(db, game).await;
    look_at_people(db).await;
    work(db, game).await;
    settle_deliveries(db, game).await;
    change_people(db).await;
    meet_unreadable(db, game).await;
    take_away(db, game).await;
}

async fn look(db: &Database, game: &Game) {
    let guild = scope(LANTERN);
    let filter = GameFilter {
        viewer: ADA,
        guild: Some(guild),
        manages: true,
        statuses: vec![game.status],
        part: None,
        from: None,
        to: None,
        text: "game".to_owned(),
        limit: 10,
        after: None,
    };
    db.read(async |tx| {
        assert_eq!(games::guild_of(tx, game.id).await.unwrap(), Some(LANTERN));
        games::find(tx, guild, game.id).await.unwrap().unwrap();
        let page = games::list(tx, &filter).await.unwrap().games;
        assert_eq!(games::rosters(tx, &filter, &page).await.unwrap().len(), 1);
        assert_eq!(games::names(tx, &filter, &page).await.unwrap().len(), 2);
        assert_eq!(participants::of_game(tx, guild, game.id).await.unwrap().len(), 1);
        assert_eq!(schedule::of_game(tx, guild, game.id).await.unwrap().len(), 1);
        schedule::next_due(tx, Duty::Notify).await.unwrap().unwrap();
        assert_eq!(schedule::due(tx, Duty::Notify, game.start).await.unwrap(), 1);
        assert_eq!(schedule::backlog(tx, Duty::Notify).await.unwrap().len(), 1);
        deliveries::next_due(tx).await.unwrap().unwrap();
        assert_eq!(deliveries::open(tx).await.unwrap(), 1);
        assert_eq!(deliveries::of_game(tx, guild, game.id, 9).await.unwrap().len(), 1);
        cards::next_due(tx).await.unwrap().unwrap();
        cards::find(tx, guild, game.id).await.unwrap().unwrap();
        assert_eq!(dead::list(tx, 9).await.unwrap(), []);
        assert_eq!(outbox::waiting(tx).await.unwrap().pending, 1);
        assert_eq!(outbox::claimable(tx, now()).await.unwrap().pending, 1);
        let seen = domain::EventId::new(uuid::Uuid::nil());
        assert_eq!(outbox::after(tx, ADA, (seen, now()), 9).await.unwrap().len(), 1);
    })
    .await;
}

async fn look_at_people(db: &Database) {
    let guild = scope(LANTERN);
    db.read(async |tx| {
        guilds::find(tx, guild).await.unwrap().unwrap();
        assert!(guilds::is_known(tx, LANTERN).await.unwrap());
        assert_eq!(guilds::of_user(tx, ADA).await.unwrap().len(), 1);
        assert_eq!(guilds::ids(tx, 9).await.unwrap(), [LANTERN]);
        assert_eq!(channels::of_guild(tx, guild).await.unwrap().len(), 1);
        templates::find(tx, guild, template(LANTERN).id).await.unwrap().unwrap();
        templates::default_of(tx, guild).await.unwrap().unwrap();
        assert_eq!(templates::of_guild(tx, guild).await.unwrap().len(), 1);
        users::find(tx, ADA).await.unwrap().unwrap();
        members::find(tx, LANTERN, ADA).await.unwrap().unwrap();
        assert_eq!(members::of_user(tx, ADA).await.unwrap().len(), 1);
        assert_eq!(members::on_roster(tx, guild, game(LANTERN, 1).id).await.unwrap().len(), 1);
        assert_eq!(members::told_of(tx, guild, game(LANTERN, 1).id).await.unwrap().len(), 1);
        sessions::find(tx, &[1; 32]).await.unwrap().unwrap();
        tokens::find(tx, &[2; 32]).await.unwrap().unwrap();
        idempotency::find(tx, ADA, "key").await.unwrap().unwrap();
    })
    .await;
}

async fn work(db: &Database, game: &Game) {
    let guild = scope(LANTERN);
    let (at, lease) = (game.start, seconds(15));
    db.write(async |tx| {
        let locked = games::lock(tx, guild, game.id).await.unwrap().unwrap();
        games::save(tx, guild, &locked).await.unwrap();
        let due = schedule::claim(tx, Duty::Notify, (at, lease), 9).await.unwrap().remove(0);
        assert!(schedule::begin_again(tx, &due).await.unwrap());
        assert!(schedule::retry(tx, &due, at, "io").await.unwrap());
        assert_eq!(schedule::release(tx, Duty::Notify, std::slice::from_ref(&due)).await.unwrap(), 1);
        assert!(schedule::settle(tx, &due, Settled::Done).await.unwrap());
        let card = cards::claim(tx, (at, lease), 9).await.unwrap().remove(0);
        assert!(cards::retry(tx, &card, at).await.unwrap());
        assert!(cards::shown(tx, &card, 2, at).await.unwrap());
        assert!(cards::lost(tx, &card).await.unwrap());
        let event = outbox::claim(tx, at, lease, 9).await.unwrap().remove(0);
        assert!(outbox::release(tx, &event, at).await.unwrap());
        outbox::published(tx, event.id, at).await.unwrap();
        assert_eq!(outbox::redo_untaken(tx, "another").await.unwrap(), 1);
        claims::free(tx, at).await.unwrap();
    })
    .await;
}

async fn settle_deliveries(db: &Database, game: &Game) {
    let at = game.start;
    db.write(async |tx| {
        let row = deliveries::claim(tx, (at, seconds(60)), 9).await.unwrap().remove(0);
        assert!(deliveries::sending(tx, &row, at).await.unwrap());
        assert!(deliveries::retry(tx, &row, (at, "io"), true).await.unwrap());
        assert!(deliveries::redirect(tx, &row, ChannelId::new(3), at).await.unwrap());
        deliveries::wake(tx, scope(LANTERN), "io", at).await.unwrap();
        assert!(deliveries::sending(tx, &row, at).await.unwrap());
        let message = (ChannelId::new(3), MessageId::new(4));
        assert!(deliveries::sent(tx, &row, message, at).await.unwrap());
        deliveries::redo(tx, scope(LANTERN), (game.id, &row.key), at).await.unwrap();
        let row = deliveries::claim(tx, (at, seconds(60)), 9).await.unwrap().remove(0);
        assert!(deliveries::end(tx, &row, Unsent::Dead("400"), at).await.unwrap());
        deliveries::redo(tx, scope(LANTERN), (game.id, &row.key), at).await.unwrap();
        let kind = (game.id, NoticeKind::Reminder);
        assert_eq!(deliveries::withdraw(tx, scope(LANTERN), kind, ("moved", at)).await.unwrap(), 1);
    })
    .await;
}

/// Rows of a version that nobody has written yet.
/// One row of each is of a newer version and one of none; events go out as they are.
async fn meet_unreadable(db: &Database, game: &Game) {
    let guild = scope(LANTERN);
    let notice_of = |key: &str| Notice { key: key.to_owned(), ..notice(game, BRUNO) };
    db.write(async |tx| {
        for number in [41, 42] {
            let moment = reminder(game, u32::try_from(number).unwrap());
            schedule::add(tx, guild, (id(number), game.id), &moment).await.unwrap();
            let delivery =
                (DeliveryId::new(id(number)), game.id, &notice_of(&format!("unreadable {number}")));
            deliveries::add(tx, guild, delivery, (now(), now())).await.unwrap();
        }
    })
    .await;
    let never = if let Raw::Pg(_) = db.raw { "'infinity'" } else { "9223372036854775807" };
    let broken = db.raw.id(id(42));
    let break_rows = [
        "UPDATE schedule SET kind = 'snooze' WHERE state = 'pending'".to_owned(),
        "UPDATE deliveries SET kind = 'telegram' WHERE state = 'pending'".to_owned(),
        format!("UPDATE schedule SET deadline = {never} WHERE id = {broken}"),
        format!("UPDATE deliveries SET deadline = {never} WHERE id = {broken}"),
    ];
    db.raw.execute(break_rows.join("; ")).await.unwrap();
    db.write(async |tx| {
        assert_eq!(schedule::claim(tx, Duty::Notify, (game.start, seconds(15)), 9).await.unwrap(), []);
        assert_eq!(deliveries::claim(tx, (game.start, seconds(15)), 9).await.unwrap(), []);
    })
    .await;
    revive(db, game).await;
}

/// What can't be read is tried again, and dead again the next time that somebody claims it.
async fn revive(db: &Database, game: &Game) {
    db.write(async |tx| {
        let given_up = dead::list(tx, 9).await.unwrap();
        let kinds: Vec<_> = given_up.iter().map(|row| row.kind).collect();
        assert_eq!(kinds, [dead::Kind::Moment, dead::Kind::Delivery]);
        for retried in [Retried::Again, Retried::NotDead] {
            for row in &given_up {
                assert_eq!(dead::retry(tx, row, game.start).await.unwrap(), retried);
            }
        }
        let event = dead::DeadRow { id: id(42), kind: dead::Kind::Event, told: None };
        assert_eq!(dead::retry(tx, &event, game.start).await.unwrap(), Retried::NotDead);
    })
    .await;
}

async fn change_people(db: &Database) {
    let guild = scope(LANTERN);
    db.write(async |tx| {
        guilds::set_roles(tx, guild, &[], now()).await.unwrap();
        channels::forbid(tx, guild, channel_of(LANTERN), now()).await.unwrap();
        users::memberships_seen(tx, ADA, now()).await.unwrap();
        users::set_dm_channel(tx, ADA, ChannelId::new(5), now()).await.unwrap();
        users::close_dms(tx, ADA, now()).await.unwrap();
        sessions::touch(tx, &[1; 32], now()).await.unwrap();
        let shard = shards::claim(tx, 1, now() + seconds(15), seconds(15)).await.unwrap().unwrap();
        assert!(shards::keep(tx, &shard, now(), seconds(15)).await.unwrap());
        assert_eq!(shards::may_identify(tx, &shard, now(), 1).await.unwrap(), Ok(()));
        shards::release(tx, &shard).await.unwrap();
        let (id, resume_url) = ("ours".to_owned(), "ws://elsewhere".to_owned());
        shards::forget(tx, 1, &ShardSession { id, sequence: 1, resume_url }).await.unwrap();
    })
    .await;
}

async fn take_away(db: &Database, game: &Game) {
    let guild = scope(LANTERN);
    let later = game.start + seconds(1);
    let moment = reminder(game, 9);
    db.write(async |tx| {
        schedule::add(tx, guild, (id(9), game.id), &moment).await.unwrap();
        schedule::withdraw(tx, guild, game.id, &moment).await.unwrap();
        schedule::withdraw_join_notice(tx, guild, (game.id, BRUNO)).await.unwrap();
        schedule::withdraw_all(tx, guild, game.id).await.unwrap();
        participants::delete(tx, guild, game.id, place(game, BRUNO, 1).id).await.unwrap();
        sessions::delete(tx, &[1; 32]).await.unwrap();
        sessions::sweep(tx, later).await.unwrap();
        assert_eq!(idempotency::sweep(tx, later).await.unwrap(), 1);
        outbox::sweep(tx, later).await.unwrap();
        assert_eq!(inbox::sweep(tx, later).await.unwrap(), 1);
        members::delete(tx, LANTERN, BRUNO).await.unwrap();
        channels::delete(tx, guild, channel_of(LANTERN)).await.unwrap();
        guilds::remove(tx, guild, now()).await.unwrap();
    })
    .await;
}
