use crate::daemon::{Daemon, house, told};
use crate::rows::{events, planned, schedule, settled};
use actions::games;
use domain::GameChanges;
use domain::due::{Duty, JOIN_NOTICE_DELAY};
use jiff::SignedDuration;
use testkit::actor;

const INSTANT: SignedDuration = SignedDuration::from_micros(1);

#[tokio::test]
async fn a_reminder_comes_due_at_its_moment_and_not_before() {
    let house = house().await;
    let game = house.game(|draft| draft.reminders = Some(vec![60])).await;
    // A witness: whatever claims it would claim the other too, if that were due.
    let witness = house
        .game(|draft| {
            draft.reminders = Some(vec![60]);
            draft.start -= INSTANT;
        })
        .await;
    let daemon = Daemon::start(&house, Duty::Notify).await;
    house.clock.advance(SignedDuration::from_hours(2) - INSTANT);
    settled(&house, &witness, "reminder").await;
    insta::assert_snapshot!(planned(&house, &game).await, @r"
    reminder pending
    start pending
    ");
    assert_eq!(schedule(&house, &game).await[0].attempts, 0);

    house.clock.advance(INSTANT);
    settled(&house, &game, "reminder").await;
    insta::assert_snapshot!(events(&house, &game).await.join("\n"), @r"
    game.created
    notification.due reminder 2026-06-01T14:00:00Z
    ");
    let spans = daemon.spans(&house, "notification.dispatch", 2).await;
    let keys = ["muster.notification.scheduled_time", "muster.notification.lateness_ms"];
    let lines: Vec<_> = spans.iter().map(|span| told(span, &keys)).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    2026-06-01T13:59:59.999999Z 0
    2026-06-01T14:00:00Z 0
    ");
    daemon.stop().await;
    house.close().await;
}

#[tokio::test]
async fn a_moved_game_reminds_of_its_new_start_and_not_of_the_old_one() {
    let house = house().await;
    let game = house.game(|draft| draft.reminders = Some(vec![60])).await;
    let daemon = Daemon::start(&house, Duty::Notify).await;
    let later =
        GameChanges { start: Some(game.start + SignedDuration::from_hours(1)), ..GameChanges::default() };
    games::edit(&house.ctx, &actor("ada"), game.id, later).await.unwrap();

    house.clock.advance(SignedDuration::from_hours(3));
    house.until("the new reminder", async |house| events(house, &game).await.len() == 3).await;
    insta::assert_snapshot!(events(&house, &game).await.join("\n"), @r"
    game.created
    game.updated
    notification.due reminder 2026-06-01T15:00:00Z
    ");
    insta::assert_snapshot!(planned(&house, &game).await, @r"
    reminder withdrawn
    reminder done
    start withdrawn
    start pending
    ");
    daemon.stop().await;
    house.close().await;
}

#[tokio::test]
async fn a_reminder_past_its_deadline_is_skipped_and_says_so() {
    let house = house().await;
    let game = house.game(|draft| draft.reminders = Some(vec![60])).await;
    house.clock.advance(SignedDuration::from_hours(3));
    let daemon = Daemon::start(&house, Duty::Notify).await;
    let spans = daemon.spans(&house, "notification.dispatch", 1).await;
    insta::assert_snapshot!(told(&spans[0], &["muster.outcome", "muster.notification.lateness_ms"]), @"expired 3600000");
    insta::assert_snapshot!(planned(&house, &game).await, @r"
    reminder skipped (expired)
    start pending
    ");
    assert_eq!(events(&house, &game).await, ["game.created"]);
    daemon.stop().await;
    house.close().await;
}

#[tokio::test]
async fn who_joins_is_told_after_a_minute_and_who_leaves_again_is_not() {
    let house = house().await;
    let game = house.game(|draft| draft.reminders = Some(vec![])).await;
    let daemon = Daemon::start(&house, Duty::Notify).await;
    games::join(&house.ctx, &actor("emre"), game.id).await.unwrap();
    games::leave(&house.ctx, &actor("emre"), game.id).await.unwrap();
    house.clock.advance(INSTANT * 1000);
    games::join(&house.ctx, &actor("dana"), game.id).await.unwrap();

    // Emre's would be due now.
    house.clock.advance(JOIN_NOTICE_DELAY - INSTANT * 1000);
    let before: Vec<_> = schedule(&house, &game).await.into_iter().map(|row| row.state).collect();
    assert_eq!(before, ["withdrawn", "pending", "pending"]);
    house.clock.advance(INSTANT * 1000);
    daemon.spans(&house, "notification.dispatch", 1).await;
    insta::assert_snapshot!(planned(&house, &game).await, @r"
    join_notice withdrawn
    join_notice done
    start pending
    ");
    insta::assert_snapshot!(events(&house, &game).await.join("\n"), @r"
    game.created
    participants.changed
    participants.changed
    participants.changed
    notification.due join_notice 2026-06-01T12:01:00.001Z
    ");
    daemon.stop().await;
    house.close().await;
}
