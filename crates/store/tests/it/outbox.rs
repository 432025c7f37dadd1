//! Events on their way, and which of them were taken.

use crate::database::Database;
use crate::sample::{ADA, BRUNO, CHIDI, LANTERN, ORCHARD, event, game, now, seconds};
use domain::{Event, EventId};
use jiff::{SignedDuration, Timestamp};
use store::outbox::{self, ORIGIN_FIRST, OutboxRow, Waiting};
use store::{Store, inbox};
use telemetry::{ServiceName, Telemetry, Verb};

stories! {
    an_event_is_published_by_who_wrote_it_first,
    an_event_that_the_bus_refused_is_given_back,
    a_stale_holder_gives_nothing_back,
    an_event_carries_its_envelope_and_its_trace,
    what_was_published_and_not_taken_is_given_back_at_start,
    a_viewer_catches_up_on_their_guilds,
    an_event_is_taken_once_by_each_consumer,
    what_is_old_is_swept,
}

const LEASE: SignedDuration = SignedDuration::from_secs(15);

async fn push(db: &Database, events: &[Event]) {
    db.write(async |tx| {
        for event in events {
            outbox::push(tx, event).await.unwrap();
        }
    })
    .await;
}

async fn claim_in(store: &Store, at: Timestamp) -> Vec<OutboxRow> {
    let mut tx = store.begin().await.unwrap();
    let rows = outbox::claim(&mut tx, at, LEASE, 100).await.unwrap();
    tx.commit().await.unwrap();
    rows
}

fn ids(rows: &[OutboxRow]) -> Vec<EventId> {
    rows.iter().map(|row| row.id).collect()
}

async fn an_event_is_published_by_who_wrote_it_first(db: &Database) {
    let game = db.with_game().await;
    let events = [event(&game, 1), event(&game, 2)];
    push(db, &[events[1].clone(), events[0].clone()]).await;
    let bot = db.store.for_service(&Telemetry::off(ServiceName::Bot));
    let patience = events[1].occurred_at + ORIGIN_FIRST;
    let claimable = async |store: &Store, at| {
        outbox::claimable(&mut store.read().await.unwrap(), at).await.unwrap().pending
    };
    assert_eq!(claimable(&bot, patience).await, 1, "the first has waited longer");
    assert_eq!(claimable(&db.store, now()).await, 2);
    assert_eq!(ids(&claim_in(&bot, patience).await), [events[0].id]);
    assert_eq!(ids(&claim_in(&db.store, patience).await), [events[1].id]);
    let late = patience + LEASE + seconds(1);
    assert_eq!(
        ids(&claim_in(&bot, late).await),
        [events[0].id, events[1].id],
        "oldest first, whoever wrote them"
    );
}

async fn an_event_that_the_bus_refused_is_given_back(db: &Database) {
    let game = db.with_game().await;
    push(db, &[event(&game, 1), event(&game, 2)]).await;
    let waiting = async || db.read(async |tx| outbox::waiting(tx).await.unwrap()).await;
    assert_eq!(waiting().await, Waiting { pending: 2, oldest: Some(event(&game, 1).occurred_at) });
    let rows = claim_in(&db.store, now()).await;
    let (confirmed, refused) = (&rows[0], &rows[1]);
    let again = now() + seconds(1);
    db.write(async |tx| {
        outbox::published(tx, confirmed.id, now()).await.unwrap();
        assert!(outbox::release(tx, refused, again).await.unwrap());
        assert!(!outbox::release(tx, confirmed, again).await.unwrap(), "what is out is out");
    })
    .await;
    assert_eq!(waiting().await, Waiting { pending: 1, oldest: Some(event(&game, 2).occurred_at) });
    assert_eq!(claim_in(&db.store, again).await, []);
    let second = claim_in(&db.store, again + SignedDuration::from_micros(1)).await;
    assert_eq!((ids(&second), second[0].attempts), (vec![refused.id], 2));
}

async fn a_stale_holder_gives_nothing_back(db: &Database) {
    let game = db.with_game().await;
    push(db, &[event(&game, 1)]).await;
    let stale = claim_in(&db.store, now()).await.remove(0);
    let later = now() + LEASE + seconds(1);
    let holder = claim_in(&db.store, later).await.remove(0);
    db.write(async |tx| assert!(!outbox::release(tx, &stale, now()).await.unwrap())).await;
    assert_eq!(claim_in(&db.store, later).await, [], "the lease of who holds it stands");
    db.write(async |tx| assert!(outbox::release(tx, &holder, now()).await.unwrap())).await;
    assert_eq!(claim_in(&db.store, later).await.len(), 1);
}

async fn an_event_carries_its_envelope_and_its_trace(db: &Database) {
    let game = db.with_game().await;
    let (telemetry, _captured) = Telemetry::captured(ServiceName::Api);
    let span = telemetry.verb(Verb { name: "games.create" });
    span.run(push(db, &[event(&game, 1)])).await;
    let row = claim_in(&db.store, now()).await.remove(0);
    let payload = serde_json::to_string(&event(&game, 1)).unwrap();
    let Event { id, game, occurred_at, .. } = event(&game, 1);
    let (event_type, trace) = ("game.created".to_owned(), span.trace_context());
    let expected = OutboxRow { id, event_type, game, occurred_at, payload, trace, attempts: 1 };
    assert_eq!(row, expected);
}

async fn what_was_published_and_not_taken_is_given_back_at_start(db: &Database) {
    let game = db.with_game().await;
    let events = [event(&game, 1), event(&game, 2), event(&game, 3)];
    push(db, &events).await;
    let back = db
        .write(async |tx| {
            outbox::published(tx, events[0].id, now()).await.unwrap();
            outbox::published(tx, events[1].id, now()).await.unwrap();
            assert!(inbox::take(tx, "bot", events[0].id, now()).await.unwrap());
            assert!(inbox::take(tx, "another", events[1].id, now()).await.unwrap());
            outbox::redo_untaken(tx, "bot").await.unwrap()
        })
        .await;
    assert_eq!(back, 1);
    assert_eq!(ids(&claim_in(&db.store, now()).await), [events[1].id, events[2].id]);
}

async fn a_viewer_catches_up_on_their_guilds(db: &Database) {
    let [ours] = &db.with_games(LANTERN, [1]).await[..] else { panic!("one game") };
    let [theirs] = &db.with_games(ORCHARD, [1]).await[..] else { panic!("one game") };
    let events = [event(ours, 1), event(ours, 2), event(theirs, 3), event(ours, 4)];
    push(db, &events).await;
    db.write(async |tx| store::members::delete(tx, ORCHARD, BRUNO).await.unwrap()).await;
    let after = async |viewer, seen: &Event, since, limit| {
        db.read(async |tx| outbox::after(tx, viewer, (seen.id, since), limit).await.unwrap()).await
    };
    let long_ago = now() - seconds(60);
    let [first, second, theirs, fourth] = events;
    assert_eq!(after(ADA, &first, long_ago, 9).await, [second.clone(), fourth.clone(), theirs]);
    assert_eq!(after(BRUNO, &first, long_ago, 9).await, [second.clone(), fourth.clone()]);
    assert_eq!(after(BRUNO, &first, long_ago, 1).await, std::slice::from_ref(&second));
    assert_eq!(after(BRUNO, &first, second.occurred_at, 9).await, [fourth]);
    assert_eq!(after(CHIDI, &first, long_ago, 9).await, []);
}

async fn an_event_is_taken_once_by_each_consumer(db: &Database) {
    let id = event(&game(LANTERN, 1), 1).id;
    let take =
        async |consumer| db.write(async |tx| inbox::take(tx, consumer, id, now()).await.unwrap()).await;
    assert!(take("bot").await);
    assert!(!take("bot").await);
    assert!(take("another").await);

    let mut tx = db.store.begin().await.unwrap();
    let other = event(&game(LANTERN, 1), 2).id;
    assert!(inbox::take(&mut tx, "bot", other, now()).await.unwrap());
    drop(tx);
    let again = db.write(async |tx| inbox::take(tx, "bot", other, now()).await.unwrap()).await;
    assert!(again, "without its effect it was not taken");
}

async fn what_is_old_is_swept(db: &Database) {
    let game = db.with_game().await;
    push(db, &[event(&game, 1), event(&game, 2), event(&game, 3)]).await;
    db.write(async |tx| {
        outbox::published(tx, event(&game, 1).id, now()).await.unwrap();
        outbox::published(tx, event(&game, 2).id, now() + seconds(9)).await.unwrap();
        inbox::take(tx, "bot", event(&game, 1).id, now()).await.unwrap();
    })
    .await;
    let sweep = async |before| {
        db.write(async |tx| {
            (outbox::sweep(tx, before).await.unwrap(), inbox::sweep(tx, before).await.unwrap())
        })
        .await
    };
    assert_eq!(sweep(now()).await, (0, 0));
    assert_eq!(sweep(now() + seconds(1)).await, (1, 1));
    assert_eq!(sweep(now() + seconds(3600)).await, (1, 0), "what was never published stays");
}
