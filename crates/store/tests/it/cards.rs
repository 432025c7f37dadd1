//! Announcement cards.

use crate::database::Database;
use crate::sample::{LANTERN, now, scope, seconds};
use domain::{ChannelId, Game, MessageId};
use jiff::{SignedDuration, Timestamp};
use store::{CardRow, cards};
use telemetry::{ServiceName, Telemetry, Verb};

stories! {
    a_card_is_dirty_while_it_shows_an_older_version,
    a_card_that_changes_while_it_is_drawn_is_drawn_again,
    a_card_whose_lease_ran_out_is_its_next_holders,
    a_card_that_is_posted_anew_is_lost_to_whoever_claimed_it,
    a_card_that_is_gone_is_left_alone,
    a_card_remembers_the_trace_of_its_newest_change,
}

const LEASE: SignedDuration = SignedDuration::from_secs(60);

async fn put(db: &Database, game: &Game, version: u64, message: u64) {
    let at = (ChannelId::new(7), MessageId::new(message));
    db.write(async |tx| cards::put(tx, scope(LANTERN), (game.id, version), at, now()).await.unwrap()).await;
}

async fn want(db: &Database, game: &Game, version: u64) {
    db.write(async |tx| cards::want(tx, scope(LANTERN), game.id, version).await.unwrap()).await;
}

async fn claim(db: &Database, at: Timestamp) -> Vec<CardRow> {
    db.write(async |tx| cards::claim(tx, (at, LEASE), 10).await.unwrap()).await
}

async fn find(db: &Database, game: &Game) -> Option<CardRow> {
    db.read(async |tx| cards::find(tx, scope(LANTERN), game.id).await.unwrap()).await
}

async fn next(db: &Database) -> Option<Timestamp> {
    db.read(async |tx| cards::next_due(tx).await.unwrap()).await
}

async fn a_card_is_dirty_while_it_shows_an_older_version(db: &Database) {
    let game = db.with_game().await;
    want(db, &game, 2).await;
    assert_eq!(find(db, &game).await, None, "it is posted with the newest state");
    put(db, &game, 3, 8).await;
    assert_eq!(next(db).await, None);
    assert_eq!(claim(db, now()).await, []);

    want(db, &game, 5).await;
    want(db, &game, 4).await;
    assert_eq!(next(db).await, Some(now()));
    let row = claim(db, now()).await.remove(0);
    assert_eq!((row.game, row.guild), (game.id, LANTERN));
    assert_eq!((row.channel, row.message), (ChannelId::new(7), MessageId::new(8)));
    assert_eq!((row.wanted_version, row.reposts, row.fence), (5, 0, 1));
    assert_eq!(claim(db, now()).await, [], "while the lease lasts");

    let pause = now() + seconds(5);
    assert!(db.write(async |tx| cards::shown(tx, &row, 5, pause).await.unwrap()).await);
    assert_eq!(next(db).await, None);
    want(db, &game, 6).await;
    assert_eq!(next(db).await, Some(pause), "not before its pause is over");
    let row = claim(db, pause).await.remove(0);
    let again = pause + seconds(9);
    assert!(db.write(async |tx| cards::retry(tx, &row, again).await.unwrap()).await);
    assert_eq!(next(db).await, Some(again));
}

async fn a_card_that_changes_while_it_is_drawn_is_drawn_again(db: &Database) {
    let game = db.with_game().await;
    put(db, &game, 1, 8).await;
    want(db, &game, 2).await;
    let row = claim(db, now()).await.remove(0);
    want(db, &game, 3).await;
    assert!(db.write(async |tx| cards::shown(tx, &row, 2, now()).await.unwrap()).await);
    assert_eq!(claim(db, now()).await.remove(0).wanted_version, 3);
}

async fn a_card_whose_lease_ran_out_is_its_next_holders(db: &Database) {
    let game = db.with_game().await;
    put(db, &game, 1, 8).await;
    want(db, &game, 2).await;
    let stale = claim(db, now()).await.remove(0);
    let holder = claim(db, now() + LEASE).await.remove(0);
    let later = now() + LEASE + seconds(5);
    assert!(!db.write(async |tx| cards::shown(tx, &stale, 2, later).await.unwrap()).await);
    assert!(!db.write(async |tx| cards::lost(tx, &stale).await.unwrap()).await);
    assert!(db.write(async |tx| cards::shown(tx, &holder, 2, later).await.unwrap()).await);
    assert_eq!(next(db).await, None);
}

async fn a_card_that_is_posted_anew_is_lost_to_whoever_claimed_it(db: &Database) {
    let game = db.with_game().await;
    put(db, &game, 1, 8).await;
    want(db, &game, 2).await;
    let row = claim(db, now()).await.remove(0);
    put(db, &game, 2, 9).await;
    assert_eq!(find(db, &game).await.unwrap().message, MessageId::new(9));
    let (shown, retried, lost) = db
        .write(async |tx| {
            (
                cards::shown(tx, &row, 1, now()).await.unwrap(),
                cards::retry(tx, &row, now()).await.unwrap(),
                cards::lost(tx, &row).await.unwrap(),
            )
        })
        .await;
    assert!(!shown && !retried && !lost);
    assert_eq!(next(db).await, None);
}

async fn a_card_that_is_gone_is_left_alone(db: &Database) {
    let game = db.with_game().await;
    put(db, &game, 1, 8).await;
    want(db, &game, 2).await;
    let row = claim(db, now()).await.remove(0);
    assert!(db.write(async |tx| cards::lost(tx, &row).await.unwrap()).await);
    assert_eq!(next(db).await, None);
    assert_eq!(find(db, &game).await.unwrap().reposts, 1);
}

async fn a_card_remembers_the_trace_of_its_newest_change(db: &Database) {
    let game = db.with_game().await;
    let (telemetry, _captured) = Telemetry::captured(ServiceName::Bot);
    let verbs = ["games.create", "games.join", "games.leave"].map(|name| telemetry.verb(Verb { name }));
    verbs[0].run(put(db, &game, 1, 8)).await;
    assert_eq!(find(db, &game).await.unwrap().trace, verbs[0].trace_context());
    verbs[1].run(want(db, &game, 3)).await;
    verbs[2].run(want(db, &game, 2)).await;
    assert_eq!(find(db, &game).await.unwrap().trace, verbs[1].trace_context(), "not of what came too late");
}
