//! The delivery ledger.

use crate::database::Database;
use crate::sample::{ADA, BRUNO, CHIDI, LANTERN, ORCHARD, id, member, notice, now, scope, seconds};
use domain::notice::{Notice, Recipient};
use domain::{ChannelId, DeliveryId, Game, Membership, MessageId, NoticeKind};
use jiff::{SignedDuration, Timestamp};
use store::deliveries::{self, Unsent};
use store::{DeliveryRow, members};
use telemetry::{ServiceName, Telemetry, Verb};

stories! {
    a_notice_is_in_the_ledger_once,
    a_claimed_delivery_says_what_to_send,
    a_message_that_may_be_out_is_known,
    a_delivery_ends_once,
    a_refused_message_starts_anew_and_a_lost_one_does_not,
    closed_dms_send_a_notice_to_the_channel,
    what_was_put_off_for_a_reason_is_woken,
    pending_notices_of_a_kind_are_withdrawn,
    a_deleted_message_is_delivered_again,
    the_fate_of_each_notice_is_told_oldest_first,
}

const LEASE: SignedDuration = SignedDuration::from_secs(60);

async fn ask(db: &Database, game: &Game, notices: &[(u128, Notice)]) {
    db.write(async |tx| {
        for (number, notice) in notices {
            let delivery = (DeliveryId::new(id(*number)), game.id, notice);
            deliveries::add(tx, scope(LANTERN), delivery, (now() - seconds(1), now())).await.unwrap();
        }
    })
    .await;
}

async fn claim(db: &Database, at: Timestamp) -> Vec<DeliveryRow> {
    db.write(async |tx| deliveries::claim(tx, (at, LEASE), 100).await.unwrap()).await
}

async fn with_notice(db: &Database) -> (Game, DeliveryRow) {
    let game = db.with_game().await;
    ask(db, &game, &[(1, notice(&game, ADA))]).await;
    let row = claim(db, now()).await.remove(0);
    (game, row)
}

async fn state(db: &Database) -> Vec<String> {
    db.raw.column("SELECT state || ' ' || COALESCE(reason, '-') FROM deliveries ORDER BY id").await
}

async fn a_notice_is_in_the_ledger_once(db: &Database) {
    let game = db.with_game().await;
    assert_eq!(db.read(async |tx| deliveries::next_due(tx).await.unwrap()).await, None);
    ask(db, &game, &[(1, notice(&game, ADA)), (2, notice(&game, ADA)), (3, notice(&game, BRUNO))]).await;
    assert_eq!(state(db).await, ["pending -", "pending -"]);
    assert_eq!(db.read(async |tx| deliveries::next_due(tx).await.unwrap()).await, Some(now()));
    assert_eq!(db.read(async |tx| deliveries::open(tx).await.unwrap()).await, 2);
}

async fn a_claimed_delivery_says_what_to_send(db: &Database) {
    let game = db.with_game().await;
    let card = Notice {
        kind: NoticeKind::Announcement,
        to: Recipient::Channel(ChannelId::new(u64::MAX)),
        key: "announcement".to_owned(),
        deadline: None,
    };
    let (telemetry, _captured) = Telemetry::captured(ServiceName::Bot);
    let span = telemetry.verb(Verb { name: "events.take" });
    span.run(ask(db, &game, &[(1, notice(&game, ADA)), (2, card)])).await;
    let rows = claim(db, now()).await;
    let expected = DeliveryRow {
        id: DeliveryId::new(id(1)),
        key: notice(&game, ADA).key,
        guild: LANTERN,
        game: game.id,
        kind: NoticeKind::Reminder,
        to: Recipient::User(ADA),
        via: None,
        attempts: 1,
        fence: 1,
        deadline: Some(game.start),
        sending_since: None,
        scheduled_for: now() - seconds(1),
        trace: span.trace_context(),
    };
    assert_eq!(rows[0], expected);
    assert_eq!((rows[1].to, rows[1].deadline), (Recipient::Channel(ChannelId::new(u64::MAX)), None));
    assert_eq!(claim(db, now() + seconds(59)).await, [], "while the lease lasts");
    assert_eq!(claim(db, now() + LEASE).await.len(), 2);
}

async fn a_message_that_may_be_out_is_known(db: &Database) {
    let (_, row) = with_notice(db).await;
    assert!(db.write(async |tx| deliveries::sending(tx, &row, now()).await.unwrap()).await);
    let later = now() + LEASE;
    let second = claim(db, later).await.remove(0);
    assert_eq!((second.sending_since, second.attempts), (Some(now()), 2));
    assert!(
        !db.write(async |tx| deliveries::sending(tx, &row, later).await.unwrap()).await,
        "a stale holder"
    );
    assert!(db.write(async |tx| deliveries::sending(tx, &second, later).await.unwrap()).await);
    let third = claim(db, later + LEASE).await.remove(0);
    assert_eq!(third.sending_since, Some(now()), "since the first try");
}

async fn a_delivery_ends_once(db: &Database) {
    let (_, row) = with_notice(db).await;
    let message = (ChannelId::new(3), MessageId::new(4));
    let sent = async || db.write(async |tx| deliveries::sent(tx, &row, message, now()).await.unwrap()).await;
    assert!(!sent().await, "nothing is sent that was not about to be");
    db.write(async |tx| deliveries::sending(tx, &row, now()).await.unwrap()).await;
    assert!(sent().await);
    assert!(!sent().await);
    let end =
        async |unsent| db.write(async |tx| deliveries::end(tx, &row, unsent, now()).await.unwrap()).await;
    assert!(!end(Unsent::Dead("400")).await);
    let redirected =
        db.write(async |tx| deliveries::redirect(tx, &row, message.0, now()).await.unwrap()).await;
    assert!(!redirected);
    assert_eq!(state(db).await, ["sent -"]);
    assert_eq!(db.read(async |tx| deliveries::open(tx).await.unwrap()).await, 0);
    let out = db
        .raw
        .column("SELECT CAST(sent_channel AS text) || '/' || CAST(sent_message AS text) FROM deliveries");
    assert_eq!(out.await, ["3/4"]);
}

async fn a_refused_message_starts_anew_and_a_lost_one_does_not(db: &Database) {
    let (_, row) = with_notice(db).await;
    db.write(async |tx| deliveries::sending(tx, &row, now()).await.unwrap()).await;
    let again = now() + seconds(1);
    let retry = async |row: &DeliveryRow, unsent| {
        db.write(async |tx| deliveries::retry(tx, row, (again, "io"), unsent).await.unwrap()).await
    };
    assert!(retry(&row, false).await);
    let second = claim(db, again).await.remove(0);
    assert_eq!(second.sending_since, Some(now()), "it may be out");
    assert!(!retry(&row, true).await, "a stale holder");
    assert!(retry(&second, true).await);
    assert_eq!(state(db).await, ["pending io"]);
    assert_eq!(claim(db, again).await.remove(0).sending_since, None, "it was refused");
}

async fn closed_dms_send_a_notice_to_the_channel(db: &Database) {
    let (_, row) = with_notice(db).await;
    db.write(async |tx| deliveries::sending(tx, &row, now()).await.unwrap()).await;
    let channel = ChannelId::new(9);
    let done = db.write(async |tx| deliveries::redirect(tx, &row, channel, now()).await.unwrap()).await;
    assert!(done);
    let second = claim(db, now()).await.remove(0);
    assert_eq!((second.to, second.via, second.sending_since), (row.to, Some(channel), None));
    assert!(!db.write(async |tx| deliveries::redirect(tx, &row, channel, now()).await.unwrap()).await);
}

async fn what_was_put_off_for_a_reason_is_woken(db: &Database) {
    let game = db.with_game().await;
    ask(db, &game, &[(1, notice(&game, ADA)), (2, notice(&game, BRUNO)), (3, notice(&game, CHIDI))]).await;
    let rows = claim(db, now()).await;
    let later = now() + SignedDuration::from_hours(1);
    let put_off = async |row: &DeliveryRow, reason: &str| {
        assert!(db.write(async |tx| deliveries::retry(tx, row, (later, reason), true).await.unwrap()).await);
    };
    put_off(&rows[0], "closed").await;
    put_off(&rows[1], "io").await;
    let wake = async |guild, reason| {
        db.write(async |tx| deliveries::wake(tx, scope(guild), reason, now()).await.unwrap()).await
    };
    assert_eq!(wake(ORCHARD, "closed").await, 0, "another guild's");
    assert_eq!(wake(LANTERN, "closed").await, 1);
    assert_eq!(wake(LANTERN, "closed").await, 0, "it waits no longer");
    let woken: Vec<_> = claim(db, now()).await.into_iter().map(|row| row.id).collect();
    assert_eq!(woken, [rows[0].id]);
    assert_eq!(wake(LANTERN, "closed").await, 0, "it is being tried");
}

async fn pending_notices_of_a_kind_are_withdrawn(db: &Database) {
    let game = db.with_game().await;
    let changed = Notice { kind: NoticeKind::Changed, key: "changed".to_owned(), ..notice(&game, ADA) };
    ask(db, &game, &[(1, notice(&game, ADA)), (2, notice(&game, BRUNO)), (3, changed)]).await;
    let rows = claim(db, now()).await;
    db.write(async |tx| deliveries::sending(tx, &rows[0], now()).await.unwrap()).await;
    let kind = (game.id, NoticeKind::Reminder);
    let ended = db
        .write(async |tx| deliveries::withdraw(tx, scope(LANTERN), kind, ("moved", now())).await.unwrap())
        .await;
    assert_eq!(ended, 1, "what may be out is not withdrawn");
    assert_eq!(state(db).await, ["sending -", "skipped moved", "pending -"]);
    assert!(!db.write(async |tx| deliveries::sending(tx, &rows[1], now()).await.unwrap()).await);
}

async fn a_deleted_message_is_delivered_again(db: &Database) {
    let (game, row) = with_notice(db).await;
    db.write(async |tx| {
        assert!(deliveries::sending(tx, &row, now()).await.unwrap());
        let message = (ChannelId::new(3), MessageId::new(4));
        assert!(deliveries::sent(tx, &row, message, now()).await.unwrap());
    })
    .await;
    let again = now() + seconds(5);
    db.write(async |tx| deliveries::redo(tx, scope(LANTERN), (game.id, &row.key), again).await.unwrap())
        .await;
    assert_eq!(claim(db, now()).await, []);
    let anew = claim(db, again).await.remove(0);
    assert_eq!((anew.attempts, anew.sending_since, &anew.key), (1, None, &row.key));
    assert!(!db.write(async |tx| deliveries::sending(tx, &row, again).await.unwrap()).await);
}

async fn the_fate_of_each_notice_is_told_oldest_first(db: &Database) {
    let (game, row) = with_notice(db).await;
    let later = (DeliveryId::new(id(2)), game.id, &notice(&game, BRUNO));
    db.write(async |tx| {
        deliveries::end(tx, &row, Unsent::Skipped("expired"), now()).await.unwrap();
        deliveries::add(tx, scope(LANTERN), later, (now(), now() + seconds(1))).await.unwrap();
    })
    .await;
    let fates = async |limit| {
        db.read(async |tx| deliveries::of_game(tx, scope(LANTERN), game.id, limit).await.unwrap()).await
    };
    let told = fates(9).await;
    let lines: Vec<_> = told
        .iter()
        .map(|fate| {
            format!("{:?} {} {:?} {} {:?}", fate.to, fate.state, fate.reason, fate.attempts, fate.settled_at)
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    User(UserId(1)) skipped Some("expired") 1 Some(2026-11-22T20:00:00.123456Z)
    User(UserId(2)) pending None 0 None
    "#);
    assert_eq!(told[1].deadline, Some(game.start));
    assert_eq!(fates(1).await, told[..1]);

    let elsewhere = Membership { name: "elsewhere".to_owned(), ..member(ORCHARD, ADA) };
    let names = db
        .write(async |tx| {
            members::upsert(tx, &elsewhere).await.unwrap();
            members::delete(tx, LANTERN, BRUNO).await.unwrap();
            members::told_of(tx, scope(LANTERN), game.id).await.unwrap()
        })
        .await;
    assert_eq!(names, [member(LANTERN, ADA)], "of whom something was heard there");
}
