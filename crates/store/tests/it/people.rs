//! People: their names, memberships, sessions, tokens, and what their requests made.

use crate::database::Database;
use crate::sample::{ADA, BRUNO, LANTERN, ORCHARD, member, now, place, scope, seconds};
use domain::{ChannelId, Membership, RoleId, UserId};
use store::idempotency::{self, Answered};
use store::sessions::{self, Session};
use store::users::{self, User};
use store::{members, participants, tokens};

stories! {
    somebody_is_known_by_what_was_last_heard,
    memberships_are_kept_per_guild,
    a_session_is_found_by_its_token_until_it_ends,
    a_token_is_found_until_it_is_revoked,
    a_request_is_answered_once,
}

async fn somebody_is_known_by_what_was_last_heard(db: &Database) {
    let known = async || db.read(async |tx| users::find(tx, ADA).await.unwrap()).await;
    assert_eq!(known().await, None);
    db.write(async |tx| users::set_dm_channel(tx, ADA, ChannelId::new(5), now()).await.unwrap()).await;
    let mut ada = User {
        id: ADA,
        name: String::new(),
        dm_channel: Some(ChannelId::new(5)),
        dms_closed: false,
        memberships_seen_at: None,
    };
    assert_eq!(known().await, Some(ada.clone()));

    db.write(async |tx| {
        users::upsert(tx, ADA, "ada", now()).await.unwrap();
        users::close_dms(tx, ADA, now()).await.unwrap();
        users::memberships_seen(tx, ADA, now()).await.unwrap();
    })
    .await;
    "ada".clone_into(&mut ada.name);
    ada.dms_closed = true;
    ada.memberships_seen_at = Some(now());
    assert_eq!(known().await, Some(ada.clone()));

    db.write(async |tx| users::set_dm_channel(tx, ADA, ChannelId::new(6), now()).await.unwrap()).await;
    ada.dm_channel = Some(ChannelId::new(6));
    ada.dms_closed = false;
    assert_eq!(known().await, Some(ada));
    db.write(async |tx| users::close_dms(tx, BRUNO, now()).await.unwrap()).await;
    assert!(db.read(async |tx| users::find(tx, BRUNO).await.unwrap()).await.unwrap().dms_closed);
}

async fn memberships_are_kept_per_guild(db: &Database) {
    let game = db.with_game().await;
    let elsewhere = Membership { name: "Ada!".to_owned(), roles: Vec::new(), ..member(ORCHARD, ADA) };
    let later = Membership {
        roles: vec![RoleId::new(u64::MAX), RoleId::new(1)],
        seen_at: now() + seconds(9),
        ..elsewhere.clone()
    };
    db.write(async |tx| {
        members::upsert(tx, &elsewhere).await.unwrap();
        members::upsert(tx, &later).await.unwrap();
        // An answer that was on its way for longer than another.
        members::upsert(tx, &elsewhere).await.unwrap();
        participants::insert(tx, scope(LANTERN), game.id, &place(&game, BRUNO, 1)).await.unwrap();
        participants::insert(tx, scope(LANTERN), game.id, &place(&game, UserId::new(77), 2)).await.unwrap();
    })
    .await;
    let of_ada = async || db.read(async |tx| members::of_user(tx, ADA).await.unwrap()).await;
    assert_eq!(of_ada().await, [member(LANTERN, ADA), later.clone()]);
    let found = db.read(async |tx| members::find(tx, ORCHARD, ADA).await.unwrap()).await;
    assert_eq!(found, Some(later));
    let roster = db.read(async |tx| members::on_roster(tx, scope(LANTERN), game.id).await.unwrap()).await;
    assert_eq!(roster, [member(LANTERN, BRUNO)], "of whom something was heard");

    db.write(async |tx| members::delete(tx, ORCHARD, ADA).await.unwrap()).await;
    assert_eq!(of_ada().await, [member(LANTERN, ADA)]);
}

async fn a_session_is_found_by_its_token_until_it_ends(db: &Database) {
    let session = Session {
        user: ADA,
        name: "ada".to_owned(),
        csrf: "form".to_owned(),
        created_at: now(),
        used_at: now(),
    };
    let find = async |token: [u8; 32]| db.read(async |tx| sessions::find(tx, &token).await.unwrap()).await;
    db.write(async |tx| {
        users::upsert(tx, ADA, "ada", now()).await.unwrap();
        for token in [[0; 32], [255; 32]] {
            sessions::insert(tx, &token, &session).await.unwrap();
        }
        sessions::touch(tx, &[255; 32], now() + seconds(60)).await.unwrap();
    })
    .await;
    assert_eq!(find([0; 32]).await, Some(session.clone()));
    assert_eq!(find([255; 32]).await, Some(Session { used_at: now() + seconds(60), ..session }));
    assert_eq!(find([1; 32]).await, None);

    let swept = db.write(async |tx| sessions::sweep(tx, now() + seconds(1)).await.unwrap()).await;
    assert_eq!(swept, 1);
    assert_eq!(find([0; 32]).await, None);
    db.write(async |tx| sessions::delete(tx, &[255; 32]).await.unwrap()).await;
    assert_eq!(find([255; 32]).await, None);
}

async fn a_token_is_found_until_it_is_revoked(db: &Database) {
    let find = async |token: [u8; 32]| db.read(async |tx| tokens::find(tx, &token).await.unwrap()).await;
    db.write(async |tx| {
        users::upsert(tx, ADA, "ada", now()).await.unwrap();
        tokens::insert(tx, &[7; 32], (ADA, "laptop"), now()).await.unwrap();
    })
    .await;
    assert_eq!(find([7; 32]).await, Some((ADA, "ada".to_owned())));
    assert_eq!(find([8; 32]).await, None);
    db.raw.execute("UPDATE api_tokens SET revoked_at = created_at").await.unwrap();
    assert_eq!(find([7; 32]).await, None);
}

async fn a_request_is_answered_once(db: &Database) {
    let game = db.with_game().await;
    let answered = Answered { request_hash: vec![0, 255, 1], game: game.id };
    let find =
        async |user, key: &str| db.read(async |tx| idempotency::find(tx, user, key).await.unwrap()).await;
    db.write(async |tx| idempotency::insert(tx, (ADA, "k"), &answered, now()).await.unwrap()).await;
    assert_eq!(find(ADA, "k").await, Some(answered.clone()));
    assert_eq!(find(BRUNO, "k").await, None, "a key is somebody's");
    assert_eq!(find(ADA, "K").await, None);
    let mut tx = db.store.begin().await.unwrap();
    assert!(idempotency::insert(&mut tx, (ADA, "k"), &answered, now()).await.is_err());
    drop(tx);

    let sweep = async |before| db.write(async |tx| idempotency::sweep(tx, before).await.unwrap()).await;
    assert_eq!(sweep(now()).await, 0);
    assert_eq!(sweep(now() + seconds(1)).await, 1);
    assert_eq!(find(ADA, "k").await, None);
}
