//! What a commit wakes, and what a transaction that is dropped leaves behind.

use crate::database::Database;
use crate::sample::{ADA, LANTERN, event, id, notice, now, reminder, scope, settle};
use domain::due::{DueKind, DueMoment};
use domain::{ChannelId, DeliveryId, Game, MessageId};
use store::{Hint, Tx, cards, deliveries, outbox, schedule, users};
use tokio::sync::watch;

stories! {
    a_commit_wakes_and_a_rollback_does_not,
    a_dropped_transaction_is_rolled_back,
    what_has_failed_is_not_committed,
    a_reader_sees_one_snapshot,
    a_reader_cannot_write,
}

const HINTS: [Hint; 5] = [Hint::Outbox, Hint::Notify, Hint::Transition, Hint::Deliveries, Hint::Cards];

/// Writes what every loop has to know of.
async fn write_all(tx: &mut Tx, game: &Game) {
    let guild = scope(LANTERN);
    outbox::push(tx, &event(game, 1)).await.unwrap();
    schedule::add(tx, guild, (id(1), game.id), &reminder(game, 1)).await.unwrap();
    let start = DueMoment { at: game.start, kind: DueKind::Start, deadline: None };
    schedule::add(tx, guild, (id(2), game.id), &start).await.unwrap();
    let delivery = (DeliveryId::new(id(3)), game.id, &notice(game, ADA));
    deliveries::add(tx, guild, delivery, (now(), now())).await.unwrap();
    let card = (ChannelId::new(1), MessageId::new(2));
    cards::put(tx, guild, (game.id, 1), card, now()).await.unwrap();
}

fn woken(listeners: &mut [watch::Receiver<u64>]) -> Vec<bool> {
    listeners
        .iter_mut()
        .map(|listener| {
            let woken = listener.has_changed().unwrap();
            listener.mark_unchanged();
            woken
        })
        .collect()
}

async fn a_commit_wakes_and_a_rollback_does_not(db: &Database) {
    let game = db.with_game().await;
    let mut listeners = HINTS.map(|hint| db.store.hints().subscribe(hint));

    let mut tx = db.store.begin().await.unwrap();
    write_all(&mut tx, &game).await;
    assert_eq!(woken(&mut listeners), [false; 5], "nothing is true yet");
    drop(tx);
    assert_eq!(woken(&mut listeners), [false; 5]);

    db.write(async |tx| write_all(tx, &game).await).await;
    assert_eq!(woken(&mut listeners), [true; 5]);
    db.write(async |tx| outbox::redo_untaken(tx, "bot").await.unwrap()).await;
    assert_eq!(woken(&mut listeners), [true, false, false, false, false]);
    db.write(async |tx| cards::want(tx, scope(LANTERN), game.id, 2).await.unwrap()).await;
    assert_eq!(woken(&mut listeners), [false, false, false, false, true]);
    let key = notice(&game, ADA).key;
    db.write(async |tx| deliveries::redo(tx, scope(LANTERN), (game.id, &key), now()).await.unwrap()).await;
    assert_eq!(woken(&mut listeners), [false, false, false, true, false]);
    db.write(async |tx| users::upsert(tx, ADA, "ada", now()).await.unwrap()).await;
    assert_eq!(woken(&mut listeners), [false; 5], "what no loop waits for");

    let bot = db.store.for_service(&telemetry::Telemetry::off(telemetry::ServiceName::Bot));
    let mut tx = bot.begin().await.unwrap();
    outbox::push(&mut tx, &event(&game, 2)).await.unwrap();
    tx.commit().await.unwrap();
    assert!(woken(&mut listeners)[0], "also from another service of this process");
}

async fn a_dropped_transaction_is_rolled_back(db: &Database) {
    let game = db.with_game().await;
    let before = db.dump().await;
    for _ in 0..3 {
        let mut tx = db.store.begin().await.unwrap();
        write_all(&mut tx, &game).await;
        drop(tx);
    }
    // A statement that fails ends its verb, and the verb its transaction.
    let mut tx = db.store.begin().await.unwrap();
    write_all(&mut tx, &game).await;
    assert!(outbox::push(&mut tx, &event(&game, 1)).await.is_err());
    drop(tx);
    assert_eq!(db.dump().await, before);
    db.write(async |tx| write_all(tx, &game).await).await;
    assert_ne!(db.dump().await, before);
}

/// Not even by a verb that goes on after an error, and on neither database.
async fn what_has_failed_is_not_committed(db: &Database) {
    let game = db.with_game().await;
    let before = db.dump().await;
    let mut outbox_hints = db.store.hints().subscribe(Hint::Outbox);
    let mut tx = db.store.begin().await.unwrap();
    outbox::push(&mut tx, &event(&game, 1)).await.unwrap();
    assert!(outbox::push(&mut tx, &event(&game, 1)).await.is_err());
    assert_eq!(tx.commit().await.unwrap_err().error_type(), "aborted");
    assert!(!woken(std::slice::from_mut(&mut outbox_hints))[0]);
    assert_eq!(db.dump().await, before);
}

async fn a_reader_sees_one_snapshot(db: &Database) {
    let game = db.with_game().await;
    let mut reader = db.store.read().await.unwrap();
    assert_eq!(outbox::waiting(&mut reader).await.unwrap().pending, 0);
    db.write(async |tx| outbox::push(tx, &event(&game, 1)).await.unwrap()).await;
    assert_eq!(outbox::waiting(&mut reader).await.unwrap().pending, 0, "as it was when it began");
    drop(reader);
    assert_eq!(db.read(async |tx| outbox::waiting(tx).await.unwrap().pending).await, 1);
}

async fn a_reader_cannot_write(db: &Database) {
    db.write(async |tx| settle(tx, LANTERN).await).await;
    let before = db.dump().await;
    let mut reader = db.store.read().await.unwrap();
    assert!(users::upsert(&mut reader, ADA, "ada", now()).await.is_err());
    drop(reader);
    assert_eq!(db.dump().await, before);
}
