use crate::daemon::{Daemon, house};
use crate::rows::{corrupt, planned, schedule, settled};
use actions::due;
use domain::Game;
use domain::due::Duty;
use jiff::SignedDuration;
use std::fmt::Write as _;
use telemetry::ServiceName;
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
    insta::assert_snapshot!(pauses.trim(), @"1 3 9 27 81 243 300");
    insta::assert_snapshot!(planned(&house, &game).await, @r"
    reminder dead (decode)
    start pending
    ");
    assert_eq!(schedule(&house, &game).await[0].attempts, 8);
    daemon.stop().await;
    house.close().await;
}

/// A daemon that claims what is due and dies of the first row; its lease runs out.
async fn dies(house: &House) {
    let (ctx, _) = house.beside(ServiceName::NotificationDaemon);
    let rows = due::claim(&ctx, Duty::Notify).await.unwrap();
    assert!(due::begin(&ctx, &rows[0]).await.unwrap(), "nobody knows yet that it is deadly");
    house.clock.advance(SignedDuration::from_secs(16));
}

#[tokio::test]
async fn what_kills_three_daemons_is_dead_and_takes_nobody_with_it() {
    let house = house().await;
    let deadly = house.game(|draft| draft.reminders = Some(vec![61])).await;
    let behind = house.game(|draft| draft.reminders = Some(vec![60])).await;
    house.clock.advance(SignedDuration::from_mins(120));
    for _ in 0..3 {
        dies(&house).await;
    }
    let daemon = Daemon::start(&house, Duty::Notify).await;
    let _logs = tracing::dispatcher::set_default(&daemon.ctx.telemetry.log_dispatch());
    settled(&house, &behind, "reminder").await;
    settled(&house, &deadly, "reminder").await;
    insta::assert_snapshot!(planned(&house, &deadly).await, @r"
    reminder dead (lease_expired)
    start pending
    ");
    insta::assert_snapshot!(planned(&house, &behind).await, @r"
    reminder done
    start pending
    ");
    daemon.stop().await;
    house.close().await;
}

#[tokio::test]
async fn a_daemon_that_is_cut_off_in_the_middle_leaves_the_row_to_the_next() {
    let house = house().await;
    let game = house.game(|draft| draft.reminders = Some(vec![60])).await;
    house.clock.advance(SignedDuration::from_mins(120));
    for _ in 0..2 {
        dies(&house).await;
    }
    let daemon = Daemon::start(&house, Duty::Notify).await;
    settled(&house, &game, "reminder").await;
    insta::assert_snapshot!(planned(&house, &game).await, @r"
    reminder done
    start pending
    ");
    daemon.stop().await;
    house.close().await;
}
