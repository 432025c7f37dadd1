//! The numbers are right: what a story that is known has done to each counter of ours.

use super::exported::{Exported, Series};
use super::sink::Sink;
use super::wide;
use crate::stage::Stage;

/// Counters, and how often something that took a known number of times was measured.
const COUNTED: [&str; 8] = [
    "muster.games.changes",
    "muster.participants.changes",
    "muster.games.lead_time",
    "muster.games.fill",
    "muster.schedule.lateness",
    "muster.delivery.outcomes",
    "muster.delivery.lateness",
    "muster.interaction.ack.duration",
];

#[tokio::test]
async fn every_counter_says_what_has_happened() {
    let sink = Sink::listen().await;
    let stage = Stage::set(&sink.home()).await;
    wide::play_a_game(&stage).await;
    stage.program.stop().await;
    insta::assert_snapshot!(told(&sink.exported()), @r"
    muster.delivery.lateness {kind=announcement} 1
    muster.delivery.lateness {kind=changed} 2
    muster.delivery.lateness {kind=demoted} 1
    muster.delivery.lateness {kind=joined} 1
    muster.delivery.lateness {kind=promoted} 1
    muster.delivery.lateness {kind=reminder} 3
    muster.delivery.lateness {kind=waitlisted} 1
    muster.delivery.outcomes {kind=announcement,outcome=sent} 1
    muster.delivery.outcomes {kind=changed,outcome=sent} 2
    muster.delivery.outcomes {kind=demoted,outcome=sent} 1
    muster.delivery.outcomes {kind=joined,outcome=sent} 1
    muster.delivery.outcomes {kind=promoted,outcome=sent} 1
    muster.delivery.outcomes {kind=waitlisted,outcome=sent} 1
    muster.games.changes {action=completed,door=daemon} 1
    muster.games.changes {action=created,door=api} 1
    muster.games.changes {action=edited,door=api} 1
    muster.games.changes {action=started,door=daemon} 1
    muster.games.fill {} 1
    muster.games.lead_time {} 1
    muster.interaction.ack.duration {kind=command} 3
    muster.interaction.ack.duration {kind=component} 4
    muster.participants.changes {action=demoted,door=api} 1
    muster.participants.changes {action=joined,door=api} 1
    muster.participants.changes {action=joined,door=button} 3
    muster.participants.changes {action=left,door=api} 1
    muster.participants.changes {action=left,door=button} 1
    muster.participants.changes {action=promoted,door=api} 1
    muster.schedule.lateness {kind=end} 1
    muster.schedule.lateness {kind=join_notice} 2
    muster.schedule.lateness {kind=reminder} 2
    muster.schedule.lateness {kind=start} 1
    ");
}

/// A line for each series: its labels, how often or how much.
fn told(exported: &Exported) -> String {
    // The clock jumps over the second reminder and the start at once: it goes out or comes too late.
    let is_chance = |series: &Series| {
        series.metric == "muster.delivery.outcomes" && series.attributes["kind"] == "\"reminder\""
    };
    let lines = exported.series.iter().filter(|(series, _)| COUNTED.contains(&series.metric.as_str()));
    let lines = lines.filter(|(series, _)| !is_chance(series));
    let lines = lines.filter_map(|(series, point)| {
        let number = point.get("count").unwrap_or(&point["value"]).as_f64().filter(|number| *number > 0.0)?;
        let labels: Vec<_> = series
            .attributes
            .iter()
            .map(|(key, value)| format!("{key}={}", value.trim_matches('"')))
            .collect();
        Some(format!("{} {{{}}} {number}", series.metric, labels.join(",")))
    });
    let mut lines: Vec<_> = lines.collect();
    lines.sort();
    lines.join("\n")
}
