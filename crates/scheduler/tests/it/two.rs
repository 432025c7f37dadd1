use crate::daemon::{Daemon, house};
use crate::rows::{events, planned, schedule};
use actions::due::{self, Outcome};
use actions::games;
use domain::Game;
use domain::due::{Duty, JOIN_NOTICE_DELAY};
use jiff::SignedDuration;
use telemetry::ServiceName;
use testkit::actor;

/// Longer than any claim is safe.
const LEASE_OVER: SignedDuration = SignedDuration::from_secs(16);
const PEOPLE: [&str; 7] = ["bruno", "chidi", "dana", "emre", "freya", "goro", "hana"];

#[tokio::test]
async fn whoever_slept_over_a_lease_can_settle_nothing() {
    let house = house().await;
    let game = house.game(|draft| draft.reminders = Some(vec![60])).await;
    let (slow, _) = house.beside(ServiceName::NotificationDaemon);
    let (other, _) = house.beside(ServiceName::NotificationDaemon);
    house.clock.advance(SignedDuration::from_hours(2));

    let first = due::claim(&slow, Duty::Notify).await.unwrap().remove(0);
    assert!(due::claim(&other, Duty::Notify).await.unwrap().is_empty(), "it is claimed");
    house.clock.advance(LEASE_OVER);
    let second = due::claim(&other, Duty::Notify).await.unwrap().remove(0);
    assert_eq!((second.id, second.fence, second.attempts), (first.id, first.fence + 1, 2));

    assert_eq!(due::notify(&other, &second).await.unwrap().outcome, Outcome::Done);
    assert_eq!(due::notify(&slow, &first).await.unwrap().outcome, Outcome::Lost);
    due::fail(&slow, &first, "timeout").await.unwrap();
    insta::assert_snapshot!(planned(&house, &game).await, @r"
    reminder done
    start pending
    ");
    insta::assert_snapshot!(events(&house, &game).await.join("\n"), @r"
    game.created
    notification.due reminder 2026-06-01T14:00:00Z
    ");
    house.close().await;
}

#[tokio::test]
async fn two_daemons_on_one_store_do_each_row_once() {
    let house = house().await;
    let mut made: Vec<Game> = Vec::new();
    for _ in 0..4 {
        let game = house.game(|draft| draft.reminders = Some(vec![])).await;
        for name in PEOPLE {
            games::join(&house.ctx, &actor(name), game.id).await.unwrap();
        }
        made.push(game);
    }
    let daemons = [Daemon::start(&house, Duty::Notify).await, Daemon::start(&house, Duty::Notify).await];
    house.clock.advance(JOIN_NOTICE_DELAY);
    for game in &made {
        house
            .until("every notice", async |house| {
                let rows = schedule(house, game).await;
                rows.iter().filter(|row| row.state == "done").count() == PEOPLE.len()
            })
            .await;
        let told = events(&house, game).await.into_iter().filter(|line| line.starts_with("notification.due"));
        assert_eq!(told.count(), PEOPLE.len());
        let rows = schedule(&house, game).await;
        assert!(rows.iter().filter(|row| row.kind == "join_notice").all(|row| row.attempts == 1), "{rows:?}");
    }
    for daemon in daemons {
        daemon.stop().await;
    }
    house.close().await;
}
