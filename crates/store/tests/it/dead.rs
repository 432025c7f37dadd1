//! What was given up is listed, and tried again when somebody says so.

use crate::database::Database;
use crate::sample::{ADA, BRUNO, LANTERN, event, id, notice, now, reminder, scope, seconds};
use domain::due::Duty;
use domain::{DeliveryId, Game};
use jiff::{SignedDuration, Timestamp};
use store::dead::{self, DeadRow, Retried, Told};
use store::deliveries::{self, Unsent};
use store::schedule::{self, Settled};
use store::{Hint, outbox};

stories! {
    what_was_given_up_is_listed_with_its_reason,
    what_is_tried_again_is_as_new,
    a_message_that_may_be_out_is_still_in_doubt,
    what_is_too_late_stays_dead,
}

const LEASE: SignedDuration = SignedDuration::from_secs(15);

/// An event, a moment and two messages, all dead; the second message may be out.
async fn all_dead(db: &Database) -> Game {
    let game = db.with_game().await;
    db.write(async |tx| {
        let guild = scope(LANTERN);
        outbox::push(tx, &event(&game, 1)).await.unwrap();
        schedule::add(tx, guild, (id(1), game.id), &reminder(&game, 1)).await.unwrap();
        for (number, user) in [(2_u8, ADA), (3, BRUNO)] {
            let delivery = (DeliveryId::new(id(number.into())), game.id, &notice(&game, user));
            deliveries::add(tx, guild, delivery, (now() + seconds(number.into()), now())).await.unwrap();
        }
    })
    .await;
    db.write(async |tx| {
        let late = now() + SignedDuration::from_mins(1);
        let moment = schedule::claim(tx, Duty::Notify, (late, LEASE), 9).await.unwrap().remove(0);
        assert!(schedule::settle(tx, &moment, Settled::Dead("io")).await.unwrap());
        let rows = deliveries::claim(tx, (now(), LEASE), 9).await.unwrap();
        assert!(deliveries::sending(tx, &rows[1], now()).await.unwrap());
        for row in &rows {
            assert!(deliveries::end(tx, row, Unsent::Dead("refused"), now()).await.unwrap());
        }
    })
    .await;
    // As an earlier version left what it could not read.
    let bury = "UPDATE outbox SET dead_at = created_at, dead_reason = 'unreadable'";
    db.raw.execute(bury).await.unwrap();
    game
}

async fn list(db: &Database) -> Vec<DeadRow> {
    db.read(async |tx| dead::list(tx, 9).await.unwrap()).await
}

async fn retry_all(db: &Database, at: Timestamp) -> Vec<Retried> {
    let rows = list(db).await;
    db.write(async |tx| {
        let mut retried = Vec::new();
        for row in &rows {
            retried.push(dead::retry(tx, row, at).await.unwrap());
        }
        retried
    })
    .await
}

fn line(row: &DeadRow) -> String {
    let Some(Told { what, game, reason, since, deadline }) = &row.told else {
        return format!("{} unreadable", row.kind);
    };
    let of = if game.is_some() { "of a game" } else { "of no game" };
    let ends = if deadline.is_some() { ", ends" } else { "" };
    format!("{} {what} {of}: {reason}, {}{ends}", row.kind, since.duration_since(now()).as_secs())
}

async fn what_was_given_up_is_listed_with_its_reason(db: &Database) {
    assert_eq!(list(db).await, []);
    all_dead(db).await;
    let lines: Vec<_> = list(db).await.iter().map(line).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    event game.created of a game: unreadable, 1
    moment reminder of a game: io, 60, ends
    delivery reminder of a game: refused, 2, ends
    delivery reminder of a game: refused, 3, ends
    ");
    assert_eq!(db.read(async |tx| dead::list(tx, 1).await.unwrap()).await.len(), 3, "one of each kind");

    let latest = if let crate::database::Raw::Pg(_) = db.raw { "'infinity'" } else { "9223372036854775807" };
    db.raw.execute(format!("UPDATE schedule SET deadline = {latest}")).await.unwrap();
    assert_eq!(line(&list(db).await[1]), "moment unreadable");
}

async fn what_is_tried_again_is_as_new(db: &Database) {
    let game = all_dead(db).await;
    let before = game.start - seconds(1);
    let mut woken =
        [Hint::Outbox, Hint::Notify, Hint::Deliveries].map(|hint| db.store.hints().subscribe(hint));
    woken.iter_mut().for_each(tokio::sync::watch::Receiver::mark_unchanged);
    assert_eq!(retry_all(db, before).await, [Retried::Again; 4]);
    assert!(woken.iter().all(|hint| hint.has_changed().unwrap()), "nobody waits for the next look");
    assert_eq!(list(db).await, []);

    db.write(async |tx| {
        assert_eq!(outbox::claim(tx, before, LEASE, 9).await.unwrap().len(), 1);
        let moment = schedule::claim(tx, Duty::Notify, (before, LEASE), 9).await.unwrap().remove(0);
        assert_eq!((moment.attempts, moment.crashes, moment.fence), (1, 0, 3), "whoever had it has lost it");
        let rows = deliveries::claim(tx, (before, LEASE), 9).await.unwrap();
        assert_eq!(rows.iter().map(|row| (row.attempts, row.fence)).collect::<Vec<_>>(), [(1, 3), (1, 3)]);
    })
    .await;
    let fates = db.read(async |tx| deliveries::of_game(tx, scope(LANTERN), game.id, 9).await.unwrap()).await;
    assert!(fates.iter().all(|fate| fate.reason.is_none() && fate.settled_at.is_none()), "{fates:#?}");
}

async fn a_message_that_may_be_out_is_still_in_doubt(db: &Database) {
    let game = all_dead(db).await;
    retry_all(db, game.start - seconds(1)).await;
    let states = "SELECT state FROM deliveries ORDER BY id";
    assert_eq!(db.raw.column(states).await, ["pending", "sending"]);
    let rows = db.write(async |tx| deliveries::claim(tx, (game.start, LEASE), 9).await.unwrap()).await;
    assert_eq!(rows.iter().map(|row| row.sending_since).collect::<Vec<_>>(), [None, Some(now())]);
}

async fn what_is_too_late_stays_dead(db: &Database) {
    let game = all_dead(db).await;
    let [again, late] = [Retried::Again, Retried::TooLate];
    let given_up = list(db).await;
    assert_eq!(retry_all(db, game.start).await, [again, late, late, late], "all but the event have an end");
    assert_eq!(list(db).await, given_up[1..]);
    let row = &given_up[0];
    assert_eq!(db.write(async |tx| dead::retry(tx, row, now()).await.unwrap()).await, Retried::NotDead);
}
