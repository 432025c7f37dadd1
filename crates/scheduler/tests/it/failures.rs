use crate::daemon::{Daemon, house};
use crate::rows::{corrupt, planned, schedule, settled};
use domain::Game;
use domain::due::Duty;
use jiff::SignedDuration;
use std::fmt::Write as _;
use testkit::House;

/// The row of a game's reminder, once it was tried so often and is not being tried any more.
async fn tried(house: &House, game: &Game, attempts: i64) -> crate::rows::Row {
    house
        .until("it was tried", async |house| {
            let rows = schedule(house, game).await;
            rows[0].attempts == attempts && rows[0].lease_until.is_none()
        })
        .await;
    schedule(house, game).await.remove(0)
}

#[tokio::test]
async fn a_row_that_fails_is_put_off_and_holds_up_nobody() {
    let house = house().await;
    let broken = house.game(|draft| draft.reminders = Some(vec![60])).await;
    let sound = house.game(|draft| draft.reminders = Some(vec![60])).await;
    corrupt(&house, &broken).await;
    let daemon = Daemon::start(&house, Duty::Notify).await;
    house.clock.advance(SignedDuration::from_hours(2));
    settled(&house, &sound, "reminder").await;
    tried(&house, &broken, 1).await;
    insta::assert_snapshot!(planned(&house, &broken).await, @r"
    reminder pending (decode)
    start pending
    ");

    let failed = daemon.spans(&house, "notification.dispatch", 2).await;
    let failed: Vec<_> = failed.iter().filter_map(|span| span.attributes.get("error.type")).collect();
    assert_eq!(failed, ["decode"]);
    let logs = daemon.captured.logs();
    let logs: Vec<_> = logs.iter().filter_map(|log| log.name.as_deref()).collect();
    assert!(logs.contains(&"notification.dispatch.exception"), "{logs:?}");
    daemon.stop().await;
    house.close().await;
}

#[tokio::test]
async fn after_eight_attempts_it_is_dead() {
    let house = house().await;
    let game = house.game(|draft| draft.reminders = Some(vec![60])).await;
    corrupt(&house, &game).await;
    let daemon = Daemon::start(&house, Duty::Notify).await;
    house.clock.advance(SignedDuration::from_hours(2));
    let mut pauses = String::new();
    for attempt in 1..8 {
        let row = tried(&house, &game, attempt).await;
        let pause = row.available_at().duration_since(house.clock.now());
        let _ = write!(pauses, "{} ", pause.as_secs());
        house.clock.advance(pause);
    }
    settled(&house, &game, "reminder").await;
    insta::assert_snapshot!(pauses.trim(), @"2 4 8 16 32 64 128");
    insta::assert_snapshot!(planned(&house, &game).await, @r"
    reminder dead
    start pending
    ");
    assert_eq!(schedule(&house, &game).await[0].attempts, 8);
    daemon.stop().await;
    house.close().await;
}
