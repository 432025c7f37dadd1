//! What is told of a panic: where it was and in which span, never what it says.

use std::panic::{AssertUnwindSafe, catch_unwind};

use telemetry::{Captured, ServiceName, Telemetry, Verb};

/// It changes with each change of this file.
const LINE: &str = "code.line.number";
const SECRET: &str = "canary-of-a-panic";

/// Panics in a span whose owner is unwound, under the hook.
fn panic_in_a_span(say: fn()) -> (Captured, String) {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
    let before = std::panic::take_hook();
    telemetry::tell_panics();
    tracing::dispatcher::with_default(&telemetry.log_dispatch(), || {
        let outer = telemetry.verb(Verb { name: "games.update" });
        let caught = catch_unwind(AssertUnwindSafe(|| {
            outer.in_scope(|| {
                let verb = telemetry.verb(Verb { name: "games.create" });
                verb.in_scope(say);
            });
        }));
        assert!(caught.is_err());
    });
    std::panic::set_hook(before);
    let told: Vec<String> = captured
        .logs()
        .iter()
        .map(|log| {
            let span = captured.spans().into_iter().find(|span| Some(&span.span_id) == log.span_id.as_ref());
            let attributes: Vec<String> = log
                .attributes
                .iter()
                // There if RUST_BACKTRACE is set.
                .filter(|(key, _)| *key != "exception.stacktrace")
                .map(|(key, value)| if key == LINE { key.clone() } else { format!("{key}={value}") })
                .collect();
            let name = log.name.as_deref().unwrap_or_default();
            let span = span.map_or_else(String::new, |span| span.name);
            format!("{name} in {span}: {}", attributes.join(", "))
        })
        .collect();
    (captured, told.join("\n"))
}

#[test]
fn a_panic_ends_its_span_in_an_error_and_is_told_once_by_its_place() {
    let (captured, told) = panic_in_a_span(|| panic!("{SECRET} {}", std::process::id()));

    insta::assert_snapshot!(told, @"
    process.panicked in games.create: code.file.path=crates/telemetry/tests/it/panics.rs, code.line.number
    games.create.exception in games.create: exception.message=it panicked, exception.type=panic
    ");
    let spans = captured.spans();
    assert_eq!(spans[0].attributes["error.type"], "panic");
    assert_eq!(format!("{:?}", spans[0].status), "Error { description: \"it panicked\" }");
    assert_eq!(format!("{:?}", spans[1].status), "Unset", "who has caught it goes on");
    assert!(!format!("{spans:?} {:?}", captured.logs()).contains(SECRET));
}

#[test]
fn a_text_of_the_sources_is_told() {
    let (_, told) = panic_in_a_span(|| panic!("a lane without cars"));

    assert!(told.contains("exception.message=a lane without cars"), "{told}");
}
