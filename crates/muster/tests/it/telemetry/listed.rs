//! The registry against all that a whole story emits.

use super::wide::{self, Told};
use super::{budget, kinds};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use telemetry::registry::compare;

/// Something that the story can't bring about, and the test that shows it.
struct Elsewhere {
    why: &'static str,
    /// The file, from the root of the repository.
    file: &'static str,
    test: &'static str,
    /// The lines of the comparison.
    lines: &'static [&'static str],
}

/// What is here is not emitted in the story, and nothing else is missing there.
const ELSEWHERE: &[Elsewhere] = &[
    Elsewhere {
        why: "it needs a Redis; the cache in this process makes no spans unless it is asked to",
        file: "crates/cache/tests/it/spans.rs",
        test: "each_call_of_redis_is_a_client_span_without_the_key",
        lines: &["span cache", "span cache.memory", "attribute muster.cache.hit"],
    },
    Elsewhere {
        why: "it needs a Redis that goes away",
        file: "crates/cache/tests/it/faults.rs",
        test: "a_stalled_server_slows_one_request_and_not_each",
        lines: &["event cache.away", "event cache.back"],
    },
    Elsewhere {
        why: "Discord asks for a heartbeat every 41 seconds; sometimes one comes in time",
        file: "crates/telemetry/tests/it/registry/emitted.rs",
        test: "what_this_crate_emits_is_what_the_registry_lists",
        lines: &[SOMETIMES[0]],
    },
    Elsewhere {
        why: "the operator has to change settings meanwhile",
        file: "crates/muster/tests/it/settings.rs",
        test: "a_hangup_takes_over_the_sampler_and_the_level",
        lines: &["attribute changed", "attribute waiting", "event settings.reloaded"],
    },
    Elsewhere {
        why: "the operator has to make a mistake meanwhile",
        file: "crates/muster/tests/it/settings.rs",
        test: "what_is_wrong_is_one_line_and_changes_nothing",
        lines: &["event settings.refused"],
    },
    Elsewhere {
        why: "it is said of a receiver that stays away to the end",
        file: "crates/muster/tests/it/telemetry/absent.rs",
        test: "nobody_has_ever_listened",
        lines: &["event telemetry.flush_failed"],
    },
    Elsewhere {
        why: "it needs a RabbitMQ that goes away",
        file: "crates/bus/tests/it/faults.rs",
        test: "an_outage_is_one_line_when_it_begins_and_one_when_it_ends",
        lines: &["event bus.away", "event bus.back", "event bus.connected"],
    },
    Elsewhere {
        why: "it needs a RabbitMQ that refuses the password",
        file: "crates/muster/tests/it/telemetry/engines.rs",
        test: "passwords_that_redis_and_rabbitmq_refuse_are_not_told",
        lines: &["event bus.refused"],
    },
    Elsewhere {
        why: "nothing of the program panics",
        file: "crates/web/tests/it/telemetry.rs",
        test: "a_handler_that_panics_tells_nothing_of_what_it_held",
        lines: &["event process.panicked"],
    },
    Elsewhere {
        why: "it needs a PostgreSQL that fails and comes back",
        file: "crates/bot/tests/it/outage.rs",
        test: "no_event_dies_of_a_full_disk",
        lines: &["event bot.event_held"],
    },
    Elsewhere {
        why: "it needs a PostgreSQL that goes away and comes back",
        file: "crates/muster/tests/it/processes/readiness.rs",
        test: "each_process_says_which_engine_is_away_and_ends_well_without_it",
        lines: &["event process.database_away", "event process.database_back"],
    },
    Elsewhere {
        why: "it needs a RabbitMQ without memory",
        file: "crates/muster/tests/it/processes/alarm.rs",
        test: "a_broker_without_memory_stops_the_relay_and_nobody_else",
        lines: &["event bus.blocked"],
    },
    Elsewhere {
        why: "it needs a Redis that is too old",
        file: "crates/muster/tests/it/processes/engines.rs",
        test: "a_redis_that_refuses_or_is_old_is_told_in_one_line_and_in_the_readiness",
        lines: &["event process.cache_too_old"],
    },
    Elsewhere {
        why: "it needs a PostgreSQL whose role lacks a privilege",
        file: "crates/muster/tests/it/processes/refused.rs",
        test: "a_role_that_lacks_a_privilege",
        lines: &["event process.unwalled"],
    },
    Elsewhere {
        why: "a daemon has to be stopped while it has much to do",
        file: "crates/scheduler/tests/it/stops.rs",
        test: "what_it_has_not_begun_another_does_at_once",
        lines: &["event scheduler.released"],
    },
];

/// What no test brings about: all that is shown of it is that the sources say it.
const UNSEEN: &[&str] = &[
    "attribute endpoint",
    "attribute items",
    "attribute target_kind",
    "event bot.message_refused",
    "event bot.shard_not_released",
    "event collector.close.exception",
    "event collector.drain.timeout",
    "event collector.forward.exception",
    "event collector.forward.interrupted",
    "event collector.forward.refused",
    "event collector.forward.resumed",
    "event collector.retain.exception",
    "event collector.scrape.down",
    "event collector.scrape.up",
    "event collector.write.exception",
    "event discord.gateway.unreadable",
    "event due.dead",
    "event health.stopped",
    "event internal.stopped",
    "event observatory.read.exception",
    "event practice.journal_not_written",
    "event process.waits_for_database",
    "event scheduler.hint_lost",
    "event store.hints_lost",
    "event store.row_of_a_newer_version",
    "event store.row_unreadable",
];

/// What comes or does not, as it happens.
const SOMETIMES: [&str; 2] = [
    "metric muster.discord.gateway.heartbeat.latency",
    // Who was still talking to it when all began to end may have been cut off before the collector's turn comes.
    "event collector.drain.timeout",
];

#[tokio::test]
async fn the_whole_system_keeps_its_contract() {
    let told = wide::play().await;
    check(&told);
    budget::check(&told.exported);
    kinds::check(&told.exported);
    kinds::errors_come_first(&told.exported);
}

/// Nothing is emitted that is not listed, and everything is that is listed, but for what is shown elsewhere.
fn check(told: &Told) {
    let found = compare(&told.exported.names_with(&told.said));
    let lines = ELSEWHERE.iter().flat_map(|it| it.lines).chain(UNSEEN);
    let elsewhere: BTreeSet<_> = lines.map(|line| (*line).to_owned()).collect();
    let silent: Vec<_> = found.unemitted.difference(&elsewhere).collect();
    let is_sometimes = |line: &&String| SOMETIMES.contains(&line.as_str());
    let stale: Vec<_> = elsewhere.difference(&found.unemitted).filter(|line| !is_sometimes(line)).collect();
    assert!(
        found.unlisted.is_empty() && silent.is_empty() && stale.is_empty(),
        "not listed: {:#?}\nnot emitted: {silent:#?}\nshown elsewhere, and here too: {stale:#?}",
        found.unlisted
    );
}

#[test]
fn what_the_story_leaves_out_is_shown_elsewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    for Elsewhere { why, file, test, lines } in ELSEWHERE {
        let text = fs::read_to_string(root.join(file)).unwrap_or_else(|_| panic!("there is no {file}"));
        let (_, rest) =
            text.split_once(&format!("fn {test}(")).unwrap_or_else(|| panic!("{file} has no {test}"));
        let body = rest.split("\n#[").next().unwrap();
        for event in lines.iter().filter_map(|line| line.strip_prefix("event ")) {
            assert!(body.contains(&format!("\"{event}\"")), "{file}: {test} says nothing of {event}");
        }
        assert!(!why.is_empty(), "{lines:?} need a reason");
    }
}
