//! A daemon that is stopped while it has much to do.

use crate::daemon::{Daemon, house};
use crate::rows::{everything, hold_the_pen, settled};
use actions::due;
use domain::Game;
use domain::due::Duty;
use jiff::SignedDuration;
use std::time::{Duration, Instant};
use store::Hint;
use telemetry::ServiceName;
use testkit::House;

/// More than a daemon claims at once.
const GAMES: usize = 120;
/// Whoever asks a process to end gives its services nine seconds.
const STOPS_WITHIN: Duration = Duration::from_secs(8);

/// Games of which each has a reminder that is due.
async fn backlog(house: &House) -> Vec<Game> {
    let mut games = Vec::new();
    for _ in 0..GAMES {
        games.push(house.game(|draft| draft.reminders = Some(vec![60])).await);
    }
    house.clock.advance(SignedDuration::from_hours(2));
    games
}

/// A daemon that has begun with it.
async fn at_work(house: &House) -> Daemon {
    let mut told = house.ctx.store.hints().subscribe(Hint::Outbox);
    told.mark_unchanged();
    let daemon = Daemon::begin(house, Duty::Notify);
    told.changed().await.unwrap();
    daemon
}

#[tokio::test]
async fn what_it_has_not_begun_another_does_at_once() {
    let house = house().await;
    let games = backlog(&house).await;
    let daemon = at_work(&house).await;
    let (readiness, captured) = (daemon.ctx.readiness.clone(), daemon.captured.clone());
    daemon.stop().await;

    let rows = everything(&house, "reminder").await;
    let (done, left): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.state == "done");
    assert!(!done.is_empty() && !left.is_empty(), "{} of {} were done", done.len(), rows.len());
    assert!(left.iter().all(|row| row.state == "pending" && row.lease_until.is_none() && row.attempts == 0));
    let logs = captured.logs();
    assert!(logs.iter().any(|log| log.name.as_deref() == Some("scheduler.released")));
    assert!(readiness.is_ready(), "it has turned to the end");

    // The clock has stood still: no lease has run out.
    let (other, _) = house.beside(ServiceName::NotificationDaemon);
    let claimed = due::claim(&other, Duty::Notify).await.unwrap();
    assert_eq!(claimed.len(), left.len().min(100));
    assert_eq!(due::release(&other, Duty::Notify, &claimed).await.unwrap(), claimed.len() as u64);
    let other = Daemon::start(&house, Duty::Notify).await;
    for game in &games {
        settled(&house, game, "reminder").await;
    }
    other.stop().await;
    house.close().await;
}

#[tokio::test]
async fn what_hangs_holds_up_no_stop() {
    let house = house().await;
    backlog(&house).await;
    let daemon = at_work(&house).await;
    let held = hold_the_pen(&house).await;
    let asked = Instant::now();
    daemon.stop().await;
    assert!(asked.elapsed() < STOPS_WITHIN, "it took {:?}", asked.elapsed());
    let left = everything(&house, "reminder").await.into_iter().filter(|row| row.state == "pending");
    assert!(left.count() > 0, "it could not go on");
    drop(held);
    house.close().await;
}
