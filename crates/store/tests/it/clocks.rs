//! By whose clock something is due.

use crate::database::Database;
use crate::sample::{ADA, LANTERN, event, id, notice, reminder, scope, seconds};
use domain::due::{DueMoment, Duty};
use domain::{ChannelId, DeliveryId, Event, Game, MessageId};
use jiff::{SignedDuration, Timestamp};
use store::{Store, cards, deliveries, outbox, schedule};
use telemetry::DbSystem;

stories! {
    a_clock_that_is_told_decides_what_is_due,
    processes_whose_clocks_differ_agree_by_the_servers,
}

const LEASE: SignedDuration = SignedDuration::from_secs(15);

/// What the server shows; on a file the clock of the machine is the only one.
async fn servers_clock(db: &Database) -> Timestamp {
    let asked = match db.system() {
        DbSystem::Sqlite => "SELECT CAST(unixepoch() AS text)",
        DbSystem::PostgreSql => "SELECT CAST(CAST(extract(epoch FROM now()) AS bigint) AS text)",
    };
    Timestamp::from_second(db.raw.column(asked).await[0].parse().unwrap()).unwrap()
}

/// One of everything that comes due.
async fn plan(db: &Database, game: &Game, at: Timestamp) {
    let moment = DueMoment { at, ..reminder(game, 1) };
    db.write(async |tx| {
        schedule::add(tx, scope(LANTERN), (id(1), game.id), &moment).await.unwrap();
        let delivery = (DeliveryId::new(id(2)), game.id, &notice(game, ADA));
        deliveries::add(tx, scope(LANTERN), delivery, (at, at)).await.unwrap();
        cards::put(tx, scope(LANTERN), (game.id, 1), (ChannelId::new(1), MessageId::new(2)), at)
            .await
            .unwrap();
        cards::want(tx, scope(LANTERN), game.id, 2).await.unwrap();
        outbox::push(tx, &Event { occurred_at: at, ..event(game, 1) }).await.unwrap();
    })
    .await;
}

/// How much of it a process claims whose clock shows `now`, after it has looked.
async fn claimed(store: &Store, now: Timestamp) -> [usize; 4] {
    let mut tx = store.begin().await.unwrap();
    let due = schedule::due(&mut tx, Duty::Notify, now).await.unwrap();
    let moments = schedule::claim(&mut tx, Duty::Notify, (now, LEASE), 9).await.unwrap().len();
    assert_eq!(due, moments as u64, "what is seen is what can be claimed");
    let sent = deliveries::claim(&mut tx, (now, LEASE), 9).await.unwrap().len();
    let shown = cards::claim(&mut tx, (now, LEASE), 9).await.unwrap().len();
    let told = outbox::claim(&mut tx, now, LEASE, 9).await.unwrap().len();
    tx.commit().await.unwrap();
    [moments, sent, shown, told]
}

async fn a_clock_that_is_told_decides_what_is_due(db: &Database) {
    let game = db.with_game().await;
    let years_ago = "2001-02-03T04:05:06Z".parse().unwrap();
    plan(db, &game, years_ago).await;
    assert_eq!(
        claimed(&db.store, years_ago - seconds(1)).await,
        [0, 0, 0, 1],
        "the server's shows another time"
    );
    assert_eq!(claimed(&db.store, years_ago).await, [1, 1, 1, 0]);
    assert_eq!(claimed(&db.store, years_ago + LEASE - seconds(1)).await, [0; 4]);
}

/// A process whose clock is an hour ahead takes nothing early, and one whose clock is behind nothing late.
async fn processes_whose_clocks_differ_agree_by_the_servers(db: &Database) {
    let game = db.with_game().await;
    let hour = seconds(3600);
    let now = servers_clock(db).await;
    let (ahead, behind) = (now + hour, now - hour);
    let store = db.store.clone().due_by_server();
    if db.system() == DbSystem::Sqlite {
        plan(db, &game, now).await;
        assert_eq!(claimed(&store, behind).await, [0, 0, 0, 1], "a file has no clock of its own");
        return;
    }
    plan(db, &game, now + seconds(600)).await;
    assert_eq!(claimed(&store, ahead).await, [0, 0, 0, 1]);
    let earlier = "UPDATE schedule SET available_at = now(); UPDATE deliveries SET available_at = now(); \
         UPDATE cards SET available_at = now(); UPDATE outbox SET lease_until = NULL";
    db.raw.execute(earlier).await.unwrap();
    assert_eq!(claimed(&store, behind).await, [1, 1, 1, 1]);
    assert_eq!(claimed(&store, ahead).await, [0, 0, 0, 0], "and the leases are by the same clock");
}
