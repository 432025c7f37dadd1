//! Rows that can't be read: each is left to a newer version, or dead by itself with the reason; the others go on.

use crate::database::Database;
use crate::sample::{ADA, BRUNO, CHIDI, LANTERN, event, id, notice, now, reminder, scope, seconds};
use domain::due::Duty;
use domain::{DeliveryId, Game, UserId};
use jiff::{SignedDuration, Timestamp};
use store::{deliveries, outbox, schedule};

stories! {
    a_due_moment_of_a_newer_version_is_left_to_it,
    a_delivery_that_cant_be_read_holds_up_no_other,
    an_event_of_a_newer_version_goes_out_as_it_is,
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

async fn claim_due(db: &Database, at: Timestamp) -> Vec<uuid::Uuid> {
    let claim = async |tx: &mut _| schedule::claim(tx, Duty::Notify, (at, LEASE), 100).await.unwrap();
    db.write(claim).await.iter().map(|row| row.id).collect()
}

const SCHEDULE: &str = "SELECT kind || ' ' || state || ' ' || COALESCE(last_error, '-') \
     || CASE WHEN lease_until IS NULL THEN '' ELSE ', claimed' END FROM schedule ORDER BY due_at, id";

/// Two versions run side by side, and this one is the older.
async fn a_due_moment_of_a_newer_version_is_left_to_it(db: &Database) {
    let game = db.with_game().await;
    plan(db, &game).await;
    let which = db.raw.id(id(2));
    db.raw.execute(format!("UPDATE schedule SET kind = 'snooze' WHERE id = {which}")).await.unwrap();
    let planned = db.read(async |tx| schedule::of_game(tx, scope(LANTERN), game.id).await.unwrap()).await;
    assert_eq!(planned.len(), 2, "what can be read, so that the game can still be changed");

    assert_eq!(claim_due(db, game.start).await, [id(1), id(3)]);
    let rows = db.raw.column(SCHEDULE).await;
    assert_eq!(rows, ["reminder pending -, claimed", "snooze pending -", "reminder pending -, claimed"]);
    let soon = game.start + seconds(59);
    assert_eq!(claim_due(db, soon).await, [id(1), id(3)], "whose leases have run out");

    // As if the newer one had come by now.
    db.raw.execute(format!("UPDATE schedule SET kind = 'reminder' WHERE id = {which}")).await.unwrap();
    let claim = async |tx: &mut _| {
        schedule::claim(tx, Duty::Notify, (game.start + seconds(60), LEASE), 100).await.unwrap()
    };
    let rows = db.write(claim).await;
    assert_eq!(rows.iter().map(|row| (row.id, row.attempts)).collect::<Vec<_>>(), [(id(2), 1)]);
}

async fn a_row_with_an_instant_that_no_clock_shows_holds_up_no_other(db: &Database) {
    let game = db.with_game().await;
    plan(db, &game).await;
    let latest = if let crate::database::Raw::Pg(_) = db.raw { "'infinity'" } else { "9223372036854775807" };
    let which = db.raw.id(id(2));
    db.raw.execute(format!("UPDATE schedule SET deadline = {latest} WHERE id = {which}")).await.unwrap();
    assert_eq!(claim_due(db, game.start).await, [id(1), id(3)]);
    assert_eq!(db.raw.column(SCHEDULE).await[1], "reminder dead unreadable");
    assert_eq!(claim_due(db, game.start).await, NOTHING, "and dead it stays");
}

/// Two versions run side by side, and this one is the older; and one row is of no version.
async fn a_delivery_that_cant_be_read_holds_up_no_other(db: &Database) {
    let game = db.with_game().await;
    db.write(async |tx| {
        for (number, user) in (1..).zip([ADA, BRUNO, CHIDI, UserId::new(4)]) {
            let delivery = (DeliveryId::new(id(number)), game.id, &notice(&game, user));
            deliveries::add(tx, scope(LANTERN), delivery, (now(), now())).await.unwrap();
        }
    })
    .await;
    let (newer, broken) = (db.raw.id(id(2)), db.raw.id(id(4)));
    db.raw.execute(format!("UPDATE deliveries SET kind = 'telegram' WHERE id = {newer}")).await.unwrap();
    let latest = if let crate::database::Raw::Pg(_) = db.raw { "'infinity'" } else { "9223372036854775807" };
    db.raw
        .execute(format!("UPDATE deliveries SET sending_since = {latest} WHERE id = {broken}"))
        .await
        .unwrap();
    let claim = async |at| {
        let rows = db.write(async |tx| deliveries::claim(tx, (at, LEASE), 100).await.unwrap()).await;
        rows.iter().map(|row| (row.id.get(), row.attempts)).collect::<Vec<_>>()
    };
    assert_eq!(claim(now()).await, [(id(1), 1), (id(3), 1)]);
    let rows = db
        .raw
        .column(
            "SELECT state || ' ' || COALESCE(reason, '-') || CASE WHEN settled_at IS NULL THEN '' ELSE ', ended' END \
             FROM deliveries ORDER BY id",
        )
        .await;
    assert_eq!(rows, ["pending -", "pending -", "pending -", "dead unreadable, ended"]);
    assert_eq!(claim(now()).await, []);
    let fates = db.read(async |tx| deliveries::of_game(tx, scope(LANTERN), game.id, 9).await.unwrap()).await;
    assert_eq!(fates.len(), 3, "the host still sees all but the newer");
    assert_eq!(db.read(async |tx| deliveries::open(tx).await.unwrap()).await, 3);

    // As if the newer one had come by now.
    db.raw.execute(format!("UPDATE deliveries SET kind = 'reminder' WHERE id = {newer}")).await.unwrap();
    assert_eq!(claim(now() + seconds(60)).await, [(id(1), 2), (id(2), 1), (id(3), 2)]);
}

/// The relay of any service publishes what any other has written, whatever version that was.
async fn an_event_of_a_newer_version_goes_out_as_it_is(db: &Database) {
    let game = db.with_game().await;
    let events = [1, 2, 3].map(|number| event(&game, number));
    db.write(async |tx| {
        for event in &events {
            outbox::push(tx, event).await.unwrap();
        }
    })
    .await;
    let which = db.raw.id(events[1].id.get());
    let newer = r#"UPDATE outbox SET type = 'game.praised', payload = '{"version":2}' WHERE id = "#;
    db.raw.execute(format!("{newer}{which}")).await.unwrap();

    let rows = db.write(async |tx| outbox::claim(tx, now() + seconds(9), LEASE, 100).await.unwrap()).await;
    let told: Vec<_> = rows.iter().map(|row| (row.id, row.event_type.as_str())).collect();
    let [first, second, third] = events.each_ref().map(|event| event.id);
    assert_eq!(told, [(first, "game.created"), (second, "game.praised"), (third, "game.created")]);
    assert_eq!(rows[1].payload, r#"{"version":2}"#);
    let start = domain::EventId::new(uuid::Uuid::nil());
    let caught_up = async |tx: &mut _| outbox::after(tx, ADA, (start, now()), 9).await.unwrap();
    let caught_up = db.read(caught_up).await;
    assert_eq!(caught_up.len(), 2, "an open page gets what can be read");
}
