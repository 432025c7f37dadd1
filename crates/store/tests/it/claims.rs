//! Many workers and one heap of work.

use crate::database::Database;
use crate::sample::{LANTERN, event, game, id, notice, now, scope, seconds, settle};
use domain::due::{DueKind, DueMoment, Duty};
use domain::{ChannelId, DeliveryId, Event, EventId, Game, GameId, MessageId, UserId};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::future::Future;
use store::{Store, cards, claims, deliveries, games, outbox, schedule};
use telemetry::{ServiceName, Telemetry};
use uuid::Uuid;

stories! {
    eight_workers_share_two_thousand_due_moments,
    eight_workers_share_deliveries,
    eight_workers_share_events,
    eight_workers_share_cards,
    a_claim_takes_no_more_than_its_limit,
    what_the_dead_had_claimed_is_free_at_once,
}

const WORKERS: usize = 8;
const LEASE: SignedDuration = SignedDuration::from_secs(15);

/// Lets eight workers claim until each finds nothing; gives what each row was claimed as, in no order.
async fn drain<F>(store: &Store, claim: impl Fn(Store) -> F + Clone + Send + Sync + 'static) -> Vec<Uuid>
where
    F: Future<Output = Vec<Uuid>> + Send,
{
    let workers: Vec<_> = std::iter::repeat_with(|| {
        let (store, claim) = (store.clone(), claim.clone());
        telemetry::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let claimed = claim(store.clone()).await;
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(claimed);
            }
        })
    })
    .take(WORKERS)
    .collect();
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    all
}

/// Every row once.
fn assert_each_once(claimed: &[Uuid], rows: usize) {
    assert_eq!(claimed.len(), rows);
    assert_eq!(claimed.iter().collect::<BTreeSet<_>>().len(), rows);
}

async fn claim_due(store: Store, at: Timestamp) -> Vec<Uuid> {
    let mut tx = store.begin().await.unwrap();
    let rows = schedule::claim(&mut tx, Duty::Notify, (at, LEASE), 50).await.unwrap();
    tx.commit().await.unwrap();
    rows.iter().map(|row| row.id).collect()
}

async fn eight_workers_share_two_thousand_due_moments(db: &Database) {
    const ROWS: u32 = 2000;
    let game = db.with_game().await;
    db.write(async |tx| {
        for number in 0..ROWS {
            let kind = DueKind::Reminder { minutes: number };
            let moment = DueMoment { at: now(), kind, deadline: None };
            let row = (id(u128::from(number)), game.id);
            schedule::add(tx, scope(LANTERN), row, &moment).await.unwrap();
        }
    })
    .await;
    let claimed = drain(&db.store, |store| claim_due(store, now())).await;
    assert_each_once(&claimed, 2000);
    let before_the_end = drain(&db.store, |store| claim_due(store, now() + seconds(14))).await;
    assert_each_once(&before_the_end, 0);
    let expired = drain(&db.store, |store| claim_due(store, now() + LEASE)).await;
    assert_each_once(&expired, 2000);
    let fences =
        db.raw.column("SELECT DISTINCT CAST(fence AS text) || ' ' || CAST(attempts AS text) FROM schedule");
    assert_eq!(fences.await, ["2 2"]);
}

async fn claim_deliveries(store: Store, at: Timestamp) -> Vec<Uuid> {
    let mut tx = store.begin().await.unwrap();
    let rows = deliveries::claim(&mut tx, (at, LEASE), 20).await.unwrap();
    tx.commit().await.unwrap();
    rows.iter().map(|row| row.id.get()).collect()
}

async fn eight_workers_share_deliveries(db: &Database) {
    let game = db.with_game().await;
    db.write(async |tx| {
        for number in 0..400_u64 {
            let row = DeliveryId::new(id(u128::from(number)));
            let delivery = (row, game.id, &notice(&game, UserId::new(number)));
            deliveries::add(tx, scope(LANTERN), delivery, (now(), now())).await.unwrap();
        }
    })
    .await;
    assert_each_once(&drain(&db.store, |store| claim_deliveries(store, now())).await, 400);
    assert_each_once(&drain(&db.store, |store| claim_deliveries(store, now() + seconds(14))).await, 0);
    assert_each_once(&drain(&db.store, |store| claim_deliveries(store, now() + LEASE)).await, 400);
}

async fn claim_events(store: Store, at: Timestamp) -> Vec<Uuid> {
    let mut tx = store.begin().await.unwrap();
    let rows = outbox::claim(&mut tx, at, LEASE, 20).await.unwrap();
    tx.commit().await.unwrap();
    rows.iter().map(|row| row.id.get()).collect()
}

async fn eight_workers_share_events(db: &Database) {
    let game = db.with_game().await;
    db.write(async |tx| {
        for number in 0..400 {
            let event = Event { id: EventId::new(id(number)), occurred_at: now(), ..event(&game, 1) };
            outbox::push(tx, &event).await.unwrap();
        }
    })
    .await;
    let bot = db.store.for_service(&Telemetry::off(ServiceName::Bot));
    assert_each_once(&drain(&bot, |store| claim_events(store, now() + seconds(5))).await, 0);
    assert_each_once(&drain(&db.store, |store| claim_events(store, now())).await, 400);
    assert_each_once(&drain(&db.store, |store| claim_events(store, now() + LEASE)).await, 0);
    assert_each_once(&drain(&bot, |store| claim_events(store, now() + LEASE + seconds(1))).await, 400);
}

async fn claim_cards(store: Store, at: Timestamp) -> Vec<Uuid> {
    let mut tx = store.begin().await.unwrap();
    let rows = cards::claim(&mut tx, (at, LEASE), 10).await.unwrap();
    tx.commit().await.unwrap();
    rows.iter().map(|row| row.game.get()).collect()
}

async fn eight_workers_share_cards(db: &Database) {
    db.write(async |tx| {
        settle(tx, LANTERN).await;
        for number in 0..200 {
            let game = Game { id: GameId::new(id(number)), ..game(LANTERN, 1) };
            games::insert(tx, &game).await.unwrap();
            let card = (ChannelId::new(1), MessageId::new(2));
            cards::put(tx, scope(LANTERN), (game.id, 1), card, now()).await.unwrap();
            cards::want(tx, scope(LANTERN), game.id, 2).await.unwrap();
        }
    })
    .await;
    assert_each_once(&drain(&db.store, |store| claim_cards(store, now())).await, 200);
    assert_each_once(&drain(&db.store, |store| claim_cards(store, now() + seconds(14))).await, 0);
    assert_each_once(&drain(&db.store, |store| claim_cards(store, now() + LEASE)).await, 200);
}

async fn a_claim_takes_no_more_than_its_limit(db: &Database) {
    let game = db.with_game().await;
    db.write(async |tx| {
        for number in 0..50 {
            let kind = DueKind::Reminder { minutes: number };
            let moment = DueMoment { at: now(), kind, deadline: None };
            let row = (id(u128::from(number)), game.id);
            schedule::add(tx, scope(LANTERN), row, &moment).await.unwrap();
        }
    })
    .await;
    let mut tx = db.store.begin().await.unwrap();
    let rows = schedule::claim(&mut tx, Duty::Notify, (now(), LEASE), 5).await.unwrap();
    assert_eq!(rows.len(), 5);
}

async fn what_the_dead_had_claimed_is_free_at_once(db: &Database) {
    let game = db.with_game().await;
    let moment = DueMoment { at: now(), kind: DueKind::Reminder { minutes: 15 }, deadline: None };
    let delivery = |number: u64| {
        let row = DeliveryId::new(id(u128::from(number)));
        (row, game.id, notice(&game, UserId::new(number)))
    };
    let put_off = db
        .write(async |tx| {
            schedule::add(tx, scope(LANTERN), (id(1), game.id), &moment).await.unwrap();
            outbox::push(tx, &event(&game, 1)).await.unwrap();
            cards::put(tx, scope(LANTERN), (game.id, 1), (ChannelId::new(1), MessageId::new(2)), now())
                .await
                .unwrap();
            cards::want(tx, scope(LANTERN), game.id, 2).await.unwrap();
            for number in [11, 12] {
                let (row, of, notice) = delivery(number);
                deliveries::add(tx, scope(LANTERN), (row, of, &notice), (now(), now())).await.unwrap();
            }
            let row = deliveries::claim(tx, (now(), LEASE), 1).await.unwrap().remove(0);
            assert!(deliveries::retry(tx, &row, (now() + LEASE, "io"), false).await.unwrap());
            row.id.get()
        })
        .await;
    let claim_everything = async || {
        [
            claim_due(db.store.clone(), now()).await,
            claim_deliveries(db.store.clone(), now()).await,
            claim_events(db.store.clone(), now()).await,
            claim_cards(db.store.clone(), now()).await,
        ]
    };
    let claimed = claim_everything().await;
    assert_eq!(claimed.each_ref().map(Vec::len), [1; 4]);
    assert!(claim_everything().await.concat().is_empty());
    assert_eq!(db.write(async |tx| claims::free(tx, now()).await.unwrap()).await, 4);
    assert_eq!(claim_everything().await, claimed, "and what was put off waits");
    assert_eq!(claim_deliveries(db.store.clone(), now() + LEASE).await.len(), 2);
    assert!(!claimed.concat().contains(&put_off));
}
