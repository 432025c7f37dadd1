use crate::daemon::{Daemon, house};
use crate::rows::settled;
use domain::due::Duty;
use jiff::SignedDuration;
use telemetry::{Captured, CapturedSpan};
use testkit::House;

/// The traces without the statements of the store, which its own tests know.
fn outline(captured: &Captured) -> String {
    let shape = captured.shape();
    shape.lines().filter(|line| !line.contains("db.system.name")).collect::<Vec<_>>().join("\n")
}

fn created(house: &House) -> CapturedSpan {
    house.captured.spans().into_iter().find(|span| span.name == "games.create").unwrap()
}

/// Metrics of this daemon with the values of their attributes.
fn measured(captured: &Captured, prefix: &str) -> String {
    let mut lines = Vec::new();
    for metric in captured.metrics().into_iter().filter(|metric| metric.name.starts_with(prefix)) {
        for point in metric.points {
            let values: Vec<_> =
                point.attributes.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
            lines.push(format!("{} {} {}", metric.name, metric.unit, values.join(" ")));
        }
    }
    lines.sort();
    lines.join("\n")
}

#[tokio::test]
async fn a_notification_is_a_trace_of_its_own_linked_to_what_scheduled_it() {
    let house = house().await;
    let game = house.game(|draft| draft.reminders = Some(vec![60])).await;
    let daemon = Daemon::start(&house, Duty::Notify).await;
    house.clock.advance(SignedDuration::from_hours(2));
    settled(&house, &game, "reminder").await;
    let dispatch = daemon.spans(&house, "notification.dispatch", 1).await.remove(0);
    daemon.spans(&house, "notification.cycle", 1).await;
    insta::assert_snapshot!(outline(&daemon.captured), @r"
    notification.cycle INTERNAL [muster.cycle.claimed, muster.cycle.due, muster.cycle.oldest_lateness_ms, muster.cycle.wake_reason] links=0
    notification.dispatch CONSUMER [discord.guild.id, muster.game.id, muster.notification.id, muster.notification.kind, muster.notification.lateness_ms, muster.notification.scheduled_time, muster.outcome] links=1
      notifications.dispatch INTERNAL [discord.guild.id, muster.action, muster.game.id, muster.outcome] links=0
    ");

    let create = created(&house);
    assert_eq!(dispatch.links, [create.span_id]);
    assert_ne!(dispatch.trace_id, create.trace_id);
    insta::assert_snapshot!(measured(&daemon.captured, "muster.schedule."), @r"
    muster.schedule.lateness s kind=reminder
    muster.schedule.oldest_due.age s kind=join_notice
    muster.schedule.oldest_due.age s kind=reminder
    muster.schedule.pending {row} kind=join_notice
    muster.schedule.pending {row} kind=reminder
    ");
    insta::assert_snapshot!(measured(&daemon.captured, "muster.loop."), @"muster.loop.last_turn.age s loop=notification loop");
    daemon.stop().await;
    house.close().await;
}

#[tokio::test]
async fn a_transition_is_a_trace_of_its_own_linked_to_what_scheduled_it() {
    let house = house().await;
    let game = house.game(|draft| draft.reminders = Some(vec![])).await;
    let daemon = Daemon::start(&house, Duty::Transition).await;
    house.clock.advance(SignedDuration::from_hours(3));
    settled(&house, &game, "start").await;
    let first = daemon.spans(&house, "status_transition.apply", 1).await.remove(0);
    daemon.spans(&house, "status_transition.cycle", 1).await;
    insta::assert_snapshot!(outline(&daemon.captured), @r"
    status_transition.cycle INTERNAL [muster.cycle.claimed, muster.cycle.due, muster.cycle.oldest_lateness_ms, muster.cycle.wake_reason] links=0
    status_transition.apply CONSUMER [discord.guild.id, muster.game.id, muster.outcome, muster.transition.lateness_ms, muster.transition.new_status, muster.transition.old_status, muster.transition.time] links=1
      games.transition INTERNAL [discord.guild.id, muster.action, muster.game.id, muster.outcome] links=0
    ");
    assert_eq!(first.links, [created(&house).span_id]);

    // The end was scheduled by the start.
    daemon.captured.clear();
    house.clock.advance(SignedDuration::from_hours(1));
    let second = daemon.spans(&house, "status_transition.apply", 1).await.remove(0);
    assert_ne!(second.trace_id, first.trace_id);
    assert_eq!(second.links.len(), 1);
    daemon.stop().await;
    house.close().await;
}
