use crate::daemon::{Daemon, house, told};
use actions::games;
use domain::Game;
use domain::due::Duty;
use testkit::{House, actor};

/// A game whose start has come and which nobody has started: who joins it now is told at once.
async fn overdue(house: &House) -> Game {
    let game = house.game(|draft| draft.reminders = Some(vec![])).await;
    house.clock.advance(game.start.duration_since(house.clock.now()));
    game
}

async fn reason(house: &House, daemon: &Daemon) -> String {
    let cycle = daemon.spans(house, "notification.cycle", 1).await.remove(0);
    told(&cycle, &["muster.cycle.wake_reason", "muster.cycle.due", "muster.cycle.claimed"])
}

#[tokio::test]
async fn a_hint_wakes_the_loop() {
    let house = house().await;
    let game = overdue(&house).await;
    let daemon = Daemon::start(&house, Duty::Notify).await;
    games::join(&house.ctx, &actor("dana"), game.id).await.unwrap();
    insta::assert_snapshot!(reason(&house, &daemon).await, @"hint 1 1");
    daemon.stop().await;
    house.close().await;
}

#[tokio::test]
async fn without_any_hint_the_poll_finds_it() {
    let house = house().await;
    let game = overdue(&house).await;
    let daemon = Daemon::start(&house, Duty::Notify).await;
    let elsewhere = house.in_another_process().await;
    games::join(&elsewhere, &actor("dana"), game.id).await.unwrap();
    insta::assert_snapshot!(reason(&house, &daemon).await, @"poll 1 1");
    daemon.stop().await;
    elsewhere.store.close().await;
    house.close().await;
}

#[tokio::test]
async fn the_clock_wakes_it_when_something_is_due() {
    let house = house().await;
    let game = house.game(|draft| draft.reminders = Some(vec![60])).await;
    let daemon = Daemon::start(&house, Duty::Notify).await;
    house.clock.advance(game.start.duration_since(house.clock.now()) - jiff::SignedDuration::from_hours(1));
    insta::assert_snapshot!(reason(&house, &daemon).await, @"due 1 1");
    daemon.stop().await;
    house.close().await;
}

#[tokio::test]
async fn it_says_that_it_turns() {
    let house = house().await;
    let notify = Daemon::start(&house, Duty::Notify).await;
    let transition = Daemon::start(&house, Duty::Transition).await;
    assert_eq!(notify.ctx.readiness.report(), [("notification loop", Ok(()))]);
    assert_eq!(transition.ctx.readiness.report(), [("status transition loop", Ok(()))]);
    assert!(notify.captured.spans().is_empty(), "a turn that finds nothing makes no span");
    notify.stop().await;
    transition.stop().await;
    house.close().await;
}
