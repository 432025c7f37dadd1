//! Games.

use crate::database::Database;
use crate::sample::{LANTERN, ORCHARD, channel_of, game, scope, settle};
use domain::{Game, GameId, RoleId, SignupMethod, Status, Terms, UserId};
use jiff::Timestamp;
use store::games;

stories! {
    a_game_comes_back_as_it_was_saved,
    moments_are_kept_to_the_microsecond,
    the_guild_of_a_game_is_known_to_whoever_asks,
}

/// Nothing of it is what a game has by default, and much of it is at the edge of what a column holds.
fn odd_game() -> Game {
    let at = |text: &str| text.parse().unwrap();
    Game {
        title: "Ärger in \"Łódź\" 🎲 100%".to_owned(),
        description: "first\nsecond's 'line'; DROP TABLE games --".to_owned(),
        host: UserId::new(9_223_372_036_854_775_807),
        zone: "America/Argentina/Buenos_Aires".to_owned(),
        status: Status::Completed,
        post_at: Some(at("2026-03-29T01:59:59.999999Z")),
        completed_at: Some(at("1969-12-31T23:59:59.000001Z")),
        version: 9_223_372_036_854_775_807,
        terms: Terms {
            channel: channel_of(LANTERN),
            ping_roles: vec![RoleId::new(u64::MAX)],
            player_roles: vec![RoleId::new(1), RoleId::new(2)],
            host_roles: vec![],
            priority_roles: vec![RoleId::new(3)],
            archive_after_minutes: Some(u32::MAX),
            seats: u32::MAX,
            minutes: 1,
            reminders: vec![0, 1440],
            place: "\u{202e}table\u{202c}".to_owned(),
            instructions: "bring dice".to_owned(),
            signup: SignupMethod::HostPicksWithWaitlist,
        },
        ..game(LANTERN, 1)
    }
}

async fn a_game_comes_back_as_it_was_saved(db: &Database) {
    let plain = game(LANTERN, 1);
    db.write(async |tx| {
        settle(tx, LANTERN).await;
        games::insert(tx, &plain).await.unwrap();
    })
    .await;
    let found = db.read(async |tx| games::find(tx, scope(LANTERN), plain.id).await.unwrap()).await;
    assert_eq!(found, Some(plain));

    let odd = odd_game();
    let locked = db
        .write(async |tx| {
            games::save(tx, scope(LANTERN), &odd).await.unwrap();
            games::lock(tx, scope(LANTERN), odd.id).await.unwrap()
        })
        .await;
    // A host is for life.
    let expected = Game { host: game(LANTERN, 1).host, ..odd };
    assert_eq!(locked, Some(expected.clone()));

    let second = Game { id: game(LANTERN, 2).id, ..odd_game() };
    db.write(async |tx| games::insert(tx, &second).await.unwrap()).await;
    let found = db.read(async |tx| games::find(tx, scope(LANTERN), second.id).await.unwrap()).await;
    assert_eq!(found, Some(second));

    let nobody = GameId::new(uuid::Uuid::nil());
    let missing = db.read(async |tx| games::find(tx, scope(LANTERN), nobody).await.unwrap()).await;
    assert_eq!(missing, None);
}

async fn moments_are_kept_to_the_microsecond(db: &Database) {
    let moments = [
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999999Z",
        "1970-01-01T00:00:00Z",
        "1999-12-31T23:59:59.999999Z",
        "2000-01-01T00:00:00.000001Z",
        "2026-11-22T20:00:00.123456Z",
        "9999-12-30T21:59:59.999999Z",
    ];
    let starts = moments.map(|moment| moment.parse::<Timestamp>().unwrap());
    let games = starts.map(|start| Game { start, ..game(LANTERN, 1) });
    db.write(async |tx| {
        settle(tx, LANTERN).await;
        games::insert(tx, &games[0]).await.unwrap();
    })
    .await;
    for game in games {
        let found = db
            .write(async |tx| {
                games::save(tx, scope(LANTERN), &game).await.unwrap();
                games::find(tx, scope(LANTERN), game.id).await.unwrap().unwrap()
            })
            .await;
        assert_eq!(found.start, game.start);
    }
}

async fn the_guild_of_a_game_is_known_to_whoever_asks(db: &Database) {
    db.with_games(LANTERN, [1]).await;
    let [theirs] = &db.with_games(ORCHARD, [1]).await[..] else { panic!("one game") };
    let guild = db.read(async |tx| games::guild_of(tx, theirs.id).await.unwrap()).await;
    assert_eq!(guild, Some(ORCHARD));
    let nobody = GameId::new(uuid::Uuid::nil());
    assert_eq!(db.read(async |tx| games::guild_of(tx, nobody).await.unwrap()).await, None);
}
