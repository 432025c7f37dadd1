//! Connections to Discord's gateway.

use crate::database::Database;
use crate::sample::{now, seconds};
use jiff::{SignedDuration, Timestamp};
use store::shards::{self, ShardRow, ShardSession};

stories! {
    each_shard_has_one_holder,
    a_shard_whose_lease_ran_out_is_taken_over_with_its_session,
    a_shard_that_was_given_back_is_free_at_once,
    another_number_of_shards_is_another_set,
    two_shards_do_not_identify_together,
    shards_of_different_limits_identify_together,
    what_was_begun_at_another_discord_is_not_counted,
}

const LEASE: SignedDuration = SignedDuration::from_secs(15);

async fn claim(db: &Database, total: u32, at: Timestamp) -> Option<ShardRow> {
    db.write(async |tx| shards::claim(tx, total, at, LEASE).await.unwrap()).await
}

async fn keep(db: &Database, shard: &ShardRow, at: Timestamp) -> bool {
    db.write(async |tx| shards::keep(tx, shard, at, LEASE).await.unwrap()).await
}

async fn may_identify(db: &Database, shard: &ShardRow, at: Timestamp) -> Result<(), Timestamp> {
    may_identify_among(db, shard, at, 1).await
}

async fn may_identify_among(
    db: &Database,
    shard: &ShardRow,
    at: Timestamp,
    concurrency: u32,
) -> Result<(), Timestamp> {
    db.write(async |tx| shards::may_identify(tx, shard, at, concurrency).await.unwrap()).await
}

fn session(sequence: u64) -> ShardSession {
    ShardSession { id: "s".to_owned(), sequence, resume_url: "wss://gateway.test".to_owned() }
}

async fn each_shard_has_one_holder(db: &Database) {
    let first = claim(db, 2, now()).await.unwrap();
    let second = claim(db, 2, now()).await.unwrap();
    assert_eq!((first.number, second.number), (0, 1));
    assert_eq!(claim(db, 2, now()).await, None, "both are held");
    assert!(keep(db, &first, now() + seconds(10)).await);
    assert_eq!(claim(db, 2, now() + seconds(20)).await.unwrap().number, 1, "only the first was kept");
}

async fn a_shard_whose_lease_ran_out_is_taken_over_with_its_session(db: &Database) {
    let mut lost = claim(db, 1, now()).await.unwrap();
    assert_eq!(lost.session, None);
    lost.session = Some(session(7));
    assert!(keep(db, &lost, now()).await);

    let heir = claim(db, 1, now() + LEASE).await.unwrap();
    assert_eq!((heir.fence, heir.session.clone()), (lost.fence + 1, Some(session(7))));
    lost.session = Some(session(9));
    assert!(!keep(db, &lost, now() + LEASE).await);
    db.write(async |tx| shards::release(tx, &lost).await.unwrap()).await;
    assert_eq!(claim(db, 1, now() + LEASE).await, None, "who lost it can't give it away");
}

async fn a_shard_that_was_given_back_is_free_at_once(db: &Database) {
    let mut held = claim(db, 1, now()).await.unwrap();
    held.session = Some(session(3));
    db.write(async |tx| shards::release(tx, &held).await.unwrap()).await;
    assert_eq!(claim(db, 1, now()).await.unwrap().session, Some(session(3)));
}

async fn another_number_of_shards_is_another_set(db: &Database) {
    claim(db, 1, now()).await.unwrap();
    let of_two = claim(db, 2, now()).await.unwrap();
    assert_eq!((of_two.number, of_two.total), (0, 2));
}

async fn two_shards_do_not_identify_together(db: &Database) {
    let first = claim(db, 2, now()).await.unwrap();
    let second = claim(db, 2, now()).await.unwrap();
    assert_eq!(may_identify(db, &first, now()).await, Ok(()));
    assert_eq!(may_identify(db, &second, now() + seconds(2)).await, Err(now() + seconds(5)));
    assert_eq!(may_identify(db, &second, now() + seconds(5)).await, Ok(()));
}

async fn shards_of_different_limits_identify_together(db: &Database) {
    let mut shards = Vec::new();
    for _ in 0..3 {
        shards.push(claim(db, 3, now()).await.unwrap());
    }
    assert_eq!(may_identify_among(db, &shards[0], now(), 2).await, Ok(()));
    assert_eq!(may_identify_among(db, &shards[1], now(), 2).await, Ok(()));
    assert_eq!(may_identify_among(db, &shards[2], now(), 2).await, Err(now() + seconds(5)));
}

async fn what_was_begun_at_another_discord_is_not_counted(db: &Database) {
    let mut shards = Vec::new();
    for number in 0..2 {
        let mut shard = claim(db, 2, now()).await.unwrap();
        assert_eq!(may_identify(db, &shard, now() + seconds(5 * number)).await, Ok(()));
        shard.session = Some(session(7));
        assert!(keep(db, &shard, now()).await);
        shards.push(shard);
    }
    let foreign = ShardSession { resume_url: "ws://127.0.0.1:9/gateway".to_owned(), ..session(1) };
    db.write(async |tx| shards::forget(tx, 2, &foreign).await.unwrap()).await;
    assert_eq!(
        may_identify(db, &shards[0], now() + seconds(6)).await,
        Err(now() + seconds(10)),
        "it left none"
    );
    db.write(async |tx| shards::forget(tx, 2, &session(7)).await.unwrap()).await;
    assert_eq!(may_identify(db, &shards[0], now() + seconds(6)).await, Ok(()));
    let heir = claim(db, 2, now() + LEASE).await.unwrap();
    assert_eq!(heir.session, None);
    assert_eq!(may_identify(db, &shards[1], now() + seconds(7)).await, Err(now() + seconds(11)));
}
