//! How the collector itself does.

use axum::{extract::State, response::Response};
use look::{Column, Tone};
use maud::{Markup, html};

use super::{
    Observatory, Setup,
    format::{self, bytes, count},
    shell::{Sheet, Shell},
};
use crate::counters::{Health, SignalCounts};

const HERE: &str = "/observatory/health";

/// `GET /observatory/health`.
pub(crate) async fn page(State(observatory): State<Observatory>, shell: Shell) -> Response {
    let health = observatory.health(shell.now_ns());
    let body = html! {
        (look::heading(None, "Health", Some(state(&health)), None))
        div .stack-l {
            (signals(&health.signals))
            div .health-cards {
                (look::card("Queue", &queue(&health)))
                (look::card("Store", &store(&health)))
                (look::card("Configuration", &configuration(&observatory.setup)))
                (look::card("Senders of this process", &html! { a href="/observatory/telemetry-config" { "Its telemetry settings" } }))
            }
        }
    };
    shell.answer(Ok(Sheet { title: "Health".into(), tab: HERE, wide: false, body }))
}

fn state(health: &Health) -> Markup {
    html! {
        @if health.turning { (look::badge(Tone::Good, "The pipeline is turning")) span .muted { "What is taken is being stored." } }
        @else { (look::badge(Tone::Bad, "The pipeline is stuck")) span .muted { "What is taken is not being stored: look at the collector's log." } }
    }
}

fn signals(signals: &[SignalCounts; 3]) -> Markup {
    let columns = [
        Column::text("Signal"),
        Column::number("Received"),
        Column::number("Stored"),
        Column::number("Queued"),
        Column::number("Malformed"),
        Column::number("Refused"),
        Column::number("Repeated"),
        Column::number("Failed"),
        Column::number("Expired"),
        Column::number("Unreadable"),
    ];
    let row = |of: &SignalCounts| {
        let signal = format!("{:?} ({})", of.signal, of.signal.items());
        let kept = [of.received, of.stored, of.queued].map(|number| html! { (count(number)) });
        let lost =
            [of.rejected, of.refused, of.duplicate, of.failed].map(|number| noticed(number, number > 0));
        let rest = [noticed(of.expired, false), noticed(of.unreadable_requests, of.unreadable_requests > 0)];
        std::iter::once(html! { (signal) }).chain(kept).chain(lost).chain(rest).collect()
    };
    let rows: Vec<Vec<Markup>> = signals.iter().map(row).collect();
    html! {
        section .card.card-flush.health-signals aria-label="Signals" {
            (look::table("What became of everything since this collector started", &columns, &rows))
            p .small.muted.table-foot {
                "Malformed and refused items were told to their sender. Unreadable counts requests: too large, not OTLP, or of an unknown encoding."
            }
        }
    }
}

/// A number that stands out when it matters.
fn noticed(number: u64, matters: bool) -> Markup {
    html! { span .muted[number == 0] .noticed[matters] { (count(number)) } }
}

fn queue(health: &Health) -> Markup {
    html! {
        div .stack-s {
            (meter("Items", health.queued_items, health.queue_capacity_items, count))
            (meter("Bytes", health.queued_bytes, health.queue_capacity_bytes, bytes))
            p .small.muted { "When it is full, senders are told to come back in a second (429, UNAVAILABLE)." }
        }
    }
}

fn store(health: &Health) -> Markup {
    html! {
        div .stack-s {
            (meter("On disk", health.store_bytes, health.max_store_bytes, bytes))
            p .small.muted {
                (count(health.slices)) @if health.slices == 1 { " time slice. " } @else { " time slices. " }
                "The oldest goes when the store reaches " (bytes(health.max_store_bytes)) " or is "
                (look::duration(std::time::Duration::from_secs(health.max_age_seconds))) " old."
            }
        }
    }
}

fn configuration(setup: &Setup) -> Markup {
    look::facts(&[
        ("OTLP over HTTP", html! { code { "http://" (setup.http) } }),
        ("OTLP over gRPC", html! { code { "http://" (setup.grpc) } }),
        (
            "Senders",
            html! { @if setup.needs_token { "with the bearer token" } @else { "anybody on this machine" } },
        ),
    ])
}

/// So much of so much, drawn and said.
fn meter(label: &str, value: u64, cap: u64, say: fn(u64) -> String) -> Markup {
    let [value_i, cap_i] = [value, cap].map(|number| i64::try_from(number).unwrap_or(i64::MAX));
    let width = format!("{:.2}%", format::ratio(value_i, cap_i).min(1.0) * 100.0);
    html! {
        div .metered {
            span { (label) }
            span .number { (say(value)) " of " (say(cap)) }
            svg .meter role="img" aria-label={ (label) ": " (say(value)) " of " (say(cap)) } height="8" width="100%" {
                rect .meter-track width="100%" height="8" rx="4" {}
                rect .meter-fill width=(width) height="8" rx="4" {}
            }
        }
    }
}
