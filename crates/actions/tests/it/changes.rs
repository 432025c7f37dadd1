//! What follows from editing and cancelling.

use crate::inbox::{notices, take_all, written};
use actions::games::{self, CreateError, CreateGame, IdempotencyKey};
use domain::due::Duty;
use domain::{Game, GameChanges, GameDraft};
use jiff::SignedDuration;
use telemetry::ServiceName;
use testkit::{GUILD, House, actor};

async fn house() -> House {
    let house = House::open(ServiceName::Bot).await;
    house.know_the_guild().await;
    house
}

/// What is pending for either daemon.
async fn backlog(house: &House) -> String {
    let mut lines = Vec::new();
    for duty in [Duty::Notify, Duty::Transition] {
        for kind in actions::due::backlog(&house.ctx, duty).await.unwrap() {
            let oldest = kind.oldest_due.map(|at| at.to_string()).unwrap_or_default();
            lines.push(format!("{} {} from {oldest}", kind.pending, kind.kind));
        }
    }
    lines.join("\n")
}

/// What a counter has come to, by action.
fn counted(house: &House, metric: &str) -> String {
    let points = house.captured.metric(metric).map(|metric| metric.points).unwrap_or_default();
    let mut lines: Vec<_> =
        points.iter().map(|point| format!("{} {}", point.attributes["action"], point.value)).collect();
    lines.sort();
    lines.join(", ")
}

async fn types(house: &House) -> Vec<&'static str> {
    written(house).await.iter().map(|event| event.body.event_type()).collect()
}

/// A game with a seat taken, everybody told but the reminder that is just going out.
async fn being_reminded(house: &House) -> Game {
    let game = house.game(|draft| draft.reminders = Some(vec![60, 15])).await;
    games::join(&house.ctx, &actor("dana"), game.id).await.unwrap();
    house.clock.advance(SignedDuration::from_hours(2));
    for row in actions::due::claim(&house.ctx, Duty::Notify).await.unwrap() {
        actions::due::notify(&house.ctx, &row).await.unwrap();
    }
    take_all(house).await;
    game
}

#[tokio::test]
async fn a_cancelled_game_leaves_nothing_pending_but_its_cancellation() {
    let house = house().await;
    let game = being_reminded(&house).await;
    insta::assert_snapshot!(backlog(&house).await, @r"
    1 reminder from 2026-06-01T14:45:00Z
    1 start from 2026-06-01T15:00:00Z
    ");
    games::cancel(&house.ctx, &actor("ada"), game.id).await.unwrap();
    games::cancel(&house.ctx, &actor("ada"), game.id).await.unwrap();
    take_all(&house).await;
    insta::assert_snapshot!(notices(&house, &game).await, @r"
    announcement channel skipped (cancelled)
    cancelled Dana pending
    joined Dana skipped (cancelled)
    reminder Ada skipped (cancelled)
    reminder Dana skipped (cancelled)
    ");
    assert_eq!(backlog(&house).await, "");
    let cancelled = types(&house).await.into_iter().filter(|name| *name == "game.cancelled");
    assert_eq!(cancelled.count(), 1, "twice is once");
    house.close().await;
}

#[tokio::test]
async fn a_moved_game_moves_its_reminders_and_tells_its_players() {
    let house = house().await;
    let game = being_reminded(&house).await;
    let later =
        GameChanges { start: Some(game.start + SignedDuration::from_hours(24)), ..GameChanges::default() };
    games::edit(&house.ctx, &actor("ada"), game.id, later).await.unwrap();
    take_all(&house).await;
    insta::assert_snapshot!(backlog(&house).await, @r"
    2 reminder from 2026-06-02T14:00:00Z
    1 start from 2026-06-02T15:00:00Z
    ");
    insta::assert_snapshot!(notices(&house, &game).await, @r"
    announcement channel pending
    changed Dana pending
    joined Dana pending
    reminder Ada skipped (moved)
    reminder Dana skipped (moved)
    ");
    house.close().await;
}

#[tokio::test]
async fn fewer_seats_send_the_last_to_the_waitlist_and_more_bring_them_back() {
    let house = house().await;
    let game = house.game(|_| {}).await;
    for name in ["dana", "emre"] {
        games::join(&house.ctx, &actor(name), game.id).await.unwrap();
    }
    for seats in [1, 2] {
        let changes = GameChanges { seats: Some(seats), ..GameChanges::default() };
        games::edit(&house.ctx, &actor("ada"), game.id, changes).await.unwrap();
    }
    take_all(&house).await;
    insta::assert_snapshot!(notices(&house, &game).await, @r"
    announcement channel pending
    demoted Emre pending
    promoted Emre pending
    ");
    insta::assert_snapshot!(counted(&house, "muster.participants.changes"), @"demoted 1, joined 2, promoted 1");
    house.close().await;
}

#[tokio::test]
async fn what_changes_nothing_is_not_counted() {
    let house = house().await;
    let game = house.game(|_| {}).await;
    let dana = actor("dana");
    for _ in 0..2 {
        games::join(&house.ctx, &dana, game.id).await.unwrap();
    }
    for _ in 0..2 {
        games::leave(&house.ctx, &dana, game.id).await.unwrap();
    }
    let same = GameChanges { title: Some(game.title.clone()), ..GameChanges::default() };
    games::edit(&house.ctx, &actor("ada"), game.id, same).await.unwrap();
    for _ in 0..2 {
        games::cancel(&house.ctx, &actor("ada"), game.id).await.unwrap();
    }
    insta::assert_snapshot!(counted(&house, "muster.participants.changes"), @"joined 1, left 1");
    insta::assert_snapshot!(counted(&house, "muster.games.changes"), @"cancelled 1, created 1");
    house.close().await;
}

#[tokio::test]
async fn whoever_moves_up_for_somebody_who_leaves_is_counted() {
    let house = house().await;
    let game = house.game(|draft| draft.seats = Some(1)).await;
    for name in ["dana", "emre"] {
        games::join(&house.ctx, &actor(name), game.id).await.unwrap();
    }
    games::leave(&house.ctx, &actor("dana"), game.id).await.unwrap();
    insta::assert_snapshot!(counted(&house, "muster.participants.changes"), @"joined 2, left 1, promoted 1");
    house.close().await;
}

#[tokio::test]
async fn an_edit_that_changes_nothing_tells_nobody() {
    let house = house().await;
    let game = house.game(|_| {}).await;
    let same = GameChanges { title: Some(game.title.clone()), ..GameChanges::default() };
    let seen = games::edit(&house.ctx, &actor("ada"), game.id, same).await.unwrap();
    assert_eq!(seen.game.version, game.version);
    assert_eq!(types(&house).await, ["game.created"]);
    house.close().await;
}

#[tokio::test]
async fn a_key_makes_one_game_for_one_person() {
    let house = house().await;
    let wish = |title: &str| {
        let start = house.clock.now() + SignedDuration::from_hours(3);
        let draft = GameDraft { title: title.to_owned(), start, ..GameDraft::default() };
        CreateGame {
            guild: GUILD,
            template: None,
            draft,
            idempotency: IdempotencyKey::of("k", title.as_bytes()),
        }
    };
    let first = games::create(&house.ctx, &actor("ada"), wish("Once")).await.unwrap().game;
    let second = games::create(&house.ctx, &actor("ada"), wish("Once")).await.unwrap().game;
    assert_eq!(first.id, second.id);
    let other = games::create(&house.ctx, &actor("ada"), wish("Twice")).await.unwrap_err();
    assert!(matches!(other, CreateError::KeyReused), "{other:?}");
    // The same key of somebody else is another key.
    let chidis = games::create(&house.ctx, &actor("chidi"), wish("Once")).await.unwrap().game;
    assert_ne!(chidis.id, first.id);
    assert_eq!(types(&house).await, ["game.created", "game.created"]);
    house.close().await;
}
