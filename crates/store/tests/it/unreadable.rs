//! Rows that can't be read: each is dead by itself, with the reason, and the others go on.

use crate::database::Database;
use crate::sample::{ADA, BRUNO, CHIDI, LANTERN, event, id, notice, now, reminder, scope, seconds};
use domain::due::Duty;
use domain::{DeliveryId, Game, UserId};
use jiff::SignedDuration;
use store::{deliveries, outbox, schedule};

stories! {
    a_due_moment_of_an_unknown_kind_holds_up_no_other,
    a_delivery_of_an_unknown_kind_holds_up_no_other,
    an_event_without_an_envelope_holds_up_no_other,
    a_row_with_an_instant_that_no_clock_shows_holds_up_no_other,
}

const NOTHING: [uuid::Uuid; 0] = [];
const LEASE: SignedDuration = SignedDuration::from_secs(15);

async fn plan(db: &Database, game: &Game) {
    db.write(async |tx| {
        for number in 1..=3_u8 {
            let moment = reminder(game, u32::from(number));
            schedule::add(tx, scope(LANTERN), (id(u128::from(number)), game.id), &moment).await.unwrap();
        }
    })
    .await;
}

async fn claim_due(db: &Database, game: &Game) -> Vec<uuid::Uuid> {
    let claim = async |tx: &mut _| schedule::claim(tx, Duty::Notify, (game.start, LEASE), 100).await.unwrap();
    db.write(claim).await.iter().map(|row| row.id).collect()
}

const SCHEDULE: &str = "SELECT kind || ' ' || state || ' ' || COALESCE(last_error, '-') \
     || CASE WHEN lease_until IS NULL THEN '' ELSE ', claimed' END FROM schedule ORDER BY due_at, id";

async fn a_due_moment_of_an_unknown_kind_holds_up_no_other(db: &Database) {
    let game = db.with_game().await;
    plan(db, &game).await;
    db.raw
        .execute(format!("UPDATE schedule SET kind = 'snooze' WHERE id = {}", db.raw.id(id(2))))
        .await
        .unwrap();
    let planned = db.read(async |tx| schedule::of_game(tx, scope(LANTERN), game.id).await.unwrap()).await;
    assert_eq!(planned.len(), 2, "what can be read, so that the game can still be changed");

    assert_eq!(claim_due(db, &game).await, [id(1), id(3)]);
    let rows = db.raw.column(SCHEDULE).await;
    assert_eq!(
        rows,
        ["reminder pending -, claimed", "snooze dead unreadable", "reminder pending -, claimed"]
    );
    assert_eq!(claim_due(db, &game).await, NOTHING, "and dead it stays");
}

async fn a_row_with_an_instant_that_no_clock_shows_holds_up_no_other(db: &Database) {
    let game = db.with_game().await;
    plan(db, &game).await;
    let never = if let crate::database::Raw::Pg(_) = db.raw { "'infinity'" } else { "9223372036854775807" };
    let which = db.raw.id(id(2));
    db.raw.execute(format!("UPDATE schedule SET deadline = {never} WHERE id = {which}")).await.unwrap();
    assert_eq!(claim_due(db, &game).await, [id(1), id(3)]);
    assert_eq!(db.raw.column(SCHEDULE).await[1], "reminder dead unreadable");
}

async fn a_delivery_of_an_unknown_kind_holds_up_no_other(db: &Database) {
    let game = db.with_game().await;
    db.write(async |tx| {
        for (number, user) in (1..).zip([ADA, BRUNO, CHIDI]) {
            let delivery = (DeliveryId::new(id(number)), game.id, &notice(&game, user));
            deliveries::add(tx, scope(LANTERN), delivery, (now(), now())).await.unwrap();
        }
    })
    .await;
    let which = db.raw.id(id(2));
    db.raw.execute(format!("UPDATE deliveries SET kind = 'telegram' WHERE id = {which}")).await.unwrap();
    let claim = async || {
        let rows = db.write(async |tx| deliveries::claim(tx, (now(), LEASE), 100).await.unwrap()).await;
        rows.iter().map(|row| row.id.get()).collect::<Vec<_>>()
    };
    assert_eq!(claim().await, [id(1), id(3)]);
    let rows = db
        .raw
        .column(
            "SELECT state || ' ' || COALESCE(reason, '-') || CASE WHEN settled_at IS NULL THEN '' ELSE ', ended' END \
             FROM deliveries ORDER BY id",
        )
        .await;
    assert_eq!(rows, ["pending -", "dead unreadable, ended", "pending -"]);
    assert_eq!(claim().await, NOTHING);
    let fates = db.read(async |tx| deliveries::of_game(tx, scope(LANTERN), game.id, 9).await.unwrap()).await;
    assert_eq!(fates.len(), 2, "the host still sees the others");
    assert_eq!(db.read(async |tx| deliveries::open(tx).await.unwrap()).await, 2);
}

async fn an_event_without_an_envelope_holds_up_no_other(db: &Database) {
    let game = db.with_game().await;
    let events = [1, 2, 3].map(|number| event(&game, number));
    db.write(async |tx| {
        for event in &events {
            outbox::push(tx, event).await.unwrap();
        }
    })
    .await;
    let which = db.raw.id(events[1].id.get());
    let newer = r#"UPDATE outbox SET payload = '{"version":2}' WHERE id = "#;
    db.raw.execute(format!("{newer}{which}")).await.unwrap();

    let at = now() + seconds(9);
    let claim = async |at| {
        let rows = db.write(async |tx| outbox::claim(tx, at, LEASE, 100).await.unwrap()).await;
        rows.iter().map(|row| row.event.id).collect::<Vec<_>>()
    };
    assert_eq!(claim(at).await, [events[0].id, events[2].id]);
    let dead = "SELECT dead_reason FROM outbox WHERE dead_at IS NOT NULL AND lease_until IS NULL";
    assert_eq!(db.raw.column(dead).await, ["unreadable"]);
    let (waiting, claimable, caught_up) = db
        .read(async |tx| {
            let start = domain::EventId::new(uuid::Uuid::nil());
            let caught_up = outbox::after(tx, UserId::new(1), (start, now()), 9).await.unwrap();
            let claimable = outbox::claimable(tx, at + LEASE + seconds(1)).await.unwrap().pending;
            (outbox::waiting(tx).await.unwrap().pending, claimable, caught_up)
        })
        .await;
    assert_eq!((waiting, claimable), (2, 2), "nobody waits for it");
    assert_eq!(caught_up.len(), 2, "and an open page gets what can be read");
    assert_eq!(claim(at + LEASE + seconds(1)).await.len(), 2);
}
